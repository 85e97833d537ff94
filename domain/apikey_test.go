package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

var (
	partner = domain.Author{AccountID: "acc-1", Portal: domain.PortalPartner, Origin: domain.Origin{ClientHash: "hash-1", RequestID: "req-1"}}
	tenant  = domain.Author{AccountID: "acc-2", Portal: domain.PortalTenant}
)

// sameValues compares domain values by their content.
var sameValues = cmp.Options{
	cmp.Comparer(func(a, b domain.Name) bool { return a == b }),
	cmp.Transformer("codes", domain.ScopeSet.Codes),
	cmp.Transformer("ranges", func(w domain.IPWhitelist) []string { return textsOf(w) }),
	cmp.Comparer(func(a, b domain.Digest) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func draft(t fataler) domain.Draft {
	t.Helper()
	return domain.Draft{
		Workspace:   "ws-1",
		Name:        newName(t, "Production Key"),
		Mode:        domain.ModeLive,
		Scopes:      newScopes(t, "payment:read", "payment:write"),
		IPWhitelist: newWhitelist(t, "192.168.1.0/24"),
		ExpiresAt:   now.Add(time.Hour),
	}
}

func TestIssue_ReturnsAnActiveKey(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	digest := digestOf(secret)
	d := draft(t)
	east := now.In(time.FixedZone("", 9*3600))
	d.ExpiresAt = east.Add(time.Hour)
	key, err := domain.Issue(d, secret.KeyID(), digest, partner, east)
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Snapshot{
		ID:          secret.KeyID(),
		Workspace:   "ws-1",
		Name:        d.Name,
		Mode:        domain.ModeLive,
		Scopes:      d.Scopes,
		IPWhitelist: d.IPWhitelist,
		Secrets:     []domain.StoredSecret{{Digest: digest}},
		CreatedBy:   "acc-1",
		CreatedAt:   time.Date(2026, 3, 21, 12, 0, 0, 123456000, time.UTC),
		ExpiresAt:   time.Date(2026, 3, 21, 13, 0, 0, 123456000, time.UTC),
	}
	got := key.Snapshot()
	if diff := cmp.Diff(want, got, sameValues); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, at := range map[string]time.Time{"CreatedAt": got.CreatedAt, "ExpiresAt": got.ExpiresAt} {
		if at.Location() != time.UTC {
			t.Errorf("%s is in %s", name, at.Location())
		}
	}
	if key.ID() != secret.KeyID() || key.Status(now) != domain.StatusActive {
		t.Errorf("%s is %s", key.ID(), key.Status(now))
	}
}

func TestIssue_WithoutAnExpiryNeverExpires(t *testing.T) {
	t.Parallel()
	d := draft(t)
	d.ExpiresAt = time.Time{}
	secret := newSecret(t, 1, domain.ModeLive)
	key, err := domain.Issue(d, secret.KeyID(), digestOf(secret), partner, now)
	if err != nil {
		t.Fatal(err)
	}
	if s := key.Snapshot(); !s.ExpiresAt.IsZero() || key.Status(now.AddDate(1000, 0, 0)) != domain.StatusActive {
		t.Errorf("expires at %s", s.ExpiresAt)
	}
}

func TestIssue_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	name := domain.Fault{Field: "name", Reason: domain.ReasonRequired, Rule: domain.RuleNameLength}
	mode := domain.Fault{Field: "mode", Reason: domain.ReasonRange, Rule: domain.RuleModeRange}
	past := domain.Fault{Field: "expiresAt", Reason: domain.ReasonInPast, Rule: domain.RuleExpiryInPast}
	outside := domain.Fault{Field: "expiresAt", Reason: domain.ReasonRange, Rule: domain.RuleExpiryRange}
	for title, tc := range map[string]struct {
		change func(*domain.Draft)
		want   domain.Faults
	}{
		"no name":            {func(d *domain.Draft) { d.Name = domain.Name{} }, domain.Faults{name}},
		"no mode":            {func(d *domain.Draft) { d.Mode = 0 }, domain.Faults{mode}},
		"an unknown mode":    {func(d *domain.Draft) { d.Mode = 3 }, domain.Faults{mode}},
		"an expiry now":      {func(d *domain.Draft) { d.ExpiresAt = now }, domain.Faults{past}},
		"an expiry long ago": {func(d *domain.Draft) { d.ExpiresAt = time.Unix(0, 0) }, domain.Faults{past}},
		"an expiry after the year 9999": {
			func(d *domain.Draft) { d.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
			domain.Faults{outside},
		},
		"all faults": {
			func(d *domain.Draft) { *d = domain.Draft{ExpiresAt: now.Add(-1)} },
			domain.Faults{name, mode, past},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := draft(t)
			tc.change(&d)
			key, err := domain.Issue(d, newSecret(t, 1, domain.ModeLive).KeyID(), domain.Digest{}, tenant, now)
			faults, ok := errors.AsType[domain.Faults](err)
			if !ok || key != nil {
				t.Fatalf("got %v, %v", key, err)
			}
			wantFaults(t, faults, tc.want)
		})
	}
}

func TestIssue_AllowsTestKeysOnlyForThePartnerPortal(t *testing.T) {
	t.Parallel()
	id := newSecret(t, 1, domain.ModeTest).KeyID()
	for portal, want := range map[domain.Portal]error{
		domain.PortalPartner:  nil,
		domain.PortalSystem:   domain.ErrTestKeyPortal,
		domain.PortalTenant:   domain.ErrTestKeyPortal,
		domain.PortalConsumer: domain.ErrTestKeyPortal,
		"":                    domain.ErrTestKeyPortal,
		"partner":             domain.ErrTestKeyPortal,
	} {
		d := draft(t)
		d.Mode = domain.ModeTest
		key, err := domain.Issue(d, id, domain.Digest{}, domain.Author{AccountID: "a", Portal: portal}, now)
		if !errors.Is(err, want) || (key == nil) != (want != nil) {
			t.Errorf("%q: %v, want %v", portal, err, want)
		}
	}
}

func TestIssue_AllowsLiveKeysForEveryPortal(t *testing.T) {
	t.Parallel()
	id := newSecret(t, 1, domain.ModeLive).KeyID()
	for _, portal := range []domain.Portal{domain.PortalPartner, domain.PortalSystem, domain.PortalTenant, domain.PortalConsumer} {
		if _, err := domain.Issue(draft(t), id, domain.Digest{}, domain.Author{Portal: portal}, now); err != nil {
			t.Errorf("%s: %v", portal, err)
		}
	}
}

func TestIssue_RejectsAnIDOfAnotherMode(t *testing.T) {
	t.Parallel()
	for _, id := range []domain.KeyID{newSecret(t, 1, domain.ModeTest).KeyID(), ""} {
		if key, err := domain.Issue(draft(t), id, domain.Digest{}, partner, now); err == nil || key != nil {
			t.Errorf("%q: got %v, %v", id, key, err)
		}
	}
}

func TestAPIKeyStatus_PrefersDisabledToExpired(t *testing.T) {
	t.Parallel()
	end := now.Add(time.Hour)
	for name, tc := range map[string]struct {
		disabled bool
		at       time.Time
		want     domain.Status
	}{
		"before expiry":          {false, end.Add(-1), domain.StatusActive},
		"at expiry":              {false, end, domain.StatusExpired},
		"after expiry":           {false, end.Add(1), domain.StatusExpired},
		"disabled before expiry": {true, end.Add(-1), domain.StatusDisabled},
		"disabled and expired":   {true, end, domain.StatusDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := domain.Rehydrate(domain.Snapshot{Disabled: tc.disabled, ExpiresAt: end})
			if got := key.Status(tc.at); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestRehydrate_KeepsTheSnapshot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Custom(func(t *rapid.T) time.Time {
			return time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "µs")).UTC()
		})
		secret := newSecret(t, rapid.Byte().Draw(t, "seed"), domain.ModeTest)
		want := domain.Snapshot{
			ID:          secret.KeyID(),
			Workspace:   "ws-1",
			Name:        newName(t, "k"),
			Mode:        domain.ModeTest,
			Scopes:      newScopes(t, rapid.SliceOfN(scopes(), 0, 5).Draw(t, "scopes")...),
			IPWhitelist: newWhitelist(t, "10.0.0.1"),
			Disabled:    rapid.Bool().Draw(t, "disabled"),
			Secrets:     []domain.StoredSecret{{Digest: digestOf(secret)}, {ValidUntil: at.Draw(t, "grace")}},
			CreatedBy:   "acc",
			CreatedAt:   at.Draw(t, "created"),
			ExpiresAt:   at.Draw(t, "expires"),
			LastUsedAt:  at.Draw(t, "used"),
			DeletedAt:   at.Draw(t, "deleted"),
		}
		if diff := cmp.Diff(want, domain.Rehydrate(want).Snapshot(), sameValues); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestAPIKey_SharesNoMemory(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	kept := domain.Snapshot{ID: secret.KeyID(), Secrets: []domain.StoredSecret{{Digest: digestOf(secret)}}}
	key := domain.Rehydrate(kept)
	kept.Secrets[0] = domain.StoredSecret{}
	key.Snapshot().Secrets[0] = domain.StoredSecret{}
	if got := key.Snapshot().Secrets[0].Digest; got != digestOf(secret) {
		t.Error("the key's secret was changed from outside")
	}
}

func TestAPIKeyCreated_ListsTheChosenProperties(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	key, err := domain.Issue(draft(t), secret.KeyID(), digestOf(secret), partner, now)
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Event{
		ID:        "evt_1",
		KeyID:     secret.KeyID(),
		Workspace: "ws-1",
		Type:      domain.EventCreated,
		At:        key.Snapshot().CreatedAt,
		By:        partner,
		Changes: []domain.Change{
			{Field: "name", New: "Production Key"},
			{Field: "mode", New: "LIVE"},
			{Field: "scopes", New: []string{"payment:read", "payment:write"}},
			{Field: "ipWhitelist", New: []string{"192.168.1.0/24"}},
			{Field: "expiresAt", New: "2026-03-21T13:00:00Z"},
		},
	}
	if diff := cmp.Diff(want, key.Created("evt_1", partner), cmpopts.EquateComparable(domain.Origin{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPIKeyCreated_ListsEmptyListsAsEmpty(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	key, err := domain.Issue(domain.Draft{Name: newName(t, "k"), Mode: domain.ModeLive}, secret.KeyID(), digestOf(secret), partner, now)
	if err != nil {
		t.Fatal(err)
	}
	want := []domain.Change{
		{Field: "name", New: "k"},
		{Field: "mode", New: "LIVE"},
		{Field: "scopes", New: []string{}},
		{Field: "ipWhitelist", New: []string{}},
	}
	if diff := cmp.Diff(want, key.Created("evt_1", partner).Changes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
