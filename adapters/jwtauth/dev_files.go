package jwtauth

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

const signingKeyFile = "signing-key.json"

func loadOrCreateDevIssuer(dir string) (*DevIssuer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, signingKeyFile)
	key, err := loadSigningKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createSigningKey(path); err != nil {
			return nil, err
		}
		key, err = loadSigningKey(path)
	}
	if err != nil {
		return nil, err
	}
	issuer := &DevIssuer{dir: dir, key: func() ed25519.PrivateKey { return key }}
	if issuer.id, err = thumbprint(key); err != nil {
		return nil, err
	}
	document, err := issuer.publicSet()
	if err != nil {
		return nil, err
	}
	return issuer, replaceFile(issuer.JWKSFile(), document, 0o644)
}

// loadSigningKey never says more of a file it cannot use than its path.
func loadSigningKey(path string) (ed25519.PrivateKey, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// The mode may have been lost in a copy.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	var key ed25519.PrivateKey
	parsed, err := jwk.ParseKey(document)
	if err != nil || parsed.Raw(&key) != nil {
		return nil, fmt.Errorf("%s holds no Ed25519 private key; remove it to have one made", path)
	}
	return key, nil
}

// createSigningKey makes a key unless another process was faster.
func createSigningKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	private, err := jwk.FromRaw(key)
	if err != nil {
		return err
	}
	document, err := json.Marshal(private)
	if err != nil {
		return err
	}
	// Unlike a rename, a link does not replace what is already there.
	if err := writeFile(path, document, 0o600, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replaceFile leaves a file alone that holds the content already: a start that
// needs nothing new must not need a disk with room.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
	held, err := os.ReadFile(path)
	if err == nil && bytes.Equal(held, withLineEnd(content)) {
		return nil
	}
	return writeFile(path, content, mode, os.Rename)
}

// writeFile makes the whole content, and a line end, appear under path at once:
// they are written to a file beside it, which publish then gives that name.
func writeFile(path string, content []byte, mode fs.FileMode, publish func(from, to string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // of no effect after a rename
	_, err = file.Write(withLineEnd(content))
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return publish(file.Name(), path)
}

func withLineEnd(content []byte) []byte { return append(slices.Clip(content), '\n') }

func thumbprint(key ed25519.PrivateKey) (string, error) {
	public, err := jwk.FromRaw(key.Public())
	if err != nil {
		return "", err
	}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
