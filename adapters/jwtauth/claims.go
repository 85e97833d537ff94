package jwtauth

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// Limits of the claims that an actor is built from.
const (
	maxAccountLength    = 255 // bytes
	maxClientHashLength = 256 // characters
)

// claims are the members of a verified payload, their values still as JSON.
type claims map[string]jsontext.Value

// parseClaims parses one JSON object in base64url. The decoder rejects duplicate
// members and invalid UTF-8.
func parseClaims(encoded []byte) (claims, error) {
	payload, ok := decode(encoded)
	if !ok {
		return nil, reject("malformed payload")
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil || c == nil {
		return nil, reject("payload is not a JSON object of distinct claims in UTF-8")
	}
	return c, nil
}

// check returns nil if the claims are from issuer, for audience and valid at now
// (RFC 7519 section 4.1). Of the times, only exp is required.
func (c claims) check(issuer, audience string, now time.Time) error {
	if got, ok := c.text("iss"); !ok || got != issuer {
		return c.reject("iss", "is not the expected issuer")
	}
	if audiences, ok := texts(c["aud"]); !ok || !slices.Contains(audiences, audience) {
		return c.reject("aud", "does not contain the expected audience")
	}
	switch exp, ok := c.instant("exp"); {
	case !ok:
		return c.reject("exp", "is not a time")
	case !now.Before(exp.Add(skew)):
		return c.reject("exp", "is in the past")
	}
	for _, name := range []string{"nbf", "iat"} {
		if c[name] == nil {
			continue
		}
		switch from, ok := c.instant(name); {
		case !ok:
			return c.reject(name, "is not a time")
		case now.Add(skew).Before(from):
			return c.reject(name, "is in the future")
		}
	}
	return nil
}

// reject returns domain.ErrInvalidToken with the name of the offending claim.
// Names come from the configuration; values must not be quoted.
func (c claims) reject(name, problem string) error {
	if c[name] == nil {
		problem = "is missing"
	}
	return reject("claim " + name + " " + problem)
}

// actor returns the actor that the claims identify. Claims without a portal get
// defaultPortal, and are invalid if that is empty.
func (c claims) actor(names ClaimNames, defaultPortal domain.Portal) (domain.Actor, error) {
	account, ok := c.text(names.Account)
	if !ok || account == "" || len(account) > maxAccountLength || strings.ContainsFunc(account, unicode.IsControl) {
		return domain.Actor{}, c.reject(names.Account, "is not 1 to 255 bytes of text without control characters")
	}
	portal, ok := c.portal(names.Portal, defaultPortal)
	if !ok {
		return domain.Actor{}, c.reject(names.Portal, "is not SYSTEM, TENANT, PARTNER or CONSUMER")
	}
	roles, ok := c.roles(names.Workspaces)
	if !ok {
		return domain.Actor{}, c.reject(names.Workspaces, "is not an object of roles and arrays of roles")
	}
	clientHash, ok := c.clientHash(names.ClientHash)
	if !ok {
		return domain.Actor{}, c.reject(names.ClientHash, "is not 1 to 256 visible ASCII characters")
	}
	return domain.Actor{AccountID: account, Portal: portal, Roles: roles, ClientHash: clientHash}, nil
}

func (c claims) portal(name string, missing domain.Portal) (domain.Portal, bool) {
	if c[name] == nil {
		return missing, missing != ""
	}
	portal, _ := c.text(name)
	return domain.ParsePortal(portal)
}

// roles skips unknown roles and malformed workspace IDs. Of several roles in one
// workspace, the highest counts.
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
	for id, raw := range claimed {
		names, ok := texts(raw)
		if !ok {
			return nil, false
		}
		workspace, faults := domain.ParseWorkspaceID(id)
		if role := highestRole(names); role != domain.RoleNone && faults == nil {
			roles[workspace] = role
		}
	}
	return roles, true
}

// clientHash rejects values that no X-Client-Hash can equal. That includes the
// empty string, which in the actor means that the token is not bound to a client.
func (c claims) clientHash(name string) (string, bool) {
	if c[name] == nil {
		return "", true
	}
	hash, ok := c.text(name)
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	return hash, ok && hash != "" && len(hash) <= maxClientHashLength && !strings.ContainsFunc(hash, invisible)
}

func (c claims) text(name string) (string, bool) { return text(c[name]) }

func text(raw jsontext.Value) (s string, ok bool) {
	if raw.Kind() != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// texts parses a string or an array of strings.
func texts(raw jsontext.Value) ([]string, bool) {
	if one, ok := text(raw); ok {
		return []string{one}, true
	}
	var several []jsontext.Value
	if json.Unmarshal(raw, &several) != nil || several == nil {
		return nil, false
	}
	read := make([]string, len(several))
	for i, raw := range several {
		var ok bool
		if read[i], ok = text(raw); !ok {
			return nil, false
		}
	}
	return read, true
}

// maxNumericDate is the end of the year 9999.
const maxNumericDate = 253402300799

// instant parses a NumericDate (RFC 7519 section 2) and truncates its fraction.
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
