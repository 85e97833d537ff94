package acceptance

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

// caller manages keys. By default it is the owner of a workspace.
type caller struct{ workspace, account, portal, role string }

// wish contains what a caller requests for one key.
type wish struct {
	name, mode, expiresAt string // empty: not set
	scopes, ipWhitelist   []string
	idempotencyKey        string
	seen                  string // the tag for If-Match
	grace                 int    // seconds
}

// seenKey is a key as a door returns it.
type seenKey struct {
	ID, Secret, Name, Status, Mode, CreatedBy, ExpiresAt string
	Scopes, IPWhitelist                                  []string
}

// done is the outcome of an operation: the code of the contract, and whether it
// is a replay.
type done struct {
	code     string
	replayed bool
}

var (
	well  = done{code: "2000"}
	again = done{code: "2000", replayed: true}
)

// managingDoor is one way to manage keys.
type managingDoor interface {
	create(t *testing.T, by caller, w wish) (seenKey, done)
	get(t *testing.T, by caller, id string) (key seenKey, tag string, d done)
	list(t *testing.T, by caller, status, part string) (names []string, d done)
	update(t *testing.T, by caller, id string, w wish) (seenKey, done)
	rotate(t *testing.T, by caller, id string, w wish) (seenKey, done)
	disable(t *testing.T, by caller, id, idempotencyKey string) done
	enable(t *testing.T, by caller, id, idempotencyKey string) done
	remove(t *testing.T, by caller, id, idempotencyKey string) done
	events(t *testing.T, by caller, id string) (types []string, d done)
}

// throughEveryDoor runs a case through each door, on each store, for the owner
// of a workspace of its own.
func throughEveryDoor(t *testing.T, run func(t *testing.T, w *world, door managingDoor, by caller)) {
	t.Helper()
	onEveryStoreWith(t, func(cfg *config.Config) { cfg.MaxKeysPerWorkspace = 3 }, func(t *testing.T, w *world) {
		for name, door := range map[string]managingDoor{"http": overHTTP{w}, "embedded": embedded{w}} {
			t.Run(name, func(t *testing.T) {
				run(t, w, door, caller{workspace: "ws_" + name, account: account, portal: "PARTNER", role: "OWNER"})
			})
		}
	})
}

