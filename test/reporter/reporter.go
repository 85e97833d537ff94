// Package reporter signs reports of leaked secrets as GitHub does, for tests, and serves
// the public key.
package reporter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Identifier is the identifier of the key.
const Identifier = "90a421169f0a406205f1563a953312f0be898d3c"

// GitHub is a reporter with one key.
type GitHub struct {
	// URL serves the public key.
	URL string

	key *ecdsa.PrivateKey
}

// New returns a reporter whose server runs until the test ends.
func New(t testing.TB) *GitHub {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(map[string]any{"public_keys": []any{map[string]any{
		"key_identifier": Identifier,
		"key":            string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"is_current":     true,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) }))
	t.Cleanup(server.Close)
	return &GitHub{URL: server.URL, key: key}
}

// Sign returns the signature of body in base64.
func (g *GitHub) Sign(body []byte) string {
	digest := sha256.Sum256(body)
	signature, err := ecdsa.SignASN1(rand.Reader, g.key, digest[:])
	if err != nil {
		panic(err) // the key is valid
	}
	return base64.StdEncoding.EncodeToString(signature)
}
