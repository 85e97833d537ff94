package acceptance

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// expiry is when keys expire in situations with an expired key.
var expiry = now.Add(time.Minute)

func (w *world) openAsOwner(t *testing.T, workspace string) *apikeys.Workspace {
	t.Helper()
	ws, err := embedded{w}.open(t, caller{workspace: workspace, account: account, portal: "PARTNER", role: "OWNER"})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// keyFor creates the key of a situation, before expiry, and returns its
// identifier.
func (w *world) keyFor(t *testing.T, s situation) string {
	t.Helper()
	switch s.key {
	case "-":
		return ""
	case "absent":
		return map[string]string{"LIVE": "sk_live_", "TEST": "sk_test_"}[s.mode] + "0000000000000000"
	case "malformed":
		return "nonsense"
	}
	_, _, workspace := s.spelling()
	by := caller{workspace: workspace, account: account, portal: "PARTNER", role: "OWNER"}
	wanted := wish{name: "k", mode: s.mode}
	if s.key == "expired" || s.key == "disabled+expired" {
		wanted.expiresAt = expiry.Format(time.RFC3339)
	}
	made, ended := embedded{w}.create(t, by, wanted)
	switch s.key {
	case "disabled", "disabled+expired":
		ended = embedded{w}.disable(t, by, made.ID, "")
	case "deleted":
		ended = embedded{w}.remove(t, by, made.ID, "")
	}
	if ended != well {
		t.Fatalf("%s: its key cannot be made: %+v", s, ended)
	}
	return made.ID
}

// kept describes everything that a rejected request could have changed: the key
// and the length of its trail, or, if it names no key, the number of keys.
func (w *world) kept(t *testing.T, s situation, id string) string {
	t.Helper()
	if asks[s.operation].keyless {
		return fmt.Sprint(w.countKeys(t, s.own()), w.countKeys(t, s.foreign()))
	}
	_, _, workspace := s.spelling()
	ws := w.openAsOwner(t, workspace)
	tag := "none"
	key, err := ws.GetKey(t.Context(), domain.KeyID(id))
	if err == nil {
		tag = key.Tag()
	}
	trail, trailErr := ws.KeyEvents(t.Context(), domain.KeyID(id), domain.Page{})
	if err := errors.Join(err, trailErr); err != nil && !errors.Is(err, domain.ErrKeyNotFound) {
		t.Fatal(err)
	}
	return fmt.Sprint(tag, " ", trail.Total)
}

func (w *world) countKeys(t *testing.T, workspace string) int64 {
	t.Helper()
	page, err := w.openAsOwner(t, workspace).ListKeys(t.Context(), domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}
