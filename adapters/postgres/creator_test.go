package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// crowd is a workspace in which creations wait, as if one were in flight.
type crowd struct {
	*KeyRepository
	started sync.WaitGroup
}

const crowded = "ws_crowded"

// newCrowd returns a crowd with the given number of living keys.
func newCrowd(t *testing.T, living int) *crowd {
	t.Helper()
	c := &crowd{KeyRepository: openMigrated(t, migrated(t))}
	for range living {
		key, event := crowdKey(t)
		if err := c.Create(t.Context(), key, event, ports.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for c.busy() {
		runtime.Gosched()
	}
	c.creator.mu.Lock()
	defer c.creator.mu.Unlock()
	c.creator.turn = time.Hour
	c.creator.waiting[crowded] = nil
	return c
}

// release ends the creation in flight, and returns when those that waited have
// returned.
func (c *crowd) release() {
	c.createWaiting(crowded)
	c.started.Wait()
}

func (c *crowd) busy() bool {
	c.creator.mu.Lock()
	defer c.creator.mu.Unlock()
	_, busy := c.creator.waiting[crowded]
	return busy
}

// queue starts creations one after the other, each when the one before is waiting. After
// release, errs has their errors.
func (c *crowd) queue(ctx context.Context, errs []error, keys []*domain.APIKey, events []domain.Event, options func(i int) ports.CreateOptions) {
	before := c.queued()
	for i := range keys {
		c.started.Go(func() { errs[i] = c.Create(ctx, keys[i], events[i], options(i)) })
		for c.queued() != before+i+1 {
			runtime.Gosched()
		}
	}
}

func upTo(maxKeys int) func(int) ports.CreateOptions {
	return func(int) ports.CreateOptions { return ports.CreateOptions{MaxKeys: maxKeys} }
}

func (c *crowd) queued() int {
	c.creator.mu.Lock()
	defer c.creator.mu.Unlock()
	return len(c.creator.waiting[crowded])
}

// transactions returns how many transactions have stored the events of keys.
func (c *crowd) transactions(t *testing.T, keys []*domain.APIKey) int {
	t.Helper()
	ids := map[string]bool{}
	for _, key := range keys {
		var id string
		if err := c.pool.GetContext(t.Context(), &id, `SELECT txid::text FROM api_key_events WHERE api_key_id = $1`, string(key.ID())); err == nil {
			ids[id] = true
		}
	}
	return len(ids)
}

func (c *crowd) stored(t *testing.T, key *domain.APIKey) bool {
	t.Helper()
	_, err := c.Find(t.Context(), key.ID())
	if err != nil && !errors.Is(err, domain.ErrKeyNotFound) {
		t.Error(err)
	}
	return err == nil
}

func (c *crowd) living(t *testing.T) (living int) {
	t.Helper()
	if err := c.pool.GetContext(t.Context(), &living, `SELECT living FROM api_key_counts WHERE workspace_id = 'ws_crowded'`); err != nil {
		t.Fatal(err)
	}
	return living
}

// crowdKey returns a new key, with its event.
func crowdKey(t *testing.T, edit ...func(*domain.Draft)) (*domain.APIKey, domain.Event) {
	t.Helper()
	name, _ := domain.ParseName(`a "name", {with} \all`)
	scopes, _ := domain.ParseScopes([]string{"payment:read", "payment:write"})
	whitelist, _ := domain.ParseIPWhitelist([]string{"192.168.1.0/24"})
	draft := domain.Draft{Workspace: crowded, Name: name, Mode: domain.ModeLive, Scopes: scopes, IPWhitelist: whitelist}
	for _, e := range edit {
		e(&draft)
	}
	secret, err := domain.NewSecret(rand.Reader, draft.Mode)
	if err != nil {
		t.Fatal(err)
	}
	eventID, err := domain.NewEventID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := domain.Author{AccountID: "acc", Portal: domain.PortalPartner, Origin: domain.Origin{ClientHash: "hash", RequestID: "req"}}
	key, err := domain.Issue(draft, secret.KeyID(), domain.Digest{Algorithm: domain.AlgorithmHMACSHA256, PepperID: "p1", Sum: [32]byte{1}}, by, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return key, key.Created(eventID, by)
}

func crowdKeys(t *testing.T, n int) (keys []*domain.APIKey, events []domain.Event, errs []error) {
	t.Helper()
	for i := range n {
		key, event := crowdKey(t, func(d *domain.Draft) {
			if i%2 == 1 {
				d.ExpiresAt = time.Now().Add(time.Hour)
				d.IPWhitelist = domain.IPWhitelist{}
			}
		})
		keys, events = append(keys, key), append(events, event)
	}
	return keys, events, make([]error, n)
}

func TestCreate_ThoseThatWaitShareATransaction(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 9)
	c.queue(t.Context(), errs, keys, events, upTo(10))
	c.release()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := c.transactions(t, keys); n != 1 {
		t.Errorf("%d transactions, want 1", n)
	}
	if n := c.living(t); n != 9 {
		t.Errorf("%d keys are counted, want 9", n)
	}
	for i, key := range keys {
		found, err := c.Find(t.Context(), key.ID())
		if err != nil {
			t.Fatal(err)
		}
		got, want := found.Snapshot(), key.Snapshot()
		if got.Name != want.Name || !got.CreatedAt.Equal(want.CreatedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) ||
			!slices.Equal(got.Secrets, want.Secrets) || len(got.IPWhitelist.Ranges()) != len(want.IPWhitelist.Ranges()) || got.Unreadable != 0 {
			t.Errorf("key %d is stored as %+v, want %+v", i, got, want)
		}
		page, err := c.Events(t.Context(), crowded, key.ID(), domain.Page{})
		if err != nil || len(page.Events) != 1 || page.Events[0].ID != events[i].ID || len(page.Events[0].Changes) != len(events[i].Changes) {
			t.Errorf("key %d has the events %+v, %v", i, page.Events, err)
		}
	}
}

func TestCreate_OneThatFailsFailsAlone(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 1) // the one that exists
	keys, events, errs := crowdKeys(t, 5)
	existing, err := c.List(t.Context(), crowded, domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil || len(existing.Keys) != 1 {
		t.Fatal(err)
	}
	keys[1] = existing.Keys[0]
	events[3].By.AccountID = "not \x00 storable"
	c.queue(t.Context(), errs, keys, events, upTo(0))
	c.release()
	for i, err := range errs {
		switch {
		case i == 1 && !errors.Is(err, domain.ErrKeyExists), i == 3 && err == nil, i != 1 && i != 3 && err != nil:
			t.Errorf("creation %d: %v", i, err)
		case i != 1 && c.stored(t, keys[i]) != (i != 3):
			t.Errorf("creation %d: stored %v", i, i == 3)
		}
	}
	if n := c.living(t); n != 4 {
		t.Errorf("%d keys are counted, want 4", n)
	}
}

func TestCreate_TheCapIsExactForThoseThatWait(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 3)
	keys, events, errs := crowdKeys(t, 6)
	c.queue(t.Context(), errs, keys, events, upTo(7))
	c.release()
	stored := 0
	for i, err := range errs {
		if is := c.stored(t, keys[i]); is != (err == nil) || err != nil && !errors.Is(err, domain.ErrTooManyKeys) {
			t.Errorf("creation %d: %v, but stored: %v", i, err, is)
		}
		if err == nil {
			stored++
		}
	}
	if n := c.living(t); stored != 4 || n != 7 {
		t.Errorf("%d keys are stored, and %d counted, want 4 and 7", stored, n)
	}
}

func TestCreate_OneThatIsCancelledIsNotStored(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	keys, events, errs := crowdKeys(t, 4)
	ctx, cancel := context.WithCancel(t.Context())
	c.queue(t.Context(), errs[:2], keys[:2], events[:2], upTo(0))
	gone := make([]error, 1)
	var left sync.WaitGroup
	left.Go(func() { gone[0] = c.Create(ctx, keys[2], events[2], ports.CreateOptions{}) })
	for c.queued() != 3 {
		runtime.Gosched()
	}
	cancel()
	left.Wait()
	c.queue(t.Context(), errs[3:], keys[3:], events[3:], upTo(0))
	c.release()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if !errors.Is(gone[0], domain.ErrUnavailable) || c.stored(t, keys[2]) {
		t.Errorf("the cancelled one: %v, stored %v", gone[0], c.stored(t, keys[2]))
	}
	if n := c.living(t); n != 3 {
		t.Errorf("%d keys are counted, want 3", n)
	}
}

func TestCreate_DoesNotWaitLongForAnother(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0) // in which one hangs
	c.creator.turn = time.Nanosecond
	keys, events, errs := crowdKeys(t, 3)
	for i := range keys {
		if errs[i] = c.Create(t.Context(), keys[i], events[i], ports.CreateOptions{}); errs[i] != nil || !c.stored(t, keys[i]) {
			t.Errorf("creation %d: %v", i, errs[i])
		}
	}
}
