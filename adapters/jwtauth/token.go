package jwtauth

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxTokenLength bounds a token, in bytes, before anything of it is read. It
// is also what bounds its claims: some 300 workspaces.
const maxTokenLength = 8 << 10

// token is a JWS in compact serialization (RFC 7515 section 3.1).
type token struct {
	header       header
	signingInput []byte // encoded header and payload with the dot between them
	payload      []byte // encoded
	signature    []byte
}

// header is what is read of a protected header. Keys and links to keys (jwk,
// jku, x5c, x5u) are no part of it, on purpose. The decoder matches names to
// the letter and refuses one that is repeated (RFC 7515 section 4).
type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
}

var encoding = base64.RawURLEncoding.Strict()

func parseToken(text string) (token, error) {
	if len(text) > maxTokenLength {
		return token{}, refuse("too long")
	}
	raw := []byte(text)
	parts := bytes.Split(raw, []byte("."))
	if len(parts) != 3 {
		return token{}, refuse("not three parts")
	}
	t := token{
		signingInput: raw[:len(raw)-len(parts[2])-1],
		payload:      parts[1],
	}
	head, ok := decode(parts[0])
	if !ok || json.Unmarshal(head, &t.header) != nil {
		return token{}, refuse("malformed header")
	}
	// No extension is understood here, so any that must be is refused, an
	// empty or malformed list of them too (RFC 7515 section 4.1.11).
	if t.header.Critical != nil {
		return token{}, refuse("critical header")
	}
	if t.signature, ok = decode(parts[2]); !ok {
		return token{}, refuse("malformed signature")
	}
	return t, nil
}

// decode reads base64url without padding (RFC 7515 section 2). The standard
// library would skip line breaks; here they are foreign.
func decode(part []byte) ([]byte, bool) {
	if bytes.ContainsAny(part, "\r\n") {
		return nil, false
	}
	out, err := encoding.AppendDecode(nil, part)
	return out, err == nil
}
