package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// manager returns a manager of the service's keys with the token of an account.
func (w *world) manager(t *testing.T, token string, change ...func(*client.ManagerOptions)) *client.Manager {
	t.Helper()
	o := client.ManagerOptions{BaseURL: "http://" + w.Public, Token: tokenOf(token), ClientHash: "device-1"}
	for _, c := range change {
		c(&o)
	}
	m, err := client.NewManager(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func tokenOf(token string) client.TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

func TestManager_DrivesTheWholeLifeOfAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.manager(t, ownerToken).Workspace(ws)
	ctx := t.Context()

	expiry := now.Add(24 * time.Hour).Truncate(time.Second)
	rates := []client.RateLimitSpec{{Name: "default", Limit: 100, WindowSeconds: 60}, {Name: "burst", Limit: 9, WindowSeconds: 1}}
	created, err := keys.CreateKey(ctx, client.KeySpec{
		Name: "Checkout", Mode: domain.ModeTest, Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.0/24"}, ExpiresAt: expiry,
		RateLimits: rates, Quota: client.QuotaSpec{Limit: 7, Period: "MONTH"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Key{
		ID: created.Secret.KeyID(), Name: "Checkout", Status: domain.StatusActive, Mode: domain.ModeTest,
		Scopes: []string{"payment:read"}, IPWhitelist: []string{"192.0.2.0/24"}, CreatedAt: now.Truncate(time.Second), ExpiresAt: expiry,
		RateLimits: rates, Quota: client.QuotaSpec{Limit: 7, Period: "MONTH"},
	}
	if diff := cmp.Diff(want, created.Key); diff != "" {
		t.Errorf("CreateKey() (-want +got):\n%s", diff)
	}
	id := created.Key.ID

	shown, err := keys.GetKey(ctx, id)
	want.CreatedBy = "acc-7"
	if diff := cmp.Diff(want, without(shown)); err != nil || shown.ETag == "" || diff != "" {
		t.Errorf("GetKey() = ETag %q, %v (-want +got):\n%s", shown.ETag, err, diff)
	}

	name, none, never := "Payments", []string(nil), time.Time{}
	changed, err := keys.UpdateKey(ctx, id, client.KeyPatch{Name: &name, Scopes: &none, IPWhitelist: &none, ExpiresAt: &never}, client.IfMatch(shown.ETag))
	want.Name, want.Scopes, want.IPWhitelist, want.ExpiresAt = name, []string{}, []string{}, never
	if diff := cmp.Diff(want, without(changed)); err != nil || diff != "" {
		t.Errorf("UpdateKey() = %v (-want +got):\n%s", err, diff)
	}
	changed, err = keys.UpdateKey(ctx, id, client.KeyPatch{RateLimits: &[]client.RateLimitSpec{rates[1]}, Quota: &client.QuotaSpec{}})
	want.RateLimits, want.Quota = rates[1:], client.QuotaSpec{}
	if diff := cmp.Diff(want, without(changed)); err != nil || diff != "" {
		t.Errorf("UpdateKey() of limits = %v (-want +got):\n%s", err, diff)
	}
	changed, err = keys.UpdateKey(ctx, id, client.KeyPatch{RateLimits: new([]client.RateLimitSpec), Quota: &client.QuotaSpec{Limit: 1, Period: "TOTAL"}})
	want.RateLimits, want.Quota = nil, client.QuotaSpec{Limit: 1, Period: "TOTAL"}
	if diff := cmp.Diff(want, without(changed)); err != nil || diff != "" {
		t.Errorf("UpdateKey() of limits = %v (-want +got):\n%s", err, diff)
	}
	if _, err := keys.UpdateKey(ctx, id, client.KeyPatch{Name: &name}, client.IfMatch(shown.ETag)); !errors.Is(err, domain.ErrChanged) {
		t.Errorf("UpdateKey() with a stale ETag = %v, want %v", err, domain.ErrChanged)
	}

	for _, step := range []struct {
		change func(context.Context, domain.KeyID, ...client.ChangeOption) error
		want   domain.Status
	}{{keys.DisableKey, domain.StatusDisabled}, {keys.EnableKey, domain.StatusActive}} {
		if err := step.change(ctx, id); err != nil {
			t.Fatal(err)
		}
		if shown, err := keys.GetKey(ctx, id); err != nil || shown.Status != step.want {
			t.Errorf("GetKey() = %s, %v, want %s", shown.Status, err, step.want)
		}
	}

	rotated, err := keys.RotateKey(ctx, id, time.Hour)
	if err != nil || rotated.Key.ID != id || rotated.Key.Quota != want.Quota || rotated.Secret.Reveal() == created.Secret.Reveal() {
		t.Errorf("RotateKey() = %+v, %v", rotated, err)
	}
	page, err := keys.ListKeys(ctx, client.KeyQuery{Mode: domain.ModeTest, Status: domain.StatusActive, Name: "Pay"})
	if err != nil || page.Total != 1 || page.Keys[0].ID != id {
		t.Errorf("ListKeys() = %+v, %v", page, err)
	}
	if err := keys.DeleteKey(ctx, id); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.GetKey(ctx, id); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("GetKey() after DeleteKey = %v, want %v", err, domain.ErrKeyNotFound)
	}
	var events []domain.EventType
	for event, err := range keys.Events(ctx, id) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event.Type)
	}
	history := []domain.EventType{
		domain.EventDeleted, domain.EventRotated, domain.EventEnabled, domain.EventDisabled,
		domain.EventUpdated, domain.EventUpdated, domain.EventUpdated, domain.EventCreated,
	}
	if diff := cmp.Diff(history, events); diff != "" {
		t.Errorf("Events() (-want +got):\n%s", diff)
	}
}

func without(key client.Key) client.Key {
	key.ETag = ""
	return key
}

func TestManager_ReturnsTheErrorsOfTheDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owned := w.manager(t, ownerToken).Workspace(ws)
	created, err := owned.CreateKey(t.Context(), client.KeySpec{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		call func(context.Context) error
		want error
		code string
	}{
		"an unknown token": {func(ctx context.Context) error {
			_, err := w.manager(t, "nobody").Workspace(ws).GetKey(ctx, created.Key.ID)
			return err
		}, domain.ErrInvalidToken, "4010"},
		"another's workspace": {func(ctx context.Context) error {
			_, err := w.manager(t, ownerToken).Workspace("ws_2").GetKey(ctx, created.Key.ID)
			return err
		}, domain.ErrNotOwner, "4030"},
		"a TEST key of another portal": {func(ctx context.Context) error {
			_, err := w.manager(t, tenantToken).Workspace(ws).CreateKey(ctx, client.KeySpec{Name: "k", Mode: domain.ModeTest})
			return err
		}, domain.ErrTestKeyPortal, "4031"},
		"an unknown key": {func(ctx context.Context) error {
			return owned.DisableKey(ctx, "sk_live_0000000000000000")
		}, domain.ErrKeyNotFound, "4040"},
		"an idempotency key of another request": {func(ctx context.Context) error {
			option := client.WithIdempotencyKey("order-42")
			if _, err := owned.CreateKey(ctx, client.KeySpec{Name: "k"}, option); err != nil {
				return err
			}
			_, err := owned.CreateKey(ctx, client.KeySpec{Name: "l"}, option)
			return err
		}, domain.ErrIdempotencyKeyReused, "4091"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call(t.Context())
			var response *client.Error
			if !errors.Is(err, c.want) || !errors.As(err, &response) || response.Code != c.code || response.RequestID == "" {
				t.Errorf("error = %v, want code %s and %v", err, c.code, c.want)
			}
		})
	}
}

func TestManager_ReturnsAllFaultsInItsLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.manager(t, ownerToken, func(o *client.ManagerOptions) { o.Language = "ja" })
	spec := client.KeySpec{Scopes: []string{"payment"}, IPWhitelist: []string{"192.0.2.1/24"}}
	want := map[string][]client.Fault{}
	for language, m := range map[string]*client.Manager{"ja": m, "en": m.WithLanguage("en"), "not a header": m.WithLanguage("ja\r\n")} {
		_, err := m.Workspace(ws).CreateKey(t.Context(), spec)
		var response *client.Error
		if !errors.As(err, &response) || response.Code != "4000" {
			t.Fatalf("%s: error = %v, want code 4000", language, err)
		}
		want[language] = response.Faults
	}
	if got := want["ja"][0].Message; !strings.Contains(got, "ください") {
		t.Errorf("message = %q, want it in Japanese", got)
	}
	if diff := cmp.Diff(want["en"], want["not a header"]); diff != "" {
		t.Errorf("faults in no language are not those in English:\n%s", diff)
	}
	var fields []string
	for _, fault := range want["en"] {
		fields = append(fields, fmt.Sprint(fault.Field, " ", fault.Reason))
	}
	slices.Sort(fields)
	if diff := cmp.Diff([]string{"ipWhitelist[0] host_bits", "name length", "scopes[0] format"}, fields); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestManager_ReplayHasTheKeyAndNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.manager(t, ownerToken).Workspace(ws)
	option := client.WithIdempotencyKey("order-42")
	created, err := keys.CreateKey(t.Context(), client.KeySpec{Name: "k"}, option)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keys.CreateKey(t.Context(), client.KeySpec{Name: "k"}, option)
	var replayed *client.Replayed
	if !errors.As(err, &replayed) || replayed.Key.ID != created.Key.ID {
		t.Errorf("repeated CreateKey() = %v, want the key of the first", err)
	}
	for range 2 {
		if err := keys.DisableKey(t.Context(), created.Key.ID, client.WithIdempotencyKey("order-43")); err != nil {
			t.Errorf("DisableKey() = %v", err)
		}
	}
}

