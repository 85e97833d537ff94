package domain_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

const allParts = domain.PartName | domain.PartMode | domain.PartScopes | domain.PartIPWhitelist | domain.PartStatus | domain.PartSecrets |
	domain.PartCreatedBy | domain.PartCreatedAt | domain.PartExpiresAt | domain.PartLastUsedAt | domain.PartDeletedAt |
	domain.PartRateLimits | domain.PartQuota

func TestParts_PrintTheirNames(t *testing.T) {
	t.Parallel()
	for parts, want := range map[domain.Parts]string{
		0:                                      "",
		domain.PartName | domain.PartExpiresAt: "name,expiresAt",
		allParts:                               "name,mode,scopes,ipWhitelist,status,secrets,createdBy,createdAt,expiresAt,lastUsedAt,deletedAt,rateLimits,quota",
	} {
		if got := parts.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// unreadableKey returns a key with the given unreadable parts, and the secret
// newSecret(t, 1, ModeLive).
func unreadableKey(t *testing.T, parts domain.Parts) *domain.APIKey {
	t.Helper()
	s := snapshot(t, newSecret(t, 1, domain.ModeLive))
	s.Unreadable = parts
	return domain.Rehydrate(s)
}

func TestRehydrate_ReplacesUnreadableParts(t *testing.T) {
	t.Parallel()
	s := unreadableKey(t, allParts).Snapshot()
	name := s.Name.String()
	if _, faults := domain.ParseName(name); name != "[unreadable name]" || faults != nil {
		t.Errorf("the name is %q, which is valid: %v", name, faults == nil)
	}
	if s.Mode != domain.ModeLive || !s.Scopes.Empty() || s.IPWhitelist.Admits(inside) || s.IPWhitelist.Admits(netip.Addr{}) || !s.Disabled {
		t.Errorf("mode %v, scopes %v, disabled %v, or an address is admitted", s.Mode, s.Scopes.Codes(), s.Disabled)
	}
	if long := time.Unix(0, 0).UTC(); s.ExpiresAt != long || s.DeletedAt != long {
		t.Errorf("the key has expired at %v and is deleted at %v", s.ExpiresAt, s.DeletedAt)
	}
	if got := domain.Rehydrate(domain.Snapshot{ID: "nonsense", Unreadable: domain.PartMode}).Snapshot().Mode; got != domain.ModeTest {
		t.Errorf("the mode of a key with a malformed ID is %v, want TEST", got)
	}
}

func TestRehydrate_KeepsReadableParts(t *testing.T) {
	t.Parallel()
	want := snapshot(t, newSecret(t, 1, domain.ModeLive))
	got := domain.Rehydrate(want)
	if diff := cmp.Diff(want, got.Snapshot(), cmp.AllowUnexported(domain.Name{}, domain.IPWhitelist{}, domain.IPRange{}),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || got.Unreadable() != 0 {
		t.Errorf("unreadable %q (-stored +read):\n%s", got.Unreadable(), diff)
	}
}

func TestAuthorize_UnreadablePartsGrantNothing(t *testing.T) {
	t.Parallel()
	for parts, want := range map[domain.Parts]domain.Verdict{
		0:                      domain.VerdictOK,
		domain.PartName:        domain.VerdictOK,
		domain.PartMode:        domain.VerdictOK,
		domain.PartScopes:      domain.VerdictInsufficientScope,
		domain.PartIPWhitelist: domain.VerdictIPNotAllowed,
		domain.PartExpiresAt:   domain.VerdictExpired,
		domain.PartRateLimits:  domain.VerdictRateLimited,
		domain.PartQuota:       domain.VerdictQuotaExceeded,
		domain.PartStatus:      domain.VerdictDisabled,
		domain.PartDeletedAt:   domain.VerdictNotFound,
	} {
		check := domain.Check{Secret: newSecret(t, 1, domain.ModeLive), Addr: inside}
		if got := unreadableKey(t, parts).Authorize(check, verifier{}, now).Verdict; got != want {
			t.Errorf("without %q the verdict is %s, want %s", parts, got, want)
		}
	}
	s := snapshot(t, newSecret(t, 1, domain.ModeLive))
	s.Secrets[0] = domain.UnreadableSecret()
	check := domain.Check{Secret: newSecret(t, 1, domain.ModeLive), Addr: inside}
	if got := domain.Rehydrate(s).Authorize(check, verifier{}, now).Verdict; got != domain.VerdictNotFound {
		t.Errorf("without its secret the verdict is %s", got)
	}
}

func TestRevise_ReplacesUnreadableParts(t *testing.T) {
	t.Parallel()
	marked := newName(t, "[unreadable name]")
	unreadable := newName(t, "unreadable")
	for name, c := range map[string]struct {
		part     domain.Parts
		revision domain.Revision
		want     domain.Change
	}{
		"a name by the placeholder": {
			domain.PartName,
			domain.Revision{Name: &marked},
			domain.Change{Field: "name", Old: "unreadable", New: "[unreadable name]"},
		},
		"a name by the audit trail's word": {
			domain.PartName,
			domain.Revision{Name: &unreadable},
			domain.Change{Field: "name", Old: "unreadable", New: "unreadable"},
		},
		"scopes by none": {
			domain.PartScopes,
			domain.Revision{Scopes: &domain.ScopeSet{}},
			domain.Change{Field: "scopes", Old: "unreadable", New: []string{}},
		},
		"a whitelist by none": {
			domain.PartIPWhitelist,
			domain.Revision{IPWhitelist: &domain.IPWhitelist{}},
			domain.Change{Field: "ipWhitelist", Old: "unreadable", New: []string{}},
		},
		"an expiry by none": {
			domain.PartExpiresAt,
			domain.Revision{ExpiresAt: &time.Time{}},
			domain.Change{Field: "expiresAt", Old: "unreadable"},
		},
		"rate limits by none": {
			domain.PartRateLimits,
			domain.Revision{RateLimits: &[]domain.Limit{}},
			domain.Change{Field: "rateLimits", Old: "unreadable", New: []string{}},
		},
		"a quota by none": {
			domain.PartQuota,
			domain.Revision{Quota: &domain.Limit{}},
			domain.Change{Field: "quota", Old: "unreadable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := unreadableKey(t, c.part|domain.PartStatus)
			tag := key.Tag()
			event, err := key.Revise(c.revision, "evt_1", domain.Author{}, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]domain.Change{c.want}, event.Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if key.Unreadable() != domain.PartStatus || key.Tag() == tag {
				t.Errorf("unreadable is %q; the tag has changed: %v", key.Unreadable(), key.Tag() != tag)
			}
		})
	}
}

func TestRevise_KeepsOtherPartsUnreadable(t *testing.T) {
	t.Parallel()
	key := unreadableKey(t, allParts)
	name := newName(t, "Other")
	event, err := key.Revise(domain.Revision{Name: &name}, "evt_1", domain.Author{}, now)
	if err != nil || len(event.Changes) != 1 || key.Unreadable() != allParts&^domain.PartName {
		t.Errorf("changes %v, error %v, unreadable %q", event.Changes, err, key.Unreadable())
	}
}

func TestDisable_ReplacesAnUnreadableStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*domain.APIKey) domain.Event
		want   domain.Status
	}{
		"disable": {func(k *domain.APIKey) domain.Event { return k.Disable("evt_1", domain.Author{}, now) }, domain.StatusDisabled},
		"enable":  {func(k *domain.APIKey) domain.Event { return k.Enable("evt_1", domain.Author{}, now) }, domain.StatusActive},
	} {
		key := unreadableKey(t, domain.PartStatus)
		event := c.change(key)
		want := []domain.Change{{Field: "status", Old: "unreadable", New: string(c.want)}}
		if diff := cmp.Diff(want, event.Changes); diff != "" || key.Status(now) != c.want || key.Unreadable() != 0 {
			t.Errorf("%s: the key is %s, unreadable %q (-want +got):\n%s", name, key.Status(now), key.Unreadable(), diff)
		}
	}
}

func TestRotate_DiscardsAnUnreadableSecret(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	s := snapshot(t, secret)
	s.Secrets[0], s.Unreadable = domain.UnreadableSecret(), domain.PartSecrets
	key := domain.Rehydrate(s)
	event, err := key.Rotate(digestOf(secret), time.Hour, "evt_1", domain.Author{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := key.Snapshot(); len(got.Secrets) != 1 || got.Unreadable != 0 {
		t.Errorf("%d secrets, unreadable %q, want only the new one", len(got.Secrets), got.Unreadable)
	}
	want := []domain.Change{{Field: "previousSecretValidUntil", New: now.Truncate(time.Microsecond).Format(time.RFC3339)}}
	if diff := cmp.Diff(want, event.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
