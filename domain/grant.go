package domain

import (
	"math"
	"time"
	"unique"
)

// Grant is what the permission check needs of a key: small, immutable, and
// safe for concurrent use.
type Grant struct {
	id        KeyID
	workspace WorkspaceID
	scopes    ScopeSet
	whitelist *IPWhitelist // nil restricts nothing
	secrets   []grantedSecret
	expiresAt int64 // Unix microseconds, or endless
	mode      Mode
	disabled  bool
	deleted   bool
}

// grantedSecret is a [StoredSecret] in half its space: a cache holds many, made
// in few ways.
type grantedSecret struct {
	sum        [32]byte
	made       unique.Handle[making]
	validUntil int64 // Unix microseconds, or endless
}

// making is how a digest was made.
type making struct {
	algorithm Algorithm
	pepperID  string
}

func (s *grantedSecret) digest() Digest {
	made := s.made.Value()
	return Digest{Algorithm: made.algorithm, PepperID: made.pepperID, Sum: s.sum}
}

// Grant returns what the key grants to whoever proves its secret, as it is now.
func (k *APIKey) Grant() *Grant {
	s := k.Snapshot()
	g := &Grant{
		id:        s.ID,
		workspace: s.Workspace,
		scopes:    s.Scopes,
		secrets:   make([]grantedSecret, len(s.Secrets)),
		expiresAt: endOf(s.ExpiresAt),
		mode:      s.Mode,
		disabled:  s.Disabled,
		deleted:   !s.DeletedAt.IsZero(),
	}
	if s.IPWhitelist.restricts() {
		g.whitelist = &s.IPWhitelist
	}
	for i, stored := range s.Secrets {
		g.secrets[i] = grantedSecret{
			sum:        stored.Digest.Sum,
			made:       unique.Make(making{stored.Digest.Algorithm, stored.Digest.PepperID}),
			validUntil: endOf(stored.ValidUntil),
		}
	}
	return g
}

// ID returns the identifier of the key.
func (g *Grant) ID() KeyID { return g.id }

// Authorize answers c at now. The order of judging is fixed: secret, deleted,
// disabled, expired, address, scopes; the first that fails is the verdict.
func (g *Grant) Authorize(c Check, verifier SecretVerifier, now time.Time) Decision {
	d, _ := g.Judge(c, verifier, now)
	return d
}

// Judge answers c as Authorize does. It also returns the index of the stored
// secret that c proves, or -1 if it proves none.
func (g *Grant) Judge(c Check, verifier SecretVerifier, now time.Time) (d Decision, proven int) {
	if proven = g.provenBy(c.Secret, verifier, now); proven < 0 || g.deleted {
		d.Verdict = VerdictNotFound
		return d, proven
	}
	// Member by member, since a Decision is larger than what is copied cheaply.
	d.Key.KeyID, d.Key.Workspace, d.Key.Mode, d.Key.Scopes = g.id, g.workspace, g.mode, g.scopes
	if g.expiresAt != endless {
		d.Key.ExpiresAt = time.UnixMicro(g.expiresAt).UTC()
	}
	d.Verdict = g.verdict(&c, now)
	return d, proven
}

// verdict returns the verdict on a caller that has proven the secret.
func (g *Grant) verdict(c *Check, now time.Time) Verdict {
	switch {
	case g.disabled:
		return VerdictDisabled
	case reached(g.expiresAt, now):
		return VerdictExpired
	case g.whitelist != nil && !g.whitelist.Admits(c.Addr):
		return VerdictIPNotAllowed
	case !g.scopes.Holds(c.Scopes):
		return VerdictInsufficientScope
	}
	return VerdictOK
}

// provenBy returns the index of the stored secret that secret proves at now,
// and -1 when it proves none. It verifies at least once, so that the time it
// takes does not tell that there is nothing to prove.
func (g *Grant) provenBy(secret Secret, verifier SecretVerifier, now time.Time) int {
	if secret.IsZero() || secret.KeyID() != g.id {
		return -1
	}
	tried := false
	for i := range g.secrets {
		if reached(g.secrets[i].validUntil, now) {
			continue
		}
		if tried = true; verifier.Verify(secret, g.secrets[i].digest()) {
			return i
		}
	}
	if !tried {
		verifier.Verify(secret, Digest{}) // whose answer is dropped
	}
	return -1
}

// endless is the end, in Unix microseconds, of what does not end.
const endless = math.MaxInt64

// endOf is t in Unix microseconds, and endless for none.
func endOf(t time.Time) int64 {
	if t.IsZero() {
		return endless
	}
	return t.UnixMicro()
}

// reached says whether an end in Unix microseconds has come.
func reached(end int64, now time.Time) bool { return end != endless && now.UnixMicro() >= end }
