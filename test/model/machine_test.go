package model

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// machine applies the same operations to the service and to the model, and compares
// the results.
type machine struct {
	service    *apikeys.Service
	clock      *clock
	model      *model
	workspaces []string
	steps      *int
}

// workspace draws a workspace and one of its owners, and opens it.
func (m *machine) workspace(t *rapid.T) (*apikeys.Workspace, string, string) {
	ws := rapid.SampledFrom(m.workspaces).Draw(t, "workspace")
	account := rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "account")
	roles := map[domain.WorkspaceID]domain.Role{domain.WorkspaceID(ws): domain.RoleOwner}
	actor := domain.Actor{AccountID: account, Portal: domain.PortalPartner, Roles: roles}
	opened, err := m.service.Workspace(context.Background(), actor, domain.WorkspaceID(ws), domain.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	return opened, ws, account
}

// key draws the ID of a key in any workspace and state, or of none.
func (m *machine) key(t *rapid.T) domain.KeyID {
	ids := []string{"sk_live_0000000000000000"}
	for _, k := range m.model.keys {
		ids = append(ids, k.id)
	}
	return domain.KeyID(rapid.SampledFrom(ids).Draw(t, "key"))
}

// idempotencyKey draws the idempotency key of a request, or "" for none.
func (m *machine) idempotencyKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", "o1", "o2"}).Draw(t, "idempotency key")
}

// settled compares the result of a request whose idempotency key is in use. It
// reports whether the comparison is complete.
func (m *machine) settled(t *rapid.T, ws, request, idempotencyKey string, err error) bool {
	before, taken := m.model.before(ws, idempotencyKey, m.clock.Now())
	replayed, isReplay := errors.AsType[*apikeys.Replayed](err)
	switch {
	case !taken && (isReplay || errors.Is(err, domain.ErrIdempotencyKeyReused)):
		t.Fatalf("%q is unused: %v", idempotencyKey, err)
	case !taken:
		return false
	case before.request != request:
		if !errors.Is(err, domain.ErrIdempotencyKeyReused) {
			t.Fatalf("%q was used for %s: %v", idempotencyKey, before.request, err)
		}
	case !isReplay:
		t.Fatalf("%q was completed: %v", idempotencyKey, err)
	default:
		if s := replayed.Outcome.Snapshot(); s.Secrets != nil {
			t.Fatal("the outcome has secrets")
		}
		m.same(t, &before.outcome, replayed.Outcome)
	}
	return true
}

// same compares a key of the service with that of the model.
func (m *machine) same(t *rapid.T, want *key, got *domain.APIKey) {
	t.Helper()
	s := got.Snapshot()
	actual := key{
		id: string(s.ID), workspace: string(s.Workspace), account: s.CreatedBy,
		name: s.Name.String(), mode: s.Mode.String(), disabled: s.Disabled, deleted: !s.DeletedAt.IsZero(),
		createdAt: s.CreatedAt, expiresAt: s.ExpiresAt,
	}
	for _, code := range s.Scopes.Codes() {
		actual.scopes = append(actual.scopes, string(code))
	}
	for _, r := range s.IPWhitelist.Ranges() {
		actual.ips = append(actual.ips, r.String())
	}
	expected := *want
	expected.secrets, expected.events = nil, nil
	// Most are equal, and to see that by reflection takes a fraction of what cmp takes.
	if reflect.DeepEqual(expected, actual) {
		return
	}
	if diff := cmp.Diff(expected, actual, cmp.AllowUnexported(key{})); diff != "" {
		t.Fatalf("key (-model +service):\n%s", diff)
	}
}

// changed applies the change of a key to the model and compares err, the error of
// the service. If the model has no such key, it expects ErrKeyNotFound.
func (m *machine) changed(t *rapid.T, ws, request, idempotencyKey string, id domain.KeyID, err error, change func(k *key) error) {
	if m.settled(t, ws, request, idempotencyKey, err) {
		return
	}
	k, want := m.model.find(ws, string(id)), domain.ErrKeyNotFound
	if k != nil {
		want = change(k)
	}
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", request, err, want)
	}
	if want == nil {
		m.model.remember(ws, idempotencyKey, request, k, m.clock.Now())
	}
}

