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

// loadSigningKey reads a private key. Its errors contain the path of the file,
// never its content.
func loadSigningKey(path string) (ed25519.PrivateKey, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// A copied file may have another mode.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	var key ed25519.PrivateKey
	parsed, err := jwk.ParseKey(document)
	if err != nil || parsed.Raw(&key) != nil {
		return nil, fmt.Errorf("%s contains no Ed25519 private key; remove it to create a new one", path)
	}
	return key, nil
}

// createSigningKey creates the file unless another process has just done so.
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

// replaceFile does nothing if the file already has the content, so that starting with
// an existing key works on a full disk.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
	held, err := os.ReadFile(path)
	if err == nil && bytes.Equal(held, withLineEnd(content)) {
		return nil
	}
	return writeFile(path, content, mode, os.Rename)
}

// writeFile atomically creates path with the content and a newline: it writes a
// temporary file in the same folder, which publish (os.Rename or os.Link) then
// gives its name.
func writeFile(path string, content []byte, mode fs.FileMode, publish func(from, to string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // fails after a rename, which is fine
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
