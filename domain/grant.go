package domain

import (
	"math"
	"slices"
	"time"
	"unique"
)

// Grant is the part of a key that the permission check needs. It is small,
// immutable and safe for concurrent use.
type Grant struct {
	id        KeyID
	workspace WorkspaceID
	scopes    ScopeSet
	whitelist *IPWhitelist // nil means no restriction
	secrets   []grantedSecret
	limits    *grantedLimits // nil means none
	expiresAt int64          // Unix microseconds, or endless
	mode      Mode
	disabled  bool
	deleted   bool
}

// grantedLimits are the limits of a key that has at least one.
type grantedLimits struct {
	list []Limit // rate limits in their order, then the quota
	// unreadable is the verdict on every check if the stored limits could not be read.
	unreadable Verdict
}

// grantedSecret is a [StoredSecret] in half the memory, for caches. Secrets with the
// same algorithm and pepper share the strings that name them.
type grantedSecret struct {
	sum        [32]byte
	made       unique.Handle[making]
	validUntil int64 // Unix microseconds, or endless
}

// making identifies the algorithm and pepper that made a digest.
type making struct {
	algorithm Algorithm
	pepperID  string
}

func (s *grantedSecret) digest() Digest {
	made := s.made.Value()
	return Digest{Algorithm: made.algorithm, PepperID: made.pepperID, Sum: s.sum}
}

// Grant returns the current grant of the key.
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
	g.limits = limitsOf(&s)
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

func limitsOf(s *Snapshot) *grantedLimits {
	l := &grantedLimits{list: s.RateLimits}
	if s.Quota != (Limit{}) {
		l.list = append(slices.Clip(l.list), s.Quota)
	}
	switch {
	case s.Unreadable.Has(PartRateLimits):
		l.unreadable = VerdictRateLimited
	case s.Unreadable.Has(PartQuota):
		l.unreadable = VerdictQuotaExceeded
	case len(l.list) == 0:
		return nil
	}
	return l
}

// Limits returns the rate limits of the key in their order, followed by its quota. The
// caller must not modify them.
func (g *Grant) Limits() []Limit {
	if g.limits == nil {
		return nil
	}
	return g.limits.list
}

// ScopeCount returns the number of scopes of the key.
func (g *Grant) ScopeCount() int { return len(g.scopes.codes) }

// ScopeIndex returns the index of a scope among those of the key, or -1 if it does not
// hold it.
func (g *Grant) ScopeIndex(scope Scope) int { return g.scopes.index(scope) }

// SecretValidUntil returns the end of the grace period of the stored secret with the
// given index, or the zero time if it has none.
func (g *Grant) SecretValidUntil(secret int) time.Time {
	if end := g.secrets[secret].validUntil; end != endless {
		return time.UnixMicro(end).UTC()
	}
	return time.Time{}
}

// ID returns the ID of the key.
func (g *Grant) ID() KeyID { return g.id }

// Authorize returns the decision on c at now. It checks in a fixed order: secret,
// deleted, disabled, expired, address, scopes. The first failure is the verdict. It does
// not check the limits of the key.
func (g *Grant) Authorize(c Check, verifier SecretVerifier, now time.Time) Decision {
	d, _ := g.AuthorizeSecret(c, verifier, now)
	return d
}

// AuthorizeSecret is like Authorize. It also returns the index of the stored secret that c
// proves, or -1 if it proves none.
func (g *Grant) AuthorizeSecret(c Check, verifier SecretVerifier, now time.Time) (d Decision, proven int) {
	if proven = g.provenBy(c.Secret, verifier, now); proven < 0 || g.deleted {
		d.Verdict = VerdictNotFound
		return d, proven
	}
	// Set fields one by one, because copying a whole Decision is slow.
	d.Key.KeyID, d.Key.Workspace, d.Key.Mode, d.Key.Scopes = g.id, g.workspace, g.mode, g.scopes
	if g.expiresAt != endless {
		d.Key.ExpiresAt = time.UnixMicro(g.expiresAt).UTC()
	}
	d.Verdict = g.verdict(&c, now)
	return d, proven
}

// verdict returns the verdict for a caller that has proven the secret.
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
	case g.limits != nil && g.limits.unreadable != "":
		return g.limits.unreadable
	}
	return VerdictOK
}

// provenBy returns the index of the stored secret that secret proves at now, or -1 if
// it proves none. It verifies at least one digest, so that its duration does not reveal
// that no secret is valid.
func (g *Grant) provenBy(secret Secret, verifier SecretVerifier, now time.Time) int {
	if secret.IsZero() || !secret.foreign && secret.KeyID() != g.id {
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
		verifier.Verify(secret, Digest{}) // the result is discarded
	}
	return -1
}

// endless is the end, in Unix microseconds, of something that does not end.
const endless = math.MaxInt64

// endOf returns t in Unix microseconds, or endless if t is zero.
func endOf(t time.Time) int64 {
	if t.IsZero() {
		return endless
	}
	return t.UnixMicro()
}

// reached reports whether an end in Unix microseconds has been reached at now.
func reached(end int64, now time.Time) bool { return end != endless && now.UnixMicro() >= end }
