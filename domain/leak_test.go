package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

func TestStopLeaked(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	other := otherSecretOf(t, secret)
	at := now.UTC().Truncate(time.Microsecond)
	superseded := func(until time.Time) func(*domain.Snapshot) {
		return func(s *domain.Snapshot) {
			s.Secrets = []domain.StoredSecret{{Digest: digestOf(other)}, {Digest: digestOf(secret), ValidUntil: until}}
		}
	}
	for name, c := range map[string]struct {
		change   func(*domain.Snapshot)
		policy   domain.LeakedLiveKeys
		outcome  domain.LeakOutcome
		event    domain.EventType // empty: none
		disabled bool
	}{
		"a live key is disabled":                                  {nil, domain.DisableLeakedLiveKeys, domain.LeakDisabled, domain.EventDisabled, true},
		"a live key is only recorded if the policy says so":       {nil, domain.ReportLeakedLiveKeys, domain.LeakRecorded, "", false},
		"a TEST key is disabled whatever the policy":              {func(s *domain.Snapshot) { s.Mode = domain.ModeTest }, domain.ReportLeakedLiveKeys, domain.LeakDisabled, domain.EventDisabled, true},
		"a disabled key stays as it is":                           {func(s *domain.Snapshot) { s.Disabled = true }, domain.DisableLeakedLiveKeys, domain.LeakRecorded, "", true},
		"an expired key stays as it is":                           {func(s *domain.Snapshot) { s.ExpiresAt = at }, domain.DisableLeakedLiveKeys, domain.LeakRecorded, "", false},
		"a superseded secret ends":                                {superseded(at.Add(time.Hour)), domain.DisableLeakedLiveKeys, domain.LeakEnded, domain.EventUpdated, false},
		"a superseded secret ends whatever the policy":            {superseded(at.Add(time.Hour)), domain.ReportLeakedLiveKeys, domain.LeakEnded, domain.EventUpdated, false},
		"a superseded secret that has ended is not ended again":   {superseded(at), domain.DisableLeakedLiveKeys, domain.LeakRecorded, "", false},
		"a secret that is not of the key changes nothing":         {func(s *domain.Snapshot) { s.Secrets[0].Digest = digestOf(other) }, domain.DisableLeakedLiveKeys, domain.LeakUnknown, "", false},
		"a superseded secret of a disabled key ends all the same": {func(s *domain.Snapshot) { superseded(at.Add(time.Hour))(s); s.Disabled = true }, domain.DisableLeakedLiveKeys, domain.LeakEnded, domain.EventUpdated, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, secret)
			s.IPWhitelist, s.ExpiresAt = domain.IPWhitelist{}, time.Time{}
			if c.change != nil {
				c.change(&s)
			}
			key := domain.Rehydrate(s)
			event, outcome := key.StopLeaked(secret, verifier{}, c.policy, "evt_1", domain.LeakAuthor(domain.Origin{}), now)
			if outcome != c.outcome || event.Type != c.event || (event.ID == "") != (c.event == "") {
				t.Errorf("outcome %d with event %q, want %d with %q", outcome, event.Type, c.outcome, c.event)
			}
			if got := key.Snapshot().Disabled; got != c.disabled {
				t.Errorf("disabled: %t, want %t", got, c.disabled)
			}
			if c.outcome == domain.LeakDisabled || c.outcome == domain.LeakEnded {
				if key.Grant().Live(secret, verifier{}, now) {
					t.Error("the secret still works")
				}
			}
			if c.outcome == domain.LeakEnded && !c.disabled && !key.Grant().Live(other, verifier{}, now) {
				t.Error("the current secret does not work any more")
			}
			if _, known := key.Leaked(secret, verifier{}, "", "evt_2", domain.Author{}, now); known != (c.outcome != domain.LeakUnknown) {
				t.Errorf("the leak can be recorded: %t", known)
			}
		})
	}
}

