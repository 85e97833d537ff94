// Package dev prepares the service for a first look on one machine: it creates
// what "apikeys serve --dev" needs and signs tokens for it.
package dev

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

const (
	pepperFile   = "peppers"
	sealingFile  = "sealing-keys"
	databaseFile = "apikeys.db"
	entryID      = "dev" // of the pepper and of the sealing key
)

// Config returns a configuration for use on this machine only, and a demo to try it
// with. The service trusts an issuer whose key is in dir, so it must never be reachable
// by others.
//
// Config creates what is missing: dir, and in it a pepper, a sealing key and a signing
// key with mode 0600, so that keys, webhooks and tokens outlive a restart. Concurrent
// callers get the same ones.
func Config(dir string) (config.Config, *Demo, error) {
	issuer, err := jwtauth.LoadOrCreateDevIssuer(dir)
	if err != nil {
		return config.Config{}, nil, err
	}
	sealingKeys, err := loadOrCreate(filepath.Join(dir, sealingFile), "the secrets of all existing webhooks")
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("development sealing key: %w", err)
	}
	peppers, err := loadOrCreate(filepath.Join(dir, pepperFile), "all existing keys")
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("development pepper: %w", err)
	}
	token, err := issuer.Token(demoClaims())
	if err != nil {
		return config.Config{}, nil, err
	}
	cfg := config.Default()
	cfg.Addr = "127.0.0.1:8080"
	cfg.DatabaseURL = config.Secret("sqlite://" + filepath.ToSlash(filepath.Join(dir, databaseFile)))
	cfg.Peppers, cfg.SealingKeys = peppers, sealingKeys
	cfg.JWKSFile = issuer.JWKSFile()
	cfg.JWTIssuer = issuer.Issuer()
	cfg.JWTAudience = issuer.Audience()
	cfg.LogFormat = config.LogText
	return cfg, &Demo{token: token}, nil
}

// Claims are the claims of a token; see [Token].
type Claims struct {
	Account    string
	Portal     domain.Portal
	Roles      map[domain.WorkspaceID]domain.Role
	ClientHash string // if empty, the token is not bound to a device
	TTL        time.Duration
}

// ErrNoIssuer is returned for a directory in which [Config] has created nothing.
var ErrNoIssuer = errors.New("no development issuer")

// Token returns a token signed with the key that [Config] created in dir, or an
// error that wraps [ErrNoIssuer] if there is none.
func Token(dir string, c Claims) (string, error) {
	// The pepper is created last, after the key of the issuer.
	_, err := os.Stat(filepath.Join(dir, pepperFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w in %s", ErrNoIssuer, dir)
	}
	if err != nil {
		return "", fmt.Errorf("development issuer: %w", err)
	}
	issuer, err := jwtauth.LoadOrCreateDevIssuer(dir)
	if err != nil {
		return "", err
	}
	workspaces := make(map[string]string, len(c.Roles))
	for workspace, role := range c.Roles {
		workspaces[string(workspace)] = string(role)
	}
	return issuer.Token(jwtauth.DevClaims{
		Account:    c.Account,
		Portal:     string(c.Portal),
		Workspaces: workspaces,
		ClientHash: c.ClientHash,
		TTL:        c.TTL,
	})
}

// loadOrCreate returns the content of the file at path: a ring of peppers or of sealing
// keys, which have the same form. If the file does not exist, it creates it, unless
// another process is faster. If the file cannot be used, the error contains only its
// path and what would be lost.
func loadOrCreate(path, lost string) (config.Secret, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return "", err
	}
	if _, err := secrets.ParseRing(string(content)); err != nil {
		return "", fmt.Errorf("%s is damaged; remove it to have one created, which makes %s useless", path, lost)
	}
	return config.Secret(bytes.TrimSpace(content)), nil
}

// create creates a file with a ring of one entry. The file appears complete: create
// writes it under another name and then links it, which unlike a rename does not replace
// an existing file.
func create(path string) error {
	entry, err := secrets.NewPepper(rand.Reader, entryID)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString(entry)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}
