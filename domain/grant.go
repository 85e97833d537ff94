package domain

import "time"

// Grant is what the permission check needs of a key: small, immutable, and
// safe for concurrent use.
type Grant struct {
	id        KeyID
	workspace WorkspaceID
	scopes    ScopeSet
	whitelist *IPWhitelist // nil restricts nothing
	secrets   []StoredSecret
	expiresAt int64 // Unix microseconds; 0: never
	mode      Mode
	disabled  bool
	deleted   bool
}

// Grant returns what the key grants to whoever proves its secret, as it is now.
func (k *APIKey) Grant() *Grant {
	s := k.Snapshot()
	g := &Grant{
		id:        s.ID,
		workspace: s.Workspace,
		scopes:    s.Scopes,
		secrets:   s.Secrets,
		mode:      s.Mode,
		disabled:  s.Disabled,
		deleted:   !s.DeletedAt.IsZero(),
	}
	if s.IPWhitelist.restricts() {
		g.whitelist = &s.IPWhitelist
	}
	if !s.ExpiresAt.IsZero() {
		g.expiresAt = s.ExpiresAt.UnixMicro()
	}
	return g
}

// Authorize answers c at now. The order of judging is fixed: secret, deleted,
// disabled, expired, address, scopes; the first that fails is the verdict.
func (g *Grant) Authorize(c Check, verifier SecretVerifier, now time.Time) Decision {
	if g.provenBy(c.Secret, verifier, now) < 0 || g.deleted {
		return NotFound()
	}
	d := Decision{Verdict: VerdictOK, Key: g.identity()}
	switch {
	case g.disabled:
		d.Verdict = VerdictDisabled
	case g.expiresAt != 0 && now.UnixMicro() >= g.expiresAt:
		d.Verdict = VerdictExpired
	case g.whitelist != nil && !g.whitelist.Admits(c.Addr):
		d.Verdict = VerdictIPNotAllowed
	case !g.scopes.Holds(c.Scopes):
		d.Verdict = VerdictInsufficientScope
	}
	return d
}

func (g *Grant) identity() Identity {
	i := Identity{KeyID: g.id, Workspace: g.workspace, Mode: g.mode, Scopes: g.scopes}
	if g.expiresAt != 0 {
		i.ExpiresAt = time.UnixMicro(g.expiresAt).UTC()
	}
	return i
}

// provenBy returns the index of the stored secret that secret proves at now,
// and -1 when it proves none.
func (g *Grant) provenBy(secret Secret, verifier SecretVerifier, now time.Time) int {
	if secret.IsZero() || secret.KeyID() != g.id {
		return -1
	}
	for i := range g.secrets {
		if !ended(g.secrets[i].ValidUntil, now) && verifier.Verify(secret, g.secrets[i].Digest) {
			return i
		}
	}
	return -1
}

// Rehash says how a stored digest that secret has proven is to be replaced.
type Rehash struct {
	KeyID    KeyID
	Old, New Digest
}

// Rehash returns the replacement of the digest that secret proves at now by
// current, a digest of the same secret, and false when the two were made
// alike or the secret proves nothing.
func (g *Grant) Rehash(secret Secret, current Digest, verifier SecretVerifier, now time.Time) (Rehash, bool) {
	i := g.provenBy(secret, verifier, now)
	if i < 0 {
		return Rehash{}, false
	}
	old := g.secrets[i].Digest
	if old.Algorithm == current.Algorithm && old.PepperID == current.PepperID {
		return Rehash{}, false
	}
	return Rehash{KeyID: g.id, Old: old, New: current}, true
}
