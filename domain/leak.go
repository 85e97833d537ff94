package domain

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// LeakOutcome is the outcome of a report of a leaked secret.
type LeakOutcome uint8

// The outcomes.
const (
	// LeakUnknown means that the secret belongs to no living key.
	LeakUnknown LeakOutcome = iota
	// LeakRecorded means that the leak was only recorded in the audit trail, because
	// the secret had already stopped working or because the policy is to report only.
	LeakRecorded
	// LeakDisabled means that the key was disabled.
	LeakDisabled
	// LeakEnded means that the grace period of a superseded secret was ended. The
	// key keeps working with its current secret.
	LeakEnded
)

// leakAccount is the account that the audit trail names for leak reports.
const leakAccount = "leak-report"

// LeakAuthor returns the author of changes that result from a leak report.
func LeakAuthor(origin Origin) Author {
	return Author{AccountID: leakAccount, Portal: PortalSystem, Origin: origin}
}

// LeakedLiveKeys determines what happens to an active LIVE key whose current secret is
// reported.
type LeakedLiveKeys bool

// The policies. TEST keys are always disabled.
const (
	DisableLeakedLiveKeys LeakedLiveKeys = true
	ReportLeakedLiveKeys  LeakedLiveKeys = false
)

// StopLeaked makes a leaked secret of the key stop working. If the secret is
// superseded, its grace period ends at once and the key keeps working. Otherwise the
// key is disabled, unless it is a LIVE key and the policy is to report only. StopLeaked
// returns the event to record, or the zero Event if nothing changed, and [LeakUnknown]
// if the secret does not belong to this key.
func (k *APIKey) StopLeaked(
	secret Secret, verifier SecretVerifier, policy LeakedLiveKeys, eventID string, by Author, now time.Time,
) (Event, LeakOutcome) {
	i := k.stored(secret, verifier)
	if i < 0 {
		return Event{}, LeakUnknown
	}
	if until := k.s.Secrets[i].ValidUntil; !until.IsZero() {
		if ended(until, now) {
			return Event{}, LeakRecorded
		}
		end := instant(now)
		k.s.Secrets[i].ValidUntil = end
		return k.event(EventUpdated, eventID, by, now, Change{
			Field: "previousSecretValidUntil", Old: until.Format(time.RFC3339), New: end.Format(time.RFC3339),
		}), LeakEnded
	}
	if k.Status(now) != StatusActive || k.s.Mode != ModeTest && policy == ReportLeakedLiveKeys {
		return Event{}, LeakRecorded
	}
	return k.Disable(eventID, by, now), LeakDisabled
}

// Leaked returns the event that records the leak of a secret of the key. source is
// where the secret was found; it may be empty, and the event contains it without the
// secret. Leaked returns false if the secret does not belong to this key.
func (k *APIKey) Leaked(secret Secret, verifier SecretVerifier, source, eventID string, by Author, now time.Time) (Event, bool) {
	if k.stored(secret, verifier) < 0 {
		return Event{}, false
	}
	var changes []Change
	if source = strings.ReplaceAll(source, secret.Reveal(), "…"); source != "" {
		changes = append(changes, Change{Field: "source", New: source})
	}
	return k.event(EventLeaked, eventID, by, now, changes...), true
}

// stored returns the index of secret among the stored secrets of the key, even if it
// has ended, or -1. It verifies at least one digest.
func (k *APIKey) stored(secret Secret, verifier SecretVerifier) int {
	return k.Grant().stored(secret, verifier)
}

// Knows reports whether secret is or was one of the stored secrets of the key, even
// if it has ended.
func (g *Grant) Knows(secret Secret, verifier SecretVerifier) bool {
	return g.stored(secret, verifier) >= 0
}

func (g *Grant) stored(secret Secret, verifier SecretVerifier) int {
	if secret.IsZero() || !secret.foreign && secret.KeyID() != g.id {
		return -1
	}
	for i := range g.secrets {
		if verifier.Verify(secret, g.secrets[i].digest()) {
			return i
		}
	}
	if len(g.secrets) == 0 {
		verifier.Verify(secret, Digest{}) // the result is discarded
	}
	return -1
}

// Live reports whether secret would pass a check at now, leaving aside scopes, address
// and limits.
func (g *Grant) Live(secret Secret, verifier SecretVerifier, now time.Time) bool {
	return g.provenBy(secret, verifier, now) >= 0 && !g.deleted && !g.disabled && !reached(g.expiresAt, now)
}

// Workspace returns the workspace of the key.
func (g *Grant) Workspace() WorkspaceID { return g.workspace }

// MaxLeakSource is the maximum length of the source of a leak, in Unicode code points.
const MaxLeakSource = 2048

// ParseLeakSource returns the place where a secret was found, such as a URL, without
// the secrets that it contains.
func ParseLeakSource(s string) (string, Faults) {
	switch {
	case utf8.RuneCountInString(s) > MaxLeakSource:
		return "", fault(ReasonLength, RuleLeakSourceLength)
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return "", fault(ReasonCharacters, RuleLeakSourceCharacters)
	}
	return WithoutSecrets(s), nil
}

// LeakSource returns a place where a secret was found in the form of [ParseLeakSource].
// Unlike ParseLeakSource, it accepts any string.
func LeakSource(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > MaxLeakSource {
		s = string(runes[:MaxLeakSource])
	}
	return WithoutSecrets(s)
}
