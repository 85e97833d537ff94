package acceptance

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// embedded manages keys as a Go program does that holds the service.
type embedded struct{ *world }

// codes are those that the contract has for what the methods return.
var codes = map[error]string{
	domain.ErrNotOwner:      "4030",
	domain.ErrTestKeyPortal: "4031",
	domain.ErrKeyNotFound:   "4040",
	domain.ErrConflict:      "4090",
	domain.ErrOnceReused:    "4091",
	domain.ErrTooManyKeys:   "4092",
	domain.ErrChanged:       "4120",
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

// owner returns the proof of the caller, or how asking for it ended.
func (e embedded) owner(t *testing.T, by caller) (apikeys.Owner, error) {
	t.Helper()
	return e.service.Owner(t.Context(), domain.Actor{
		AccountID: by.account,
		Portal:    domain.Portal(by.portal),
		Roles:     map[domain.WorkspaceID]domain.Role{domain.WorkspaceID(by.workspace): domain.Role(by.role)},
	}, domain.WorkspaceID(by.workspace), domain.Origin{})
}

// as calls f with the proof of the caller.
func (e embedded) as(t *testing.T, by caller, f func(owner apikeys.Owner) error) error {
	t.Helper()
	owner, err := e.owner(t, by)
	if err != nil {
		return err
	}
	return f(owner)
}

func onceFor(key string, request ...any) apikeys.Once {
	if key == "" {
		return apikeys.Once{}
	}
	return apikeys.Once{Key: key, Fingerprint: sha256.Sum256([]byte(fmt.Sprint(request...)))}
}

// shownAt shows a key as it was at an instant.
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

// made shows what a create or a rotate answered, be it a replay.
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
	err := e.as(t, by, func(owner apikeys.Owner) error {
		created, err := e.service.CreateKey(t.Context(), owner, e.spec(t, w), onceFor(w.once, w.name, w.mode))
		k = e.made(created, err)
		return err
	})
	return k, ended(t, err)
}

func (e embedded) spec(t *testing.T, w wish) (spec apikeys.KeySpec) {
	t.Helper()
	r := e.revision(t, w)
	spec.Name = *r.Name
	if w.mode == "TEST" {
		spec.Mode = domain.ModeTest
	}
	if r.Scopes != nil {
		spec.Scopes = *r.Scopes
	}
	if r.IPWhitelist != nil {
		spec.IPWhitelist = *r.IPWhitelist
	}
	if r.ExpiresAt != nil {
		spec.ExpiresAt = *r.ExpiresAt
	}
	return spec
}

func (e embedded) revision(t *testing.T, w wish) (r domain.Revision) {
	t.Helper()
	if w.name != "" {
		name := right[domain.Name](t)(domain.ParseName(w.name))
		r.Name = &name
	}
	if w.scopes != nil {
		var codes []domain.Scope
		for _, code := range w.scopes {
			codes = append(codes, domain.Scope(code))
		}
		set := right[domain.ScopeSet](t)(domain.NewScopeSet(codes...))
		r.Scopes = &set
	}
	if w.ipWhitelist != nil {
		var ranges []domain.IPRange
		for _, entry := range w.ipWhitelist {
			ranges = append(ranges, right[domain.IPRange](t)(domain.ParseIPRange(entry)))
		}
		list := right[domain.IPWhitelist](t)(domain.NewIPWhitelist(ranges...))
		r.IPWhitelist = &list
	}
	if w.expiresAt != "" {
		at := right[time.Time](t)(domain.ParseExpiry(w.expiresAt, e.clock.Now()))
		r.ExpiresAt = &at
	}
	return r
}

// right returns what a parser made of a right text.
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
	err := e.as(t, by, func(owner apikeys.Owner) error {
		key, err := e.service.GetKey(t.Context(), owner, domain.KeyID(id))
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
	err := e.as(t, by, func(owner apikeys.Owner) error {
		list, err := e.service.ListKeys(t.Context(), owner, filter, domain.Order{}, domain.Page{})
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
	err := e.as(t, by, func(owner apikeys.Owner) error {
		key, err := e.service.UpdateKey(t.Context(), owner, domain.KeyID(id), e.revision(t, w), tags)
		if err == nil {
			k = shownAt(key, domain.Secret{}, e.clock.Now())
		}
		return err
	})
	return k, ended(t, err)
}

func (e embedded) rotate(t *testing.T, by caller, id string, w wish) (k seenKey, d done) {
	err := e.as(t, by, func(owner apikeys.Owner) error {
		grace := time.Duration(w.grace) * time.Second
		rotated, err := e.service.RotateKey(t.Context(), owner, domain.KeyID(id), grace, onceFor(w.once, "rotate", id, grace))
		k = e.made(rotated, err)
		return err
	})
	return k, ended(t, err)
}

func (e embedded) disable(t *testing.T, by caller, id, once string) done {
	return ended(t, e.as(t, by, func(owner apikeys.Owner) error {
		return e.service.DisableKey(t.Context(), owner, domain.KeyID(id), onceFor(once, "disable", id))
	}))
}

func (e embedded) enable(t *testing.T, by caller, id, once string) done {
	return ended(t, e.as(t, by, func(owner apikeys.Owner) error {
		return e.service.EnableKey(t.Context(), owner, domain.KeyID(id), onceFor(once, "enable", id))
	}))
}

func (e embedded) remove(t *testing.T, by caller, id, once string) done {
	return ended(t, e.as(t, by, func(owner apikeys.Owner) error {
		return e.service.DeleteKey(t.Context(), owner, domain.KeyID(id), onceFor(once, "delete", id))
	}))
}

func (e embedded) events(t *testing.T, by caller, id string) (types []string, d done) {
	err := e.as(t, by, func(owner apikeys.Owner) error {
		trail, err := e.service.KeyEvents(t.Context(), owner, domain.KeyID(id), domain.Page{})
		for _, event := range trail.Events {
			types = append(types, string(event.Type))
		}
		return err
	})
	return types, ended(t, err)
}
