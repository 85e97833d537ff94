package portstest

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// exactly compares all fields of domain values. Equal times must also have the
// same location, because callers format them without converting to UTC.
var exactly = cmp.Options{
	cmp.AllowUnexported(domain.Name{}, domain.IPWhitelist{}, domain.IPRange{}),
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b time.Time) bool {
		return a.Equal(b) && a.Location() == b.Location()
	}),
}

// difference returns the difference between two domain values, or "" if there is none.
// Most are equal, and to see that by reflection takes a fraction of what cmp takes.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, exactly)
}

func requireKey(t rapid.TB, want, got *domain.APIKey) {
	t.Helper()
	if got == nil {
		t.Fatalf("key is nil")
	}
	if diff := difference(want.Snapshot(), got.Snapshot()); diff != "" {
		t.Fatalf("key differs (-stored +read):\n%s", diff)
	}
}

// eventsOf returns the audit trail of a key with at most a page of events.
func eventsOf(ctx context.Context, repo ports.EventReader, ws domain.WorkspaceID, id domain.KeyID) ([]domain.Event, error) {
	page, faults := domain.NewPage(0, domain.MaxPageSize)
	if faults != nil {
		return nil, faults.Err()
	}
	list, err := repo.Events(ctx, ws, id, page)
	return list.Events, err
}

func requireEvents(t rapid.TB, repo ports.KeyRepository, want entry) {
	t.Helper()
	got, err := eventsOf(context.Background(), repo, want.workspace(), want.id())
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	if diff := difference([]domain.Event{want.event}, got); diff != "" {
		t.Fatalf("events differ (-stored +read):\n%s", diff)
	}
}

// requireStored fails the test unless Find, Get and Events return exactly e.
func requireStored(t rapid.TB, repo ports.KeyRepository, e entry) {
	t.Helper()
	found, err := repo.Find(context.Background(), e.id())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	requireKey(t, e.key, found)
	got, err := repo.Get(context.Background(), e.workspace(), e.id())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	requireKey(t, e.key, got)
	requireEvents(t, repo, e)
}

// requireAbsent fails the test if any part of e can be read.
func requireAbsent(t rapid.TB, repo ports.KeyRepository, e entry) {
	t.Helper()
	requireNotFound(t, repo, e.workspace(), e.id())
	if _, err := repo.Find(context.Background(), e.id()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatalf("Find returns %v, want ErrKeyNotFound", err)
	}
	if _, err := repo.FindEver(context.Background(), e.id()); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatalf("FindEver returns %v, want ErrKeyNotFound", err)
	}
	requireNoEvents(t, repo, e.workspace(), e.id())
}

func requireNotFound(t rapid.TB, repo ports.KeyRepository, ws domain.WorkspaceID, id domain.KeyID) {
	t.Helper()
	key, err := repo.Get(context.Background(), ws, id)
	if !errors.Is(err, domain.ErrKeyNotFound) || key != nil {
		t.Fatalf("Get returns %v, want no key and ErrKeyNotFound", err)
	}
}

func requireNoEvents(t rapid.TB, repo ports.KeyRepository, ws domain.WorkspaceID, id domain.KeyID) {
	t.Helper()
	events, err := eventsOf(context.Background(), repo, ws, id)
	if err != nil || len(events) != 0 {
		t.Fatalf("Events returns %d events and %v, want none", len(events), err)
	}
}

func requireCreated(t rapid.TB, repo ports.KeyRepository, e entry) {
	t.Helper()
	if err := repo.Create(context.Background(), e.key, e.event, ports.CreateOptions{}); err != nil {
		t.Fatalf("Create: %v", err)
	}
}
