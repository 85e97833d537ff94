package application_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var (
	request = []application.ChangeOption{application.WithIdempotencyKey("order-7"), application.WithFingerprint([32]byte{1})}
	other   = []application.ChangeOption{application.WithIdempotencyKey("order-7"), application.WithFingerprint([32]byte{2})}
)

func TestCreateKey_CreatesOneKeyPerIdempotencyKey(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws := open(t, keys, domain.PortalPartner)
	first, err := ws.CreateKey(t.Context(), spec(), request...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ws.CreateKey(t.Context(), spec(), request...)
	replayed, ok := errors.AsType[*ports.Replayed](err)
	if !ok || again.Key != nil {
		t.Fatalf("the repetition returns %v, %v", again.Key, err)
	}
	if s := replayed.Outcome.Snapshot(); s.ID != first.Key.ID() || s.Secrets != nil || !replayed.At.Equal(now) {
		t.Errorf("replayed %s with %d secrets, of %s", s.ID, len(s.Secrets), replayed.At)
	}
	if _, err := ws.CreateKey(t.Context(), spec(), other...); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
		t.Errorf("another request with the idempotency key returns %v", err)
	}
	list, err := keys.List(t.Context(), workspace, domain.KeyFilter{}, domain.Order{}, domain.Page{})
	if err != nil || list.Total != 1 {
		t.Errorf("%d keys, %v, want one", list.Total, err)
	}
}

func TestCreateKey_ReplaysAfterTheExpiryHasPassed(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	if _, err := open(t, keys, domain.PortalPartner).CreateKey(t.Context(), spec(), request...); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		options  []application.ChangeOption
		later    time.Duration
		replayed bool
	}{
		"after the requested expiry":          {request, 23*time.Hour + 59*time.Minute, true},
		"after a day, when the entry is gone": {request, 24 * time.Hour, false},
		"with an unused idempotency key":      {[]application.ChangeOption{application.WithIdempotencyKey("order-8")}, 23 * time.Hour, false},
		"another request with the same key":   {other, 23 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func() time.Time { return now.Add(tc.later) }
			s := spec()
			s.ExpiresAt = now.Add(time.Hour)
			_, err := openWith(t, keys, domain.PortalPartner, parts{now: at}).CreateKey(t.Context(), s, tc.options...)
			if _, replayed := errors.AsType[*ports.Replayed](err); replayed != tc.replayed {
				t.Errorf("error = %v, want a replay: %v", err, tc.replayed)
			}
			if faults, ok := errors.AsType[domain.Faults](err); ok == tc.replayed || ok && faults[0].Reason != domain.ReasonInPast {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestCreateKey_DoesNotReplayTestKeysOutsideThePartnerPortal(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	s := spec()
	s.Mode, s.ExpiresAt = domain.ModeTest, now.Add(time.Hour)
	if _, err := open(t, keys, domain.PortalPartner).CreateKey(t.Context(), s, request...); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"before its expiry": now, "after its expiry": s.ExpiresAt} {
		ws := openWith(t, keys, domain.PortalTenant, parts{now: func() time.Time { return at }})
		if _, err := ws.CreateKey(t.Context(), s, request...); !errors.Is(err, domain.ErrTestKeyPortal) {
			t.Errorf("%s: error = %v, want ErrTestKeyPortal", name, err)
		}
	}
}

func TestChanges_AreMadeOncePerIdempotencyKey(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*application.Workspace, context.Context, domain.KeyID, ...application.ChangeOption) error{
		"disable":                       (*application.Workspace).DisableKey,
		"enable, which changes nothing": (*application.Workspace).EnableKey,
		"delete":                        (*application.Workspace).DeleteKey,
		"rotate": func(ws *application.Workspace, ctx context.Context, id domain.KeyID, options ...application.ChangeOption) error {
			_, err := ws.RotateKey(ctx, id, time.Minute, options...)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := memory.NewKeyRepository()
			id, ws := createdIn(t, keys, spec()).KeyID(), open(t, keys, domain.PortalTenant)
			if err := do(ws, t.Context(), id, request...); err != nil {
				t.Fatal(err)
			}
			if replayed, ok := errors.AsType[*ports.Replayed](do(ws, t.Context(), id, request...)); !ok || replayed.Outcome.ID() != id {
				t.Error("the repetition is not a replay")
			}
			if err := do(ws, t.Context(), id, other...); !errors.Is(err, domain.ErrIdempotencyKeyReused) {
				t.Errorf("another request with the idempotency key returns %v", err)
			}
		})
	}
}

func TestWithIdempotencyKey_ComparesAccountUseCaseAndArguments(t *testing.T) {
	t.Parallel()
	option := application.WithIdempotencyKey("order-7")
	for name, tc := range map[string]struct {
		account string
		repeat  func(ws *application.Workspace, id domain.KeyID) error
		want    error
	}{
		"another name": {"acc-1", func(ws *application.Workspace, _ domain.KeyID) error {
			s := spec()
			s.Name = "Other"
			_, err := ws.CreateKey(t.Context(), s, option)
			return err
		}, domain.ErrIdempotencyKeyReused},
		"another use case": {"acc-1", func(ws *application.Workspace, id domain.KeyID) error {
			return ws.DisableKey(t.Context(), id, option)
		}, domain.ErrIdempotencyKeyReused},
		"another account": {"acc-2", func(ws *application.Workspace, _ domain.KeyID) error {
			_, err := ws.CreateKey(t.Context(), spec(), option)
			return err
		}, domain.ErrIdempotencyKeyReused},
		"the same": {"acc-1", func(ws *application.Workspace, _ domain.KeyID) error {
			_, err := ws.CreateKey(t.Context(), spec(), option)
			if _, ok := errors.AsType[*ports.Replayed](err); ok {
				return nil
			}
			return err
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := memory.NewKeyRepository()
			workspaces := workspacesOf(t, everyOwner{}, keys, parts{})
			of := func(account string) *application.Workspace {
				ws, err := workspaces.Open(t.Context(), domain.Actor{AccountID: account, Portal: domain.PortalTenant}, workspace, origin)
				if err != nil {
					t.Fatal(err)
				}
				return ws
			}
			created, err := of("acc-1").CreateKey(t.Context(), spec(), option)
			if err != nil {
				t.Fatal(err)
			}
			if err := tc.repeat(of(tc.account), created.Key.ID()); !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
		})
	}
}

// everyOwner makes every actor the owner of every workspace.
type everyOwner struct{}

func (everyOwner) Role(context.Context, domain.Actor, domain.WorkspaceID) (domain.Role, error) {
	return domain.RoleOwner, nil
}

func TestWithIdempotencyKey_RejectsMalformedKeys(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key      string
		rejected bool
	}{
		"none":            {"", false},
		"the longest":     {strings.Repeat("k", 255), false},
		"too long":        {strings.Repeat("k", 256), true},
		"white space":     {"order 7", true},
		"a line end":      {"order-7\n", true},
		"not ASCII":       {"ordre-n\u00ba7", true},
		"every character": {"!\"#~", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := &failingKeys{}
			_, err := open(t, keys, domain.PortalTenant).CreateKey(t.Context(), spec(), application.WithIdempotencyKey(tc.key))
			if (err != nil) != tc.rejected || (keys.calls == 0) != tc.rejected {
				t.Errorf("error = %v after %d calls", err, keys.calls)
			}
		})
	}
}
