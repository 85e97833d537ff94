package model

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// model is the expected state of the keys in a few workspaces. It has no store, no
// transactions and no cache, and uses none of the service's types.
type model struct {
	maximum   int // living keys per workspace
	keys      []*key
	completed map[[2]string]completed // by workspace and idempotency key
}

type key struct {
	id, workspace, account string
	name, mode             string
	scopes, ips            []string
	disabled, deleted      bool
	createdAt, expiresAt   time.Time // expiresAt is zero if the key never expires
	secrets                []secret  // current and former, newest first
	events                 []event   // newest first
}

type secret struct {
	text  string
	until time.Time // zero for the current one
}

// event is an audit event with the names of the changed fields.
type event struct {
	kind, account string
	at            time.Time
	fields        []string
}

// completed is a request that succeeded with an idempotency key.
type completed struct {
	request string // equal for equal requests
	until   time.Time
	outcome key
}

func newModel(maximum int) *model {
	return &model{maximum: maximum, completed: map[[2]string]completed{}}
}

// find returns a living key of a workspace, or nil.
func (m *model) find(workspace, id string) *key {
	for _, k := range m.keys {
		if k.workspace == workspace && k.id == id && !k.deleted {
			return k
		}
	}
	return nil
}

func (m *model) living(workspace string) int {
	n := 0
	for _, k := range m.keys {
		if k.workspace == workspace && !k.deleted {
			n++
		}
	}
	return n
}

// remember stores the outcome of a completed request.
func (m *model) remember(workspace, idempotencyKey, request string, k *key, now time.Time) {
	if idempotencyKey != "" {
		m.completed[[2]string{workspace, idempotencyKey}] = completed{request, now.Add(24 * time.Hour), *k}
	}
}

// before returns the completed request with the given idempotency key, and false if
// the key is unused.
func (m *model) before(workspace, idempotencyKey string, now time.Time) (completed, bool) {
	o, ok := m.completed[[2]string{workspace, idempotencyKey}]
	return o, ok && idempotencyKey != "" && now.Before(o.until)
}

func (k *key) happened(kind, account string, now time.Time, fields ...string) {
	k.events = append([]event{{kind, account, now, fields}}, k.events...)
}

func (k *key) expired(now time.Time) bool { return !k.expiresAt.IsZero() && !now.Before(k.expiresAt) }

func (k *key) status(now time.Time) string {
	switch {
	case k.disabled:
		return "DISABLED"
	case k.expired(now):
		return "EXPIRED"
	}
	return "ACTIVE"
}

// rotate gives the key a new secret. Of the others only the previous one stays
// valid, until grace ends.
func (k *key) rotate(text string, grace time.Duration, now time.Time) {
	for i := range k.secrets {
		if s := &k.secrets[i]; s.until.IsZero() && grace > 0 {
			s.until = now.Add(grace)
		} else {
			s.until = time.Unix(0, 0) // permanently, even if the clock is set back
		}
	}
	k.secrets = append([]secret{{text: text}}, k.secrets...)
}

// verdict returns the expected verdict of a permission check.
func (k *key) verdict(s secret, scopes []string, from netip.Addr, now time.Time) string {
	lacks := func(scope string) bool { return !slices.Contains(k.scopes, scope) }
	switch {
	case k.deleted || !s.until.IsZero() && !now.Before(s.until):
		return "NOT_FOUND"
	case k.disabled:
		return "DISABLED"
	case k.expired(now):
		return "EXPIRED"
	case len(k.ips) > 0 && !slices.ContainsFunc(k.ips, func(r string) bool { return netip.MustParsePrefix(r).Contains(from) }):
		return "IP_NOT_ALLOWED"
	case len(k.scopes) == 0 || slices.ContainsFunc(scopes, lacks):
		return "INSUFFICIENT_SCOPE"
	}
	return "OK"
}

// list returns the IDs of the keys on a page, and the total number of keys.
func (m *model) list(workspace string, q query, now time.Time) (ids []string, total int) {
	var all []*key
	for _, k := range m.keys {
		if k.workspace == workspace && !k.deleted &&
			(q.status == "" || q.status == k.status(now)) && (q.mode == "" || q.mode == k.mode) &&
			strings.Contains(strings.ToUpper(k.name), strings.ToUpper(q.part)) {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b *key) int {
		order := cmp.Compare(a.name, b.name)
		if q.sort == "createdAt" {
			order = a.createdAt.Compare(b.createdAt)
		}
		order = cmp.Or(order, cmp.Compare(a.id, b.id))
		if q.descending {
			return -order
		}
		return order
	})
	for i := q.page * q.size; i < min((q.page+1)*q.size, len(all)); i++ {
		ids = append(ids, all[i].id)
	}
	return ids, len(all)
}

// query holds the parameters of a list.
type query struct {
	status, mode, part, sort string
	descending               bool
	page, size               int
}
