package jwtauth

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// Bounds of what is taken over from claims.
const (
	maxAccountLength    = 255 // bytes
	maxClientHashLength = 256 // characters
)

// claims are the members of a verified payload, each still as JSON.
type claims map[string]jsontext.Value

// parseClaims reads one JSON object in base64url. The decoder refuses repeated
// members and text that is not UTF-8.
func parseClaims(encoded []byte) (claims, error) {
	payload, ok := decode(encoded)
	if !ok {
		return nil, refuse("malformed payload")
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil || c == nil {
		return nil, refuse("payload is not a JSON object")
	}
	return c, nil
}

// judge says whether the claims are the issuer's, for us, and of now (RFC 7519
// section 4.1). Only exp must be there among the times.
func (c claims) judge(issuer, audience string, now time.Time) error {
	if got, ok := c.text("iss"); !ok || got != issuer {
		return refuse("another issuer")
	}
	if !c.isFor(audience) {
		return refuse("another audience")
	}
	if exp, ok := c.instant("exp"); !ok || !now.Before(exp.Add(skew)) {
		return refuse("expired, or without an end")
	}
	for _, name := range []string{"nbf", "iat"} {
		if c[name] == nil {
			continue
		}
		if from, ok := c.instant(name); !ok || now.Add(skew).Before(from) {
			return refuse("not yet valid")
		}
	}
	return nil
}

// actor returns who the claims speak of.
func (c claims) actor(names ClaimNames) (domain.Actor, error) {
	account, ok := c.text(names.Account)
	if !ok || account == "" || len(account) > maxAccountLength || strings.ContainsFunc(account, unicode.IsControl) {
		return domain.Actor{}, refuse("no usable account")
	}
	name, _ := c.text(names.Portal)
	portal, ok := domain.ParsePortal(name)
	if !ok {
		return domain.Actor{}, refuse("no known portal")
	}
	roles, ok := c.roles(names.Workspaces)
	if !ok {
		return domain.Actor{}, refuse("workspaces are not an object of strings")
	}
	clientHash, ok := c.clientHash(names.ClientHash)
	if !ok {
		return domain.Actor{}, refuse("unusable client hash")
	}
	return domain.Actor{AccountID: account, Portal: portal, Roles: roles, ClientHash: clientHash}, nil
}

// roles leaves out unknown roles, and identifiers that no workspace can have.
func (c claims) roles(name string) (map[domain.WorkspaceID]domain.Role, bool) {
	raw := c[name]
	if raw == nil {
		return nil, true
	}
	var claimed map[string]jsontext.Value
	if json.Unmarshal(raw, &claimed) != nil || claimed == nil {
		return nil, false
	}
	roles := make(map[domain.WorkspaceID]domain.Role, len(claimed))
	for id := range claimed {
		text, ok := claims(claimed).text(id)
		if !ok {
			return nil, false
		}
		workspace, faults := domain.ParseWorkspaceID(id)
		if role, known := parseRole(text); known && faults == nil {
			roles[workspace] = role
		}
	}
	return roles, true
}

// clientHash refuses what no X-Client-Hash can equal. An empty claim is among
// that: to the actor it would mean a token that is not bound at all.
func (c claims) clientHash(name string) (string, bool) {
	if c[name] == nil {
		return "", true
	}
	hash, ok := c.text(name)
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	return hash, ok && hash != "" && len(hash) <= maxClientHashLength && !strings.ContainsFunc(hash, invisible)
}

// isFor reads aud, a string or an array of strings.
func (c claims) isFor(audience string) bool {
	if one, ok := c.text("aud"); ok {
		return one == audience
	}
	var several []jsontext.Value
	if json.Unmarshal(c["aud"], &several) != nil {
		return false
	}
	found := false
	for _, raw := range several {
		one, ok := text(raw)
		if !ok {
			return false
		}
		found = found || one == audience
	}
	return found
}

func (c claims) text(name string) (string, bool) { return text(c[name]) }

func text(raw jsontext.Value) (s string, ok bool) {
	if raw.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// maxNumericDate is the end of the year 9999.
const maxNumericDate = 253402300799

// instant reads a NumericDate (RFC 7519 section 2), its fraction cut.
func (c claims) instant(name string) (time.Time, bool) {
	raw := c[name]
	if raw.Kind() != '0' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds > maxNumericDate {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
