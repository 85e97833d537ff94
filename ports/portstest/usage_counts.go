package portstest

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// usageDay is a day before which no other case counts checks, so that a shared store can
// forget what is older.
var usageDay = domain.DayOf(usedAt)

func checksOf(id domain.KeyID, day domain.Day, verdict domain.Verdict) ports.CheckCount {
	return ports.CheckCount{KeyID: id, Day: day, Verdict: verdict}
}

func record(t *testing.T, store UsageStore, batch ports.UsageBatch) {
	t.Helper()
	if batch.ID == "" {
		batch.ID = rand.Text()
	}
	if batch.Day == 0 {
		batch.Day = usageDay
	}
	if err := store.RecordUse(t.Context(), batch); err != nil {
		t.Fatalf("RecordUse: %v", err)
	}
}

// requireUsage fails the test unless the store has the usage of a key in the 92 days
// until usageDay.
func requireUsage(t *testing.T, store UsageStore, id domain.KeyID, validUntil time.Time, want ports.Usage) {
	t.Helper()
	query := ports.UsageQuery{
		KeyID: id, Days: domain.DayRange{From: usageDay - domain.MaxUsageDays + 1, To: usageDay}, PreviousValidUntil: validUntil,
	}
	got, err := store.Usage(t.Context(), query)
	if err != nil {
		t.Fatalf("Usage: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

func addsChecks(t *testing.T, store UsageStore) {
	e, other := issue(t), issue(t)
	unknown, deleted := issue(t), rehydrated(t, issue(t), func(s *domain.Snapshot) { s.DeletedAt = issuedAt })
	for _, created := range []entry{e, other, deleted} {
		requireCreated(t, store, created)
	}
	first := usageDay - domain.MaxUsageDays + 1
	batch := map[ports.CheckCount]int64{
		checksOf(e.id(), usageDay, domain.VerdictOK):            3,
		checksOf(e.id(), usageDay, domain.VerdictIPNotAllowed):  1,
		checksOf(e.id(), usageDay-1, domain.VerdictOK):          5,
		checksOf(e.id(), first, domain.VerdictOK):               7,
		checksOf(e.id(), first-1, domain.VerdictOK):             9, // not requested
		checksOf(e.id(), usageDay+1, domain.VerdictOK):          9,
		checksOf(other.id(), usageDay, domain.VerdictOK):        11,
		checksOf(unknown.id(), usageDay, domain.VerdictOK):      1,
		checksOf(deleted.id(), usageDay, domain.VerdictExpired): 1,
	}
	record(t, store, ports.UsageBatch{Checks: batch})
	record(t, store, ports.UsageBatch{})
	record(t, store, ports.UsageBatch{Checks: map[ports.CheckCount]int64{
		checksOf(e.id(), usageDay, domain.VerdictOK):      10,
		checksOf(e.id(), usageDay, domain.VerdictExpired): domain.MaxQuota,
	}})
	requireUsage(t, store, e.id(), time.Time{}, ports.Usage{Checks: map[ports.CheckCount]int64{
		checksOf(e.id(), usageDay, domain.VerdictOK):           13,
		checksOf(e.id(), usageDay, domain.VerdictIPNotAllowed): 1,
		checksOf(e.id(), usageDay, domain.VerdictExpired):      domain.MaxQuota,
		checksOf(e.id(), usageDay-1, domain.VerdictOK):         5,
		checksOf(e.id(), first, domain.VerdictOK):              7,
	}})
	requireUsage(t, store, other.id(), time.Time{}, ports.Usage{Checks: map[ports.CheckCount]int64{
		checksOf(other.id(), usageDay, domain.VerdictOK): 11,
	}})
	for _, absent := range []entry{unknown, deleted} {
		requireUsage(t, store, absent.id(), time.Time{}, ports.Usage{})
	}
}

func addsOnce(t *testing.T, store UsageStore) {
	e := issue(t)
	requireCreated(t, store, e)
	count := checksOf(e.id(), usageDay, domain.VerdictOK)
	batch := ports.UsageBatch{ID: rand.Text(), Checks: map[ports.CheckCount]int64{count: 3}}
	errs := together(flushes, func(int) error {
		again := batch
		again.Day = usageDay
		return store.RecordUse(t.Context(), again)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	requireUsage(t, store, e.id(), time.Time{}, ports.Usage{Checks: map[ports.CheckCount]int64{count: 3}})
}

func keepsScopeUses(t *testing.T, store UsageStore) {
	e, other := issue(t), issue(t)
	requireCreated(t, store, e)
	requireCreated(t, store, other)
	for _, later := range []time.Duration{0, time.Hour, -time.Hour} {
		record(t, store, ports.UsageBatch{Scopes: map[ports.ScopeOfKey]time.Time{
			{KeyID: e.id(), Scope: "payment:read"}:          usedAt.Add(later),
			{KeyID: e.id(), Scope: "payment:write"}:         usedAt.Add(-later),
			{KeyID: issue(t).id(), Scope: "payment:delete"}: usedAt,
		}})
	}
	kept := usedAt.Add(time.Hour).UTC().Truncate(time.Microsecond)
	requireUsage(t, store, e.id(), time.Time{}, ports.Usage{Scopes: map[domain.Scope]time.Time{"payment:read": kept, "payment:write": kept}})
	requireUsage(t, store, other.id(), time.Time{}, ports.Usage{})
}

func keepsPreviousUses(t *testing.T, store UsageStore) {
	e := issue(t)
	requireCreated(t, store, e)
	end := usedAt.Add(48 * time.Hour).UTC().Truncate(time.Microsecond)
	for _, later := range []time.Duration{0, time.Hour, -time.Hour} {
		record(t, store, ports.UsageBatch{Previous: map[ports.PreviousSecret]time.Time{
			{KeyID: e.id(), ValidUntil: end}:                        usedAt.Add(later),
			{KeyID: e.id(), ValidUntil: end.Add(-time.Microsecond)}: usedAt.Add(-2 * time.Hour), // of an earlier rotation
			{KeyID: issue(t).id(), ValidUntil: end}:                 usedAt,
		}})
	}
	kept := usedAt.Add(time.Hour).UTC().Truncate(time.Microsecond)
	requireUsage(t, store, e.id(), end, ports.Usage{PreviousUsed: kept})
	requireUsage(t, store, e.id(), end.Add(-time.Microsecond), ports.Usage{PreviousUsed: kept.Add(-3 * time.Hour)})
	requireUsage(t, store, e.id(), end.Add(time.Microsecond), ports.Usage{})
	requireUsage(t, store, e.id(), time.Time{}, ports.Usage{})
}

// forgetsUsage counts checks of days on which no other case does.
func forgetsUsage(t *testing.T, store UsageStore) {
	const today = domain.Day(10_000)
	e := issue(t)
	requireCreated(t, store, e)
	oldest := today - domain.KeptUsageDays
	old := map[ports.CheckCount]int64{}
	for i := range domain.Day(5) {
		old[checksOf(e.id(), oldest-1-i, domain.VerdictOK)] = 1
	}
	kept, ended := checksOf(e.id(), oldest, domain.VerdictOK), today.Start().Add(-48*time.Hour)
	used := today.Start().Add(-72 * time.Hour)
	id := rand.Text()
	record(t, store, ports.UsageBatch{ID: id, Day: today - 1, Checks: map[ports.CheckCount]int64{kept: 1}})
	record(t, store, ports.UsageBatch{Day: today - 2, Checks: old, Previous: map[ports.PreviousSecret]time.Time{
		{KeyID: e.id(), ValidUntil: ended}:                     used,
		{KeyID: e.id(), ValidUntil: ended.Add(24 * time.Hour)}: used,
	}})

	removed := 0
	for range 10 {
		n, err := store.ForgetUsage(t.Context(), today, 2)
		if err != nil || n > 3*2 {
			t.Fatalf("ForgetUsage removes %d, error %v", n, err)
		}
		removed += n
	}
	if want := len(old) + 1 + 1; removed != want { // with the batch and the use of the previous secret
		t.Errorf("%d removed, want %d", removed, want)
	}
	record(t, store, ports.UsageBatch{ID: id, Day: today - 1, Checks: map[ports.CheckCount]int64{kept: 1}})
	query := ports.UsageQuery{KeyID: e.id(), Days: domain.DayRange{From: oldest - 10, To: oldest}, PreviousValidUntil: ended}
	got, err := store.Usage(t.Context(), query)
	if err != nil {
		t.Fatalf("Usage: %v", err)
	}
	if diff := cmp.Diff(ports.Usage{Checks: map[ports.CheckCount]int64{kept: 1}}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	query.PreviousValidUntil = ended.Add(24 * time.Hour)
	if got, err := store.Usage(t.Context(), query); err != nil || !got.PreviousUsed.Equal(used) {
		t.Errorf("the use of a secret that worked yesterday is %v, error %v", got.PreviousUsed, err)
	}
}

func addsTogether(t *testing.T, store UsageStore) {
	const keys = 16
	ids := make([]domain.KeyID, keys)
	for i := range ids {
		e := issue(t)
		requireCreated(t, store, e)
		ids[i] = e.id()
	}
	end := usedAt.UTC().Truncate(time.Microsecond)
	errs := together(flushes, func(int) error {
		batch := ports.UsageBatch{
			ID: rand.Text(), Day: usageDay,
			LastUsed: map[domain.KeyID]time.Time{}, Checks: map[ports.CheckCount]int64{},
			Scopes: map[ports.ScopeOfKey]time.Time{}, Previous: map[ports.PreviousSecret]time.Time{},
		}
		for _, id := range ids { // each batch has its own order
			batch.LastUsed[id] = usedAt
			batch.Scopes[ports.ScopeOfKey{KeyID: id, Scope: "payment:read"}] = usedAt
			batch.Previous[ports.PreviousSecret{KeyID: id, ValidUntil: end}] = usedAt
			batch.Checks[checksOf(id, usageDay, domain.VerdictOK)] = 1
			batch.Checks[checksOf(id, usageDay, domain.VerdictDisabled)] = 2
		}
		return store.RecordUse(t.Context(), batch)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		requireUsage(t, store, id, end, ports.Usage{
			Checks: map[ports.CheckCount]int64{
				checksOf(id, usageDay, domain.VerdictOK):       flushes,
				checksOf(id, usageDay, domain.VerdictDisabled): 2 * flushes,
			},
			Scopes:       map[domain.Scope]time.Time{"payment:read": end},
			PreviousUsed: end,
		})
	}
}
