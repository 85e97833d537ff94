package sqlkit

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// Before a member is added to what is stored with an idempotency key, this list
// must be reviewed.
func TestOutcome_HasTheseMembersAndNoSecret(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)
	encoded, err := encodeOutcome(domain.Snapshot{
		Secrets: []domain.StoredSecret{{Digest: domain.Digest{PepperID: "p1"}}}, ExpiresAt: now, LastUsedAt: now, DeletedAt: now,
		RateLimits: []domain.Limit{{Name: "default"}}, Quota: domain.Limit{Max: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(encoded), &members); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"created_at", "created_by", "deleted_at", "disabled", "expires_at", "id", "ip_whitelist", "last_used_at", "mode", "name", "quota", "rate_limits", "scopes",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(members))); diff != "" {
		t.Errorf("members:\n%s", diff)
	}
}

func TestOutcome_IsRejectedIfItIsNotAKey(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{``, `[]`, `{}`, `{"name":"Key"}`, `{"name":"","mode":1}`, `{"name":"Key","mode":3}`, `{"name":"Key","mode":1,"created_at":"today"}`} {
		if key, err := decodeOutcome("ws", stored); err == nil {
			t.Errorf("%s is read as %v", stored, key)
		}
	}
}

func TestOutcome_AdmitsNobodyIfItsWhitelistIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`null`, `["10.0.0.300"]`, `{}`} {
		key, err := decodeOutcome("ws", `{"id":"sk_live_0000000000000001","name":"Key","mode":1,"scopes":null,"ip_whitelist":`+list+`}`)
		if err != nil {
			t.Fatal(err)
		}
		if s := key.Snapshot(); s.IPWhitelist.Admits(netip.Addr{}) || !s.Scopes.Empty() {
			t.Errorf("with the whitelist %s an address is admitted or a scope held", list)
		}
	}
}

func TestOutcome_IsReadMemberByMember(t *testing.T) {
	t.Parallel()
	key, err := decodeOutcome("ws", `{"id":"sk_test_0000000000000001","name":"","mode":"x","scopes":["a:b"],"ip_whitelist":[],
"disabled":2,"created_by":1,"created_at":"today","expires_at":"tomorrow","rate_limits":null,"quota":{"limit":0}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := domain.PartName | domain.PartMode | domain.PartStatus | domain.PartCreatedBy | domain.PartCreatedAt | domain.PartExpiresAt |
		domain.PartRateLimits | domain.PartQuota
	if s := key.Snapshot(); s.Unreadable != want || s.Mode != domain.ModeTest || s.Scopes.Empty() {
		t.Errorf("unreadable is %q, want %q; the mode is %s", s.Unreadable, want, s.Mode)
	}
}
