package acceptance

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func (w *world) checker(t *testing.T) *goclient.Client {
	t.Helper()
	c, err := goclient.New(goclient.Options{BaseURL: w.internal, Timeout: time.Minute, HTTPClient: &http.Client{Transport: checked}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestClient_DrivesTheWholeLifeOfAKey(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		keys, checks := w.manager(t), w.checker(t)
		ctx := t.Context()
		mustDecide := func(secret domain.Secret, addr string, want domain.Verdict) {
			t.Helper()
			check := domain.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}, Addr: netip.MustParseAddr(addr)}
			if decision, err := checks.Authorize(ctx, check); err != nil || decision.Verdict != want {
				t.Errorf("Authorize() = %v, %v, want %v", decision.Verdict, err, want)
			}
		}

		created, err := keys.CreateKey(ctx, goclient.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.0/24"}})
		if err != nil {
			t.Fatal(err)
		}
		id := created.Key.ID
		mustDecide(created.Secret, "192.0.2.7", domain.VerdictOK)
		mustDecide(created.Secret, "198.51.100.7", domain.VerdictIPNotAllowed)

		anywhere, nothing := []string{}, []string{}
		if _, err := keys.UpdateKey(ctx, id, goclient.KeyPatch{IPWhitelist: &anywhere}); err != nil {
			t.Fatal(err)
		}
		mustDecide(created.Secret, "198.51.100.7", domain.VerdictOK)
		if err := keys.DisableKey(ctx, id); err != nil {
			t.Fatal(err)
		}
		mustDecide(created.Secret, "192.0.2.7", domain.VerdictDisabled)
		if err := keys.EnableKey(ctx, id); err != nil {
			t.Fatal(err)
		}

		rotated, err := keys.RotateKey(ctx, id, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		mustDecide(created.Secret, "192.0.2.7", domain.VerdictOK)
		mustDecide(rotated.Secret, "192.0.2.7", domain.VerdictOK)
		w.clock.Set(now.Add(time.Hour + time.Second))
		mustDecide(created.Secret, "192.0.2.7", domain.VerdictNotFound)

		if _, err := keys.UpdateKey(ctx, id, goclient.KeyPatch{Scopes: &nothing}); err != nil {
			t.Fatal(err)
		}
		mustDecide(rotated.Secret, "192.0.2.7", domain.VerdictInsufficientScope)
		if err := keys.DeleteKey(ctx, id); err != nil {
			t.Fatal(err)
		}
		mustDecide(rotated.Secret, "192.0.2.7", domain.VerdictNotFound)

		var events []domain.EventType
		for event, err := range keys.Events(ctx, id) {
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, event.Type)
		}
		want := []domain.EventType{
			domain.EventDeleted, domain.EventUpdated, domain.EventRotated, domain.EventEnabled, domain.EventDisabled, domain.EventUpdated, domain.EventCreated,
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		for key, err := range keys.Keys(ctx, goclient.KeyQuery{}) {
			t.Errorf("after DeleteKey there is %v, %v", key, err)
		}
	})
}

// Each code that a request of the client can get.
func TestClient_ReturnsEachError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.MaxKeysPerWorkspace, cfg.ManagementRate = 3, 40 })
	keys := w.manager(t)
	ctx := t.Context()
	create := func(ws *goclient.Workspace, spec goclient.KeySpec, options ...goclient.ChangeOption) (domain.KeyID, error) {
		created, err := ws.CreateKey(ctx, spec, options...)
		return created.Key.ID, err
	}
	id, err := create(keys, goclient.KeySpec{Name: "k"}, goclient.WithIdempotencyKey("taken"))
	if err != nil {
		t.Fatal(err)
	}
	brief, err := create(keys, goclient.KeySpec{Name: "k", ExpiresAt: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Set(now.Add(2 * time.Minute))

	for _, c := range []struct {
		name string
		call func() error
		code string
		want error // of package domain; nil for none
	}{
		{"an invalid name", func() error { _, err := create(keys, goclient.KeySpec{}); return err }, "4000", nil},
		{"an expired token", func() error {
			_, err := w.manager(t, func(c *jwttest.Claims) { c.IssuedAt = now.Add(-24 * time.Hour) }).GetKey(ctx, id)
			return err
		}, "4010", domain.ErrInvalidToken},
		{"a viewer", func() error { _, err := w.manager(t, role("VIEWER")).GetKey(ctx, id); return err }, "4030", domain.ErrNotOwner},
		{"a TEST key of a tenant", func() error {
			_, err := create(w.manager(t, portal("TENANT")), goclient.KeySpec{Name: "k", Mode: domain.ModeTest})
			return err
		}, "4031", domain.ErrTestKeyPortal},
		{"an unknown key", func() error { return keys.EnableKey(ctx, "sk_live_0000000000000000") }, "4040", domain.ErrKeyNotFound},
		{"rotating an expired key", func() error { _, err := keys.RotateKey(ctx, brief, 0); return err }, "4090", domain.ErrConflict},
		{"an idempotency key of another request", func() error {
			_, err := create(keys, goclient.KeySpec{Name: "other"}, goclient.WithIdempotencyKey("taken"))
			return err
		}, "4091", domain.ErrIdempotencyKeyReused},
		{"too many keys", func() error {
			_, _ = create(keys, goclient.KeySpec{Name: "third"})
			_, err := create(keys, goclient.KeySpec{Name: "fourth"})
			return err
		}, "4092", domain.ErrTooManyKeys},
		{"a stale ETag", func() error {
			name := "other"
			_, err := keys.UpdateKey(ctx, id, goclient.KeyPatch{Name: &name}, goclient.IfMatch(`"stale"`))
			return err
		}, "4120", domain.ErrChanged},
		{"a large body", func() error { _, err := create(keys, goclient.KeySpec{Name: strings.Repeat("k", 64<<10)}); return err }, "4130", nil},
		{"too many requests", func() error {
			for range 40 {
				if _, err := keys.GetKey(ctx, id); err != nil {
					return err
				}
			}
			return nil
		}, "4290", domain.ErrUnavailable},
	} {
		err := c.call()
		var response *goclient.Error
		if !errors.As(err, &response) || response.Code != c.code || response.Message == "" || response.RequestID == "" {
			t.Errorf("%s: error = %v, want code %s", c.name, err, c.code)
			continue
		}
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error = %v, want it to wrap %v", c.name, err, c.want)
		}
		if (c.code == "4000") != (len(response.Faults) > 0) || (c.code == "4290") != (response.RetryAfter > 0) {
			t.Errorf("%s: faults %v, retry after %v", c.name, response.Faults, response.RetryAfter)
		}
	}
}
