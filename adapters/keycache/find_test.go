package keycache

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestFind_ReadsAKeyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := w.storedKey(t)
	for range 5 {
		expect(t, "check", w.status(t, id), "OK")
	}
	w.expectReads(t, 1)
}

func TestFind_RemembersAnUnknownIDBriefly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	id := newID(t)
	for range 5 {
		expect(t, "check", w.status(t, id), "not found")
	}
	w.expectReads(t, 1)
	w.store.put(id, false)
	w.Evict(id)
	expect(t, "once made", w.status(t, id), "OK")
}

func TestFind_TrustsNothingBeforeTheFirstPoll(t *testing.T) {
	t.Parallel()
	s := newStore()
	c, err := New(Options{Finder: s, MaximumKeys: 10, OutageGrace: time.Hour, Now: func() time.Time { return begin }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w := &world{Cache: c, store: s, feed: &script{}, clock: begin}
	id := newID(t)
	s.put(id, false)
	expect(t, "first", w.status(t, id), "OK")
	s.put(id, true)
	expect(t, "second", w.status(t, id), "DISABLED")
}

func TestClose_EndsTheTrustInTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Minute)
	id := w.cachedKey(t)
	w.store.fail(domain.ErrUnavailable)
	w.Close()
	expect(t, "check", w.status(t, id), "unavailable")
}