// Create creates a key.
func (m *machine) Create(t *rapid.T) {
	opened, ws, account := m.workspace(t)
	spec := drawSpec(t, m.clock.Now())
	request := fmt.Sprint("create ", account, spec)
	idempotencyKey := m.idempotencyKey(t)
	created, err := opened.CreateKey(context.Background(), spec.real(t), apikeys.WithIdempotencyKey(idempotencyKey))
	now := m.clock.Now()
	faults, rejected := errors.AsType[domain.Faults](err)
	past := !spec.expiresAt.IsZero() && !spec.expiresAt.After(now)
	before, _ := m.model.before(ws, idempotencyKey, now)
	// The body is checked before the state, except for a completed request.
	if checked := past && before.request != request; !checked && m.settled(t, ws, request, idempotencyKey, err) {
		return
	}
	full := m.model.living(ws) >= m.model.maximum
	switch {
	case past != rejected || rejected && faults[0].Reason != domain.ReasonInPast:
		t.Fatalf("an expiry in the past: %v, and %v", past, err)
	case past: // rejected
	case full != errors.Is(err, domain.ErrTooManyKeys):
		t.Fatalf("full: %v, and %v", full, err)
	case full:
	case err != nil:
		t.Fatal(err)
	default:
		k := &key{
			id: string(created.Key.ID()), workspace: ws, account: account, name: spec.name, mode: spec.mode,
			scopes: spec.scopes, ips: spec.ips, createdAt: now, expiresAt: spec.expiresAt,
			secrets: []secret{{text: created.Secret.Reveal()}},
		}
		fields := []string{"name", "mode", "scopes", "ipWhitelist"}
		if !spec.expiresAt.IsZero() {
			fields = append(fields, "expiresAt")
		}
		k.happened("CREATED", account, now, fields...)
		m.model.keys = append(m.model.keys, k)
		m.same(t, k, created.Key)
		m.model.remember(ws, idempotencyKey, request, k, now)
	}
}

// Update changes some properties of a key.
func (m *machine) Update(t *rapid.T) {
	opened, ws, account := m.workspace(t)
	id, now := m.key(t), m.clock.Now()
	spec, which := drawSpec(t, now), rapid.IntRange(0, 15).Draw(t, "members")
	got, err := opened.UpdateKey(context.Background(), id, spec.patch(which), nil)
	if which&8 != 0 && !spec.expiresAt.IsZero() && !spec.expiresAt.After(now) {
		// The body is checked before the key is looked up.
		if faults, ok := errors.AsType[domain.Faults](err); !ok || faults[0].Reason != domain.ReasonInPast {
			t.Fatalf("an expiry in the past: %v", err)
		}
		return
	}
	m.changed(t, ws, "update", "", id, err, func(k *key) error {
		var fields []string
		change := func(bit int, field string, differs bool, apply func()) {
			if which&bit != 0 && differs {
				fields = append(fields, field)
				apply()
			}
		}
		change(1, "name", k.name != spec.name, func() { k.name = spec.name })
		change(2, "scopes", !slices.Equal(k.scopes, spec.scopes), func() { k.scopes = spec.scopes })
		change(4, "ipWhitelist", !slices.Equal(k.ips, spec.ips), func() { k.ips = spec.ips })
		change(8, "expiresAt", !k.expiresAt.Equal(spec.expiresAt), func() { k.expiresAt = spec.expiresAt })
		if fields != nil {
			k.happened("UPDATED", account, now, fields...)
		}
		m.same(t, k, got)
		return nil
	})
}

// Switch disables, enables or deletes a key.
func (m *machine) Switch(t *rapid.T) {
	opened, ws, account := m.workspace(t)
	id, now := m.key(t), m.clock.Now()
	does := map[string]func(context.Context, domain.KeyID, ...apikeys.ChangeOption) error{
		"DISABLED": opened.DisableKey, "ENABLED": opened.EnableKey, "DELETED": opened.DeleteKey,
	}
	kind := rapid.SampledFrom([]string{"DISABLED", "ENABLED", "DISABLED", "ENABLED", "DELETED"}).Draw(t, "what")
	request := fmt.Sprint(kind, account, id)
	idempotencyKey := m.idempotencyKey(t)
	err := does[kind](context.Background(), id, apikeys.WithIdempotencyKey(idempotencyKey))
	m.changed(t, ws, request, idempotencyKey, id, err, func(k *key) error {
		if kind == "DELETED" {
			k.deleted = true
		} else if k.disabled == (kind == "DISABLED") {
			return nil
		} else {
			k.disabled = kind == "DISABLED"
		}
		k.happened(kind, account, now, "status")
		return nil
	})
}

// Rotate gives a key a new secret.
func (m *machine) Rotate(t *rapid.T) {
	opened, ws, account := m.workspace(t)
	id, now := m.key(t), m.clock.Now()
	grace := time.Duration(rapid.SampledFrom([]int{0, 1, 60, 3600}).Draw(t, "grace")) * time.Second
	request := fmt.Sprint("rotate", account, id, grace)
	idempotencyKey := m.idempotencyKey(t)
	rotated, err := opened.RotateKey(context.Background(), id, grace, apikeys.WithIdempotencyKey(idempotencyKey))
	m.changed(t, ws, request, idempotencyKey, id, err, func(k *key) error {
		if k.expired(now) {
			return domain.ErrConflict
		}
		k.rotate(rotated.Secret.Reveal(), grace, now)
		k.happened("ROTATED", account, now, "previousSecretValidUntil")
		m.same(t, k, rotated.Key)
		return nil
	})
}

// Get reads a key.
func (m *machine) Get(t *rapid.T) {
	opened, ws, _ := m.workspace(t)
	id := m.key(t)
	got, err := opened.GetKey(context.Background(), id)
	if k := m.model.find(ws, string(id)); k == nil {
		if !errors.Is(err, domain.ErrKeyNotFound) {
			t.Fatalf("a missing key: %v", err)
		}
	} else if err != nil {
		t.Fatal(err)
	} else {
		m.same(t, k, got)
	}
}