func expect[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(done{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestManaging_TheWholeLifeOfAKey(t *testing.T) {
	throughEveryDoor(t, func(t *testing.T, w *world, door managingDoor, by caller) {
		made, d := door.create(t, by, wish{name: "k", mode: "TEST", scopes: []string{"a:b"}, ipWhitelist: []string{"10.0.0.0/8"}})
		expect(t, "create", well, d)
		want := seenKey{
			ID: made.ID, Secret: made.Secret, Name: "k", Status: "ACTIVE", Mode: "TEST",
			Scopes: []string{"a:b"}, IPWhitelist: []string{"10.0.0.0/8"}, CreatedBy: made.CreatedBy,
		}
		expect(t, "the new key", want, made)
		shown, tag, d := door.get(t, by, made.ID)
		want.Secret, want.CreatedBy = "", account
		expect(t, "get", well, d)
		expect(t, "the key", want, shown)

		_, d = door.update(t, by, made.ID, wish{name: "renamed", seen: "another"})
		expect(t, "an update of what was not seen", done{code: "4120"}, d)
		want.Name = "renamed"
		changed, d := door.update(t, by, made.ID, wish{name: "renamed", seen: tag})
		expect(t, "update", well, d)
		expect(t, "the updated key", want, changed)

		rotated, d := door.rotate(t, by, made.ID, wish{grace: 60})
		expect(t, "rotate", well, d)
		if rotated.Secret == made.Secret || w.reason(t, rotated.Secret) != "IP_NOT_ALLOWED" || w.reason(t, made.Secret) != "IP_NOT_ALLOWED" {
			t.Error("one of the two secrets proves nothing")
		}
		expect(t, "disable", well, door.disable(t, by, made.ID, ""))
		expect(t, "the check of a disabled key", "DISABLED", w.reason(t, rotated.Secret))
		names, d := door.list(t, by, "DISABLED", "RENAME")
		expect(t, "list", well, d)
		expect(t, "the list", []string{"renamed"}, names)
		expect(t, "enable", well, door.enable(t, by, made.ID, ""))
		expect(t, "delete", well, door.remove(t, by, made.ID, ""))
		expect(t, "the check of a deleted key", "NOT_FOUND", w.reason(t, rotated.Secret))
		_, _, d = door.get(t, by, made.ID)
		expect(t, "get what is deleted", done{code: "4040"}, d)
		types, d := door.events(t, by, made.ID)
		expect(t, "events", well, d)
		expect(t, "the events", []string{"CREATED", "DELETED", "DISABLED", "ENABLED", "ROTATED", "UPDATED"}, sortedCopy(types))
	})
}

func TestManaging_RejectsInvalidRequests(t *testing.T) {
	throughEveryDoor(t, func(t *testing.T, w *world, door managingDoor, by caller) {
		admin, tenant, foreign := by, by, by
		admin.role, tenant.portal, foreign.workspace = "ADMIN", "TENANT", by.workspace+"_2"
		made, _ := door.create(t, by, wish{name: "k", expiresAt: w.clock.Now().Add(time.Minute).Format(time.RFC3339)})
		for code, operations := range map[string][]func() done{
			"4030": {
				func() done { _, d := door.create(t, admin, wish{name: "k"}); return d },
				func() done { _, _, d := door.get(t, admin, made.ID); return d },
				func() done { _, d := door.list(t, admin, "", ""); return d },
				func() done { return door.remove(t, admin, made.ID, "") },
				func() done { _, d := door.events(t, admin, made.ID); return d },
			},
			"4031": {func() done { _, d := door.create(t, tenant, wish{name: "k", mode: "TEST"}); return d }},
			"4040": {
				func() done { _, _, d := door.get(t, foreign, made.ID); return d },
				func() done { _, d := door.update(t, foreign, made.ID, wish{name: "mine"}); return d },
				func() done { _, d := door.rotate(t, foreign, made.ID, wish{}); return d },
				func() done { return door.disable(t, foreign, made.ID, "") },
				func() done { return door.enable(t, foreign, made.ID, "") },
				func() done { return door.remove(t, foreign, made.ID, "") },
				func() done { _, d := door.events(t, foreign, made.ID); return d },
				func() done { return door.remove(t, by, "sk_live_0000000000000000", "") },
			},
		} {
			for i, operation := range operations {
				if got := operation(); got != (done{code: code}) {
					t.Errorf("operation %d of %s: %+v", i, code, got)
				}
			}
		}
		later := w.clock.Now().Add(2 * time.Minute)
		defer w.clock.Set(w.clock.Now())
		w.clock.Set(later)
		_, d := door.rotate(t, by, made.ID, wish{})
		expect(t, "rotate an expired key", done{code: "4090"}, d)
	})
}

func TestManaging_RepeatsNothingAndRespectsTheCap(t *testing.T) {
	throughEveryDoor(t, func(t *testing.T, _ *world, door managingDoor, by caller) {
		first, d := door.create(t, by, wish{name: "k", idempotencyKey: "c"})
		expect(t, "create", well, d)
		repeated, d := door.create(t, by, wish{name: "k", idempotencyKey: "c"})
		first.Secret = ""
		expect(t, "create again", again, d)
		expect(t, "the replay", first, repeated)
		_, d = door.create(t, by, wish{name: "other", idempotencyKey: "c"})
		expect(t, "another create under the key", done{code: "4091"}, d)
		for _, operation := range []func(idempotencyKey string) done{
			func(idempotencyKey string) done {
				_, d := door.rotate(t, by, first.ID, wish{idempotencyKey: idempotencyKey})
				return d
			},
			func(idempotencyKey string) done { return door.disable(t, by, first.ID, idempotencyKey) },
			func(idempotencyKey string) done { return door.enable(t, by, first.ID, idempotencyKey) },
		} {
			expect(t, "under a key that is taken", done{code: "4091"}, operation("c"))
		}
		for range 2 {
			_, d = door.create(t, by, wish{name: "more"})
			expect(t, "up to the cap", well, d)
		}
		_, d = door.create(t, by, wish{name: "too many"})
		expect(t, "beyond the cap", done{code: "4092"}, d)
		expect(t, "delete", well, door.remove(t, by, first.ID, "d"))
		expect(t, "delete again", again, door.remove(t, by, first.ID, "d"))
		_, d = door.create(t, by, wish{name: "in its place"})
		expect(t, "create after a deletion", well, d)
	})
}