func TestLeaked_RecordsTheSource(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	key := domain.Rehydrate(snapshot(t, secret))
	by := domain.LeakAuthor(domain.Origin{RequestID: "req-1"})
	if by.AccountID != "leak-report" || by.Portal != domain.PortalSystem {
		t.Errorf("the author is %+v", by)
	}
	event, ok := key.Leaked(secret, verifier{}, "https://paste.example/1", "evt_1", by, now)
	want := domain.Event{
		ID: "evt_1", KeyID: secret.KeyID(), Workspace: "ws-1", Type: domain.EventLeaked, At: now.UTC().Truncate(time.Microsecond), By: by,
		Changes: []domain.Change{{Field: "source", New: "https://paste.example/1"}},
	}
	if diff := cmp.Diff(want, event, cmp.Comparer(func(a, b domain.Author) bool { return a == b })); !ok || diff != "" {
		t.Errorf("%t (-want +got):\n%s", ok, diff)
	}
	if event, _ := key.Leaked(secret, verifier{}, "", "evt_1", by, now); len(event.Changes) != 0 {
		t.Errorf("a leak without a source has the changes %v", event.Changes)
	}
}

// A key is live if and only if a check that nothing restricts is allowed.
func TestLive_AgreesWithTheCheck(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := newSecret(t, 1, domain.ModeLive)
		s := snapshot(t, secret)
		s.IPWhitelist = domain.IPWhitelist{}
		s.Disabled = rapid.Bool().Draw(t, "disabled")
		times := []time.Time{{}, now.Add(-time.Second), now, now.Add(time.Second)}
		s.ExpiresAt = rapid.SampledFrom(times).Draw(t, "expiry")
		s.DeletedAt = rapid.SampledFrom(times[:2]).Draw(t, "deletion")
		s.Secrets[0].ValidUntil = rapid.SampledFrom(times).Draw(t, "end of the secret")
		presented := rapid.SampledFrom([]domain.Secret{secret, otherSecretOf(t, secret), {}}).Draw(t, "secret")
		grant := domain.Rehydrate(s).Grant()
		allowed := grant.Authorize(domain.Check{Secret: presented}, verifier{}, now).Allowed()
		if live := grant.Live(presented, verifier{}, now); live != allowed {
			t.Fatalf("live: %t, allowed: %t", live, allowed)
		}
	})
}

func TestParseLeakSource(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	id, half := string(secret.KeyID()), secret.Reveal()[:40]
	for source, want := range map[string]string{
		"":                        "",
		"https://paste.example/1": "https://paste.example/1",
		strings.Repeat("鍵", 2048): strings.Repeat("鍵", 2048),
		"https://x.example/?k=" + secret.Reveal() + "&b=1": "https://x.example/?k=" + id + "…&b=1",
		secret.Reveal() + secret.Reveal():                  id + "…" + id + "…",
		half + secret.Reveal() + "-x":                      id + "…" + id + "…-x",
	} {
		got, faults := domain.ParseLeakSource(source)
		if faults != nil || got != want {
			t.Errorf("%q, %v, want %q", got, faults, want)
		}
	}
	for source, want := range map[string]domain.Faults{
		strings.Repeat("x", 2049): rejected(domain.ReasonLength, domain.RuleLeakSourceLength),
		"a\nb":                    rejected(domain.ReasonCharacters, domain.RuleLeakSourceCharacters),
		"a\u0085b":                rejected(domain.ReasonCharacters, domain.RuleLeakSourceCharacters),
		"\xff":                    rejected(domain.ReasonCharacters, domain.RuleLeakSourceCharacters),
	} {
		_, faults := domain.ParseLeakSource(source)
		wantFaults(t, faults, want)
	}
}

func TestLeakSource_FitsTheForm(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive).Reveal()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.Just(secret), rapid.Just("\xff\x00\n"), rapid.Just(strings.Repeat("x", 2000))), 0, 5)
		source := domain.LeakSource(strings.Join(parts.Draw(t, "parts"), ""))
		got, faults := domain.ParseLeakSource(source)
		if faults != nil || got != source || domain.HasSecret(source) {
			t.Fatalf("%d bytes: %v", len(source), faults)
		}
	})
}