func TestManager_IteratesOverAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.manager(t, ownerToken).Workspace(ws)
	var want []domain.KeyID
	for range 5 {
		created, err := keys.CreateKey(t.Context(), client.KeySpec{Name: "k"})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, created.Key.ID)
	}
	for size := 1; size <= 6; size++ {
		var got []domain.KeyID
		for key, err := range keys.Keys(t.Context(), client.KeyQuery{Size: size, Order: domain.Order{By: domain.ByName, Ascending: true}}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, key.ID)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Keys() in pages of %d (-want +got):\n%s", size, diff)
		}
	}
	for _, err := range keys.Keys(t.Context(), client.KeyQuery{Size: 101}) {
		var response *client.Error
		if !errors.As(err, &response) || response.Faults[0].Field != "size" {
			t.Errorf("Keys() with a size of 101 = %v", err)
		}
	}
}

func TestManager_LeavesOutWhatThePageBeforeHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.manager(t, ownerToken).Workspace(ws)
	for i := range 4 {
		w.clock.advance(time.Second)
		if _, err := keys.CreateKey(t.Context(), client.KeySpec{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for key, err := range keys.Keys(t.Context(), client.KeyQuery{Size: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 { // moves the others by one
			w.clock.advance(time.Second)
			if _, err := keys.CreateKey(t.Context(), client.KeySpec{Name: "new"}); err != nil {
				t.Fatal(err)
			}
		}
		names = append(names, key.Name)
	}
	if diff := cmp.Diff([]string{"3", "2", "1", "0"}, names); diff != "" {
		t.Errorf("Keys() (-want +got):\n%s", diff)
	}
}

func TestNewManager_RejectsInvalidOptions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*client.ManagerOptions){
		"no URL":                     func(o *client.ManagerOptions) { o.BaseURL = "" },
		"a token in plain text":      func(o *client.ManagerOptions) { o.BaseURL = "http://keys.example.com" },
		"a password in the URL":      func(o *client.ManagerOptions) { o.BaseURL = "https://user:pass@keys.example.com" },
		"no token":                   func(o *client.ManagerOptions) { o.Token = nil },
		"no client hash":             func(o *client.ManagerOptions) { o.ClientHash = "" },
		"a client hash with a space": func(o *client.ManagerOptions) { o.ClientHash = "a b" },
		"a long client hash":         func(o *client.ManagerOptions) { o.ClientHash = strings.Repeat("x", 257) },
		"a language of two lines":    func(o *client.ManagerOptions) { o.Language = "en\r\nX-Client-Hash: other" },
		"a negative timeout":         func(o *client.ManagerOptions) { o.Timeout = -1 },
		"negative attempts":          func(o *client.ManagerOptions) { o.Attempts = -1 },
	} {
		o := client.ManagerOptions{BaseURL: "https://keys.example.com", Token: tokenOf("t"), ClientHash: "device-1"}
		change(&o)
		if _, err := client.NewManager(o); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: NewManager() = %v, want an error without the password", name, err)
		}
	}
}

func TestManager_SendsNoRequestForAMalformedID(t *testing.T) {
	t.Parallel()
	url, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	m, err := client.NewManager(client.ManagerOptions{BaseURL: url, Token: tokenOf("t"), ClientHash: "device-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, id := range []domain.KeyID{"", "..", "sk_live_0000000000000000/../x", "sk_live_000000000000000?"} {
		if _, err := m.Workspace(ws).GetKey(t.Context(), id); !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("GetKey(%q) = %v, want %v", id, err, domain.ErrKeyNotFound)
		}
		if err := m.Workspace(ws).DeleteKey(t.Context(), id); !errors.Is(err, domain.ErrKeyNotFound) {
			t.Errorf("DeleteKey(%q) = %v, want %v", id, err, domain.ErrKeyNotFound)
		}
	}
	for _, id := range []domain.WorkspaceID{"", "..", "ws/1", "ws 1"} {
		var faults domain.Faults
		if _, err := m.Workspace(id).ListKeys(t.Context(), client.KeyQuery{}); !errors.As(err, &faults) {
			t.Errorf("ListKeys() in %q = %v, want faults", id, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}