// List reads one page of the keys of a workspace.
func (m *machine) List(t *rapid.T) {
	opened, ws, _ := m.workspace(t)
	q := query{
		status: rapid.SampledFrom([]string{"", "ACTIVE", "DISABLED", "EXPIRED"}).Draw(t, "status"),
		mode:   rapid.SampledFrom([]string{"", "LIVE", "TEST"}).Draw(t, "mode"),
		part:   rapid.SampledFrom([]string{"", "a", "É", "%", "_"}).Draw(t, "part"),
		sort:   rapid.SampledFrom([]string{"createdAt", "name"}).Draw(t, "sort"), descending: rapid.Bool().Draw(t, "descending"),
		page: rapid.IntRange(0, 3).Draw(t, "page"), size: rapid.IntRange(1, 4).Draw(t, "size"),
	}
	filter, order, page := q.real(t)
	list, err := opened.ListKeys(context.Background(), filter, order, page)
	if err != nil {
		t.Fatal(err)
	}
	ids, total := m.model.list(ws, q, m.clock.Now())
	var got []string
	for _, k := range list.Keys {
		got = append(got, string(k.ID()))
		m.same(t, m.model.find(ws, string(k.ID())), k)
	}
	if diff := cmp.Diff(ids, got); diff != "" || list.Total != int64(total) {
		t.Fatalf("%+v: total %d, want %d (-model +service):\n%s", q, list.Total, total, diff)
	}
}

// Events reads the audit trail of a key.
func (m *machine) Events(t *rapid.T) {
	opened, ws, _ := m.workspace(t)
	id := m.key(t)
	size := rapid.IntRange(1, 100).Draw(t, "size")
	page, _ := domain.NewPage(0, int64(size))
	trail, err := opened.KeyEvents(context.Background(), id, page)
	i := slices.IndexFunc(m.model.keys, func(k *key) bool { return k.id == string(id) && k.workspace == ws })
	if i < 0 {
		if !errors.Is(err, domain.ErrKeyNotFound) {
			t.Fatalf("the trail of an unknown key: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []event
	for _, e := range trail.Events {
		actual := event{kind: string(e.Type), account: e.By.AccountID, at: e.At}
		for _, c := range e.Changes {
			actual.fields = append(actual.fields, c.Field)
		}
		got = append(got, actual)
	}
	all := m.model.keys[i].events
	if diff := cmp.Diff(all[:min(size, len(all))], got, cmp.AllowUnexported(event{})); diff != "" || trail.Total != int64(len(all)) {
		t.Fatalf("total %d, want %d (-model +service):\n%s", trail.Total, len(all), diff)
	}
}

// Authorize checks any current or former secret of a key.
func (m *machine) Authorize(t *rapid.T) {
	if len(m.model.keys) == 0 {
		t.Skip("no key")
	}
	k := m.model.keys[rapid.IntRange(0, len(m.model.keys)-1).Draw(t, "key")]
	s := k.secrets[rapid.IntRange(0, len(k.secrets)-1).Draw(t, "secret")] // secret is not printed
	scopes := rapid.SampledFrom([][]string{nil, {"a:b"}, {"c:d"}, {"a:b", "c:d"}}).Draw(t, "scopes")
	from := rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1")}).Draw(t, "from")
	presented, err := domain.ParseSecret(strings.Clone(s.text))
	if err != nil {
		t.Fatal(err)
	}
	check := apikeys.Check{Secret: presented, Addr: from}
	for _, code := range scopes {
		check.Scopes = append(check.Scopes, domain.Scope(code))
	}
	got, err := m.service.Authorize(context.Background(), check)
	if err != nil {
		t.Fatal(err)
	}
	if want := k.verdict(s, scopes, from, m.clock.Now()); string(got.Verdict) != want {
		t.Fatalf("the verdict is %s, want %s", got.Verdict, want)
	}
}

// Tick advances the clock or sets it back.
func (m *machine) Tick(t *rapid.T) {
	steps := []time.Duration{time.Microsecond, time.Second, time.Minute, 12 * time.Hour, -time.Second, -time.Hour}
	m.clock.Set(m.clock.Now().Add(rapid.SampledFrom(steps).Draw(t, "step")))
}

// Check checks the invariants of the model.
func (m *machine) Check(t *rapid.T) {
	*m.steps++
	now := m.clock.Now()
	for _, ws := range m.workspaces {
		if n := m.model.living(ws); n > m.model.maximum {
			t.Fatalf("%d living keys in one workspace", n)
		}
	}
	for _, k := range m.model.keys {
		valid := 0
		for _, s := range k.secrets {
			if s.until.IsZero() || now.Before(s.until) {
				valid++
			}
		}
		if valid > 2 {
			t.Fatalf("%d secrets of one key are valid", valid)
		}
	}
}
