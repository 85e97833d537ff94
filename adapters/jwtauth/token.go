package jwtauth

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxTokenLength is the largest accepted token in bytes, checked before parsing.
// It has room for the roles of about 300 workspaces.
const maxTokenLength = 8 << 10

// token is a JWS in compact serialization (RFC 7515 section 3.1).
type token struct {
	header       header
	signingInput []byte // encoded header and payload with the dot between them
	payload      []byte // encoded
	signature    []byte
}

// header holds the parts of a protected header that are used. It deliberately
// omits keys and links to keys (jwk, jku, x5c, x5u). The decoder matches names
// exactly and rejects duplicates (RFC 7515 section 4).
type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
}

var encoding = base64.RawURLEncoding.Strict()

func parseToken(text string) (token, error) {
	if len(text) > maxTokenLength {
		return token{}, reject("too long")
	}
	raw := []byte(text)
	parts := bytes.Split(raw, []byte("."))
	if len(parts) != 3 {
		return token{}, reject("not three parts")
	}
	t := token{
		signingInput: raw[:len(raw)-len(parts[2])-1],
		payload:      parts[1],
	}
	head, ok := decode(parts[0])
	if !ok || json.Unmarshal(head, &t.header) != nil {
		return token{}, reject("malformed header")
	}
	// No extension is supported, so every crit is rejected, including an empty
	// or malformed one (RFC 7515 section 4.1.11).
	if t.header.Critical != nil {
		return token{}, reject("critical header")
	}
	if t.signature, ok = decode(parts[2]); !ok {
		return token{}, reject("malformed signature")
	}
	return t, nil
}

// decode decodes base64url without padding (RFC 7515 section 2). It rejects line
// breaks, which encoding/base64 skips.
func decode(part []byte) ([]byte, bool) {
	if bytes.ContainsAny(part, "\r\n") {
		return nil, false
	}
	out, err := encoding.AppendDecode(nil, part)
	return out, err == nil
}
