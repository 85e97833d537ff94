package domain_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

func fieldsOf(faults domain.Faults) []string {
	var fields []string
	for _, f := range faults {
		fields = append(fields, f.Field+" "+string(f.Reason))
	}
	return fields
}

func TestKeySpecDraft_ParsesTheValues(t *testing.T) {
	t.Parallel()
	draft, faults := domain.KeySpec{
		Name: " Production Key ", Mode: domain.ModeTest,
		Scopes: []string{"b:c", "a:b", "b:c"}, IPWhitelist: []string{"10.0.0.1", "2001:db8::/32"},
		ExpiresAt: now.Add(time.Hour + time.Millisecond),
	}.Draft("ws-1", now)
	wantFaults(t, faults, nil)
	if draft.Workspace != "ws-1" || draft.Name.String() != "Production Key" || draft.Mode != domain.ModeTest {
		t.Errorf("draft = %+v", draft)
	}
	if diff := cmp.Diff([]domain.Scope{"b:c", "a:b"}, draft.Scopes.Codes()); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	if got := draft.IPWhitelist.Ranges(); len(got) != 2 || got[0].String() != "10.0.0.1" || got[1].String() != "2001:db8::/32" {
		t.Errorf("whitelist = %v", got)
	}
	if want := now.Add(time.Hour).Truncate(time.Second); !draft.ExpiresAt.Equal(want) {
		t.Errorf("expiry = %v, want %v", draft.ExpiresAt, want)
	}
}

func TestKeySpecDraft_AppliesDefaults(t *testing.T) {
	t.Parallel()
	draft, faults := domain.KeySpec{Name: "k"}.Draft("ws-1", now)
	wantFaults(t, faults, nil)
	if draft.Mode != domain.ModeLive || !draft.Scopes.Empty() || len(draft.IPWhitelist.Ranges()) != 0 || !draft.ExpiresAt.IsZero() {
		t.Errorf("draft = %+v", draft)
	}
}

func TestKeySpecDraft_ReportsEveryFaultByField(t *testing.T) {
	t.Parallel()
	_, faults := domain.KeySpec{
		Name: "\u202e", Mode: 3, Scopes: []string{"a:b", "A:b", "c"}, IPWhitelist: []string{"10.0.0.1/8", "10.0.0.1", "x"}, ExpiresAt: now,
		RateLimits: []domain.RateLimitSpec{{Name: "a", Limit: 1, WindowSeconds: 1}, {Name: "a"}}, Quota: domain.QuotaSpec{Limit: 1},
	}.Draft("ws-1", now)
	want := []string{
		"name characters", "scopes[1] format", "scopes[2] format", "mode range", "ipWhitelist[0] host_bits", "ipWhitelist[2] format", "expiresAt in_past",
		"rateLimits[1].name duplicate_field", "rateLimits[1].limit range", "rateLimits[1].windowSeconds range", "quota.period format",
	}
	if diff := cmp.Diff(want, fieldsOf(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestKeyPatchRevision_ChangesOnlySetFields(t *testing.T) {
	t.Parallel()
	nothing, faults := domain.KeyPatch{}.Revision(now)
	wantFaults(t, faults, nil)
	if nothing != (domain.Revision{}) {
		t.Errorf("an empty patch revises %+v", nothing)
	}
	cleared, faults := domain.KeyPatch{
		Scopes: &[]string{}, IPWhitelist: &[]string{}, ExpiresAt: &time.Time{}, RateLimits: &[]domain.RateLimitSpec{}, Quota: &domain.QuotaSpec{},
	}.Revision(now)
	wantFaults(t, faults, nil)
	if cleared.Name != nil || !cleared.Scopes.Empty() || len(cleared.IPWhitelist.Ranges()) != 0 || !cleared.ExpiresAt.IsZero() ||
		len(*cleared.RateLimits) != 0 || *cleared.Quota != (domain.Limit{}) {
		t.Errorf("a clearing patch revises %+v", cleared)
	}
}

func TestParseScopes_StopsAfterMaxFaults(t *testing.T) {
	t.Parallel()
	wrong := make([]string, 5000)
	for i := range wrong {
		wrong[i] = strconv.Itoa(i)
	}
	if _, faults := domain.ParseScopes(wrong); len(faults) != domain.MaxFaults {
		t.Errorf("%d faults, want %d", len(faults), domain.MaxFaults)
	}
	if _, faults := domain.ParseIPWhitelist(wrong); len(faults) != domain.MaxFaults {
		t.Errorf("%d faults in addresses, want %d", len(faults), domain.MaxFaults)
	}
}
