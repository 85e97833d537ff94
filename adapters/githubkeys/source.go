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
	"io"
	"net/http"
	"net/url"
)

const (
	maxDocument   = 256 << 10 // bytes
	maxKeys       = 100
	maxHTTPHeader = 64 << 10
)

// source reads the public keys.
type source struct {
	url    string
	client *http.Client
}

func newSource(o Options) source {
	client := http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHTTPHeader,
		DisableKeepAlives:      true, // the next request is an hour away
	}}
	if o.Client != nil {
		client = *o.Client
	}
	// Only the configured host is trusted.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return source{url: o.URL, client: &client}
}

// read returns the keys by their identifiers.
func (s source) read(ctx context.Context) (map[string]*ecdsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	r.Header.Set("Accept", "application/json")
	response, err := s.client.Do(r)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode) // redirects are not followed
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(document) > maxDocument:
		return nil, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	return parse(document)
}

// withoutURL removes the URL from err, because its query may contain a credential.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// parse returns the keys of a document as GitHub has it. It skips those of other types
// than ECDSA with P-256.
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
