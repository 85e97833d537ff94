package githubkeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/slaunchx/apikeys/adapters/internal/fetch"
)

const (
	maxDocument = 256 << 10 // bytes
	maxKeys     = 100
)

// source reads the public keys.
type source struct{ document fetch.Source }

func newSource(o Options) source {
	return source{fetch.New(o.URL, "application/json", maxDocument, o.Client)}
}

// read returns the keys by their identifiers.
func (s source) read(ctx context.Context) (map[string]*ecdsa.PublicKey, error) {
	document, err := s.document.Read(ctx)
	if err != nil {
		return nil, err
	}
	return parse(document)
}

// parse returns the keys of a document in GitHub's format. It skips all keys other than
// ECDSA keys on P-256.
func parse(document []byte) (map[string]*ecdsa.PublicKey, error) {
	var d struct {
		Keys []struct {
			Identifier string `json:"key_identifier"`
			PEM        string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, errors.New("the document is not that of public keys")
	}
	if len(d.Keys) > maxKeys {
		return nil, fmt.Errorf("the document has more than %d keys", maxKeys)
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range d.Keys {
		block, _ := pem.Decode([]byte(k.PEM))
		if block == nil || k.Identifier == "" {
			continue
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			continue
		}
		if key, ok := parsed.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P256() {
			keys[k.Identifier] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the document has no ECDSA key on P-256")
	}
	return keys, nil
}
