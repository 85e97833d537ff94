package apikeys

import (
	"bytes"
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
	devPepperFile   = "peppers"
	devDatabaseFile = "apikeys.db"
	devPepperID     = "dev"
)

// DevConfig returns a configuration to try the service, on this machine only,
// and a demo. It trusts its own token issuer, so others must never be able to
// reach it.
//
// DevConfig creates dir, a pepper and a signing key, each with mode 0600,
// unless they exist, so that keys and tokens remain valid after a restart.
// Concurrent callers get the same ones.
func DevConfig(dir string) (config.Config, *Demo, error) {
	issuer, err := jwtauth.LoadOrCreateDevIssuer(dir)
	if err != nil {
		return config.Config{}, nil, err
	}
	peppers, err := loadOrCreateDevPeppers(filepath.Join(dir, devPepperFile))
	if err != nil {
		return config.Config{}, nil, fmt.Errorf("development pepper: %w", err)
	}
	token, err := issuer.Token(demoClaims())
	if err != nil {
		return config.Config{}, nil, err
	}
	cfg := config.Default()
	cfg.Addr = "127.0.0.1:8080"
	cfg.DatabaseURL = config.Secret("sqlite://" + filepath.ToSlash(filepath.Join(dir, devDatabaseFile)))
	cfg.Peppers = peppers
	cfg.JWKSFile = issuer.JWKSFile()
	cfg.JWTIssuer = issuer.Issuer()
	cfg.JWTAudience = issuer.Audience()
	cfg.LogFormat = config.LogText
	return cfg, &Demo{token: token}, nil
}

// DevClaims are the claims of a token of [DevToken].
type DevClaims struct {
	Account    string
	Portal     domain.Portal
	Roles      map[domain.WorkspaceID]domain.Role
	ClientHash string // empty: the token is not bound to a device
	TTL        time.Duration
}

// ErrNoDevIssuer means that a directory contains no files of [DevConfig].
var ErrNoDevIssuer = errors.New("no development issuer")

// DevToken returns a token signed by the issuer that [DevConfig] created in
// dir, or an error that wraps [ErrNoDevIssuer] if there is none.
func DevToken(dir string, c DevClaims) (string, error) {
	// The pepper is created last, after the key of the issuer.
	_, err := os.Stat(filepath.Join(dir, devPepperFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w in %s", ErrNoDevIssuer, dir)
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

// loadOrCreateDevPeppers returns the content of the file at path, and creates
// it if it does not exist. Its errors contain only the path of an unusable
// file.
func loadOrCreateDevPeppers(path string) (config.Secret, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createDevPeppers(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return "", err
	}
	if _, err := secrets.ParseRing(string(content)); err != nil {
		return "", fmt.Errorf("%s is damaged; remove it to have one created, which makes all existing keys useless", path)
	}
	return config.Secret(bytes.TrimSpace(content)), nil
}

// createDevPeppers creates the file atomically: it writes it under another name
// and then links it, which unlike a rename replaces nothing.
func createDevPeppers(path string) error {
	entry, err := NewPepper(devPepperID)
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
