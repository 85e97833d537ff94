package acceptance

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// embedded manages keys like a Go program that embeds the service.
type embedded struct{ *world }

// codes are the contract's codes for the errors of the methods.
var codes = map[error]string{
	domain.ErrNotOwner:             "4030",
	domain.ErrTestKeyPortal:        "4031",
	domain.ErrKeyNotFound:          "4040",
	domain.ErrConflict:             "4090",
	domain.ErrIdempotencyKeyReused: "4091",
	domain.ErrTooManyKeys:          "4092",
	domain.ErrChanged:              "4120",
}

func ended(t *testing.T, err error) done {
	t.Helper()
	if _, replayed := errors.AsType[*apikeys.Replayed](err); replayed || err == nil {
		return done{code: "2000", replayed: replayed}
	}
	for known, code := range codes {
		if errors.Is(err, known) {
			return done{code: code}
		}
	}
	t.Fatal(err)
	return done{}
}

// as calls f with the workspace, opened for the caller.
func (e embedded) as(t *testing.T, by caller, f func(ws *apikeys.Workspace) error) error {
	t.Helper()
	ws, err := e.open(t, by)
	if err != nil {
		return err
	}
	return f(ws)
}

// open opens the workspace for the caller.
func (e embedded) open(t *testing.T, by caller) (*apikeys.Workspace, error) {
	t.Helper()
	id := domain.WorkspaceID(by.workspace)
	return e.service.Workspace(t.Context(), domain.Actor{
		AccountID: by.account,
		Portal:    domain.Portal(by.portal),
		Roles:     map[domain.WorkspaceID]domain.Role{id: domain.Role(by.role)},
	}, id, domain.Origin{})
}

// shownAt returns a key as it was at an instant.
func shownAt(key *domain.APIKey, secret domain.Secret, at time.Time) seenKey {
	s := key.Snapshot()
	k := seenKey{ID: string(s.ID), Secret: secret.Reveal(), Name: s.Name.String(), Status: string(key.Status(at)), Mode: s.Mode.String(), CreatedBy: s.CreatedBy}
	for _, code := range s.Scopes.Codes() {
		k.Scopes = append(k.Scopes, string(code))
	}
	for _, r := range s.IPWhitelist.Ranges() {
		k.IPWhitelist = append(k.IPWhitelist, r.String())
	}
	if !s.ExpiresAt.IsZero() {
		k.ExpiresAt = s.ExpiresAt.Format(time.RFC3339)
	}
	return k
}

// made returns the result of a create or a rotate, which may be a replay.
func (e embedded) made(created apikeys.CreatedKey, err error) seenKey {
	if before, replayed := errors.AsType[*apikeys.Replayed](err); replayed {
		return shownAt(before.Outcome, domain.Secret{}, before.At)
	}
	if err != nil {
		return seenKey{}
	}
	return shownAt(created.Key, created.Secret, e.clock.Now())
}

func (e embedded) create(t *testing.T, by caller, w wish) (k seenKey, d done) {
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		created, err := ws.CreateKey(t.Context(), spec(t, w), apikeys.WithIdempotencyKey(w.idempotencyKey))
		k = e.made(created, err)
		return err
	})
	return k, ended(t, err)
}

func spec(t *testing.T, w wish) apikeys.KeySpec {
	t.Helper()
	spec := apikeys.KeySpec{Name: w.name, Scopes: w.scopes, IPWhitelist: w.ipWhitelist}
	if w.mode == "TEST" {
		spec.Mode = domain.ModeTest
	}
	if w.expiresAt != "" {
		spec.ExpiresAt = right[time.Time](t)(domain.ParseExpiry(w.expiresAt))
	}
	return spec
}

func patch(t *testing.T, w wish) (p apikeys.KeyPatch) {
	t.Helper()
	if w.name != "" {
		p.Name = &w.name
	}
	if w.scopes != nil {
		p.Scopes = &w.scopes
	}
	if w.ipWhitelist != nil {
		p.IPWhitelist = &w.ipWhitelist
	}
	if w.expiresAt != "" {
		p.ExpiresAt = new(right[time.Time](t)(domain.ParseExpiry(w.expiresAt)))
	}
	return p
}

// right returns the result of parsing a valid text.
func right[T any](t *testing.T) func(value T, faults domain.Faults) T {
	return func(value T, faults domain.Faults) T {
		t.Helper()
		if faults != nil {
			t.Fatal(faults)
		}
		return value
	}
}

func (e embedded) get(t *testing.T, by caller, id string) (k seenKey, tag string, d done) {
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		key, err := ws.GetKey(t.Context(), domain.KeyID(id))
		if err == nil {
			k, tag = shownAt(key, domain.Secret{}, e.clock.Now()), key.Tag()
		}
		return err
	})
	return k, tag, ended(t, err)
}

func (e embedded) list(t *testing.T, by caller, status, part string) (names []string, d done) {
	var filter domain.KeyFilter
	filter.Status = domain.Status(status)
	if part != "" {
		filter.Name = right[domain.NamePart](t)(domain.ParseNamePart(part))
	}
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		list, err := ws.ListKeys(t.Context(), filter, domain.Order{}, domain.Page{})
		for _, key := range list.Keys {
			names = append(names, key.Snapshot().Name.String())
		}
		return err
	})
	return names, ended(t, err)
}

func (e embedded) update(t *testing.T, by caller, id string, w wish) (k seenKey, d done) {
	var tags []string
	if w.seen != "" {
		tags = []string{w.seen}
	}
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		key, err := ws.UpdateKey(t.Context(), domain.KeyID(id), patch(t, w), tags)
		if err == nil {
			k = shownAt(key, domain.Secret{}, e.clock.Now())
		}
		return err
	})
	return k, ended(t, err)
}

func (e embedded) rotate(t *testing.T, by caller, id string, w wish) (k seenKey, d done) {
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		grace := time.Duration(w.grace) * time.Second
		rotated, err := ws.RotateKey(t.Context(), domain.KeyID(id), grace, apikeys.WithIdempotencyKey(w.idempotencyKey))
		k = e.made(rotated, err)
		return err
	})
	return k, ended(t, err)
}

func (e embedded) disable(t *testing.T, by caller, id, idempotencyKey string) done {
	return ended(t, e.as(t, by, func(ws *apikeys.Workspace) error {
		return ws.DisableKey(t.Context(), domain.KeyID(id), apikeys.WithIdempotencyKey(idempotencyKey))
	}))
}

func (e embedded) enable(t *testing.T, by caller, id, idempotencyKey string) done {
	return ended(t, e.as(t, by, func(ws *apikeys.Workspace) error {
		return ws.EnableKey(t.Context(), domain.KeyID(id), apikeys.WithIdempotencyKey(idempotencyKey))
	}))
}

func (e embedded) remove(t *testing.T, by caller, id, idempotencyKey string) done {
	return ended(t, e.as(t, by, func(ws *apikeys.Workspace) error {
		return ws.DeleteKey(t.Context(), domain.KeyID(id), apikeys.WithIdempotencyKey(idempotencyKey))
	}))
}

func (e embedded) events(t *testing.T, by caller, id string) (types []string, d done) {
	err := e.as(t, by, func(ws *apikeys.Workspace) error {
		trail, err := ws.KeyEvents(t.Context(), domain.KeyID(id), domain.Page{})
		for _, event := range trail.Events {
			types = append(types, string(event.Type))
		}
		return err
	})
	return types, ended(t, err)
}
