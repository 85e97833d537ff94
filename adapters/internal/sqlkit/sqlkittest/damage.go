// Package sqlkittest contains the code that the tests of the two SQL stores share.
package sqlkittest

import (
	"net/netip"
	"testing"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

// Damage lists damages to rows. Set is what follows SET in an UPDATE.
type Damage struct {
	Keys    []KeyDamage
	Lists   []string          // unreadable values of scopes and ip_whitelist
	Secrets map[string]string // Set by name
	Events  []EventDamage     // in addition to those that both stores know
}

// KeyDamage makes Parts of a key unreadable.
type KeyDamage struct {
	Name  string
	Parts domain.Parts
	Set   string
}

// EventDamage makes a part of an event unreadable. Edit changes the stored event into
// the one that the store must return.
type EventDamage struct {
	Name, Set string
	Edit      func(*domain.Event)
}

var everyEventDamage = []EventDamage{
	{"an address", `ip = '203.0.113.999'`, func(e *domain.Event) { e.By.IP = netip.Addr{} }},
	{"changes that are no list", `changes = '{}'`, UnreadableChanges},
	{"one change", `changes = '[{"field":"name","new":"k"},1,{"field":"mode","new":1}]'`, func(e *domain.Event) {
		e.Changes = []domain.Change{{Field: "name", New: "k"}, {Field: domain.Unreadable}, {Field: "mode", New: domain.Unreadable}}
	}},
}

// UnreadableChanges is an edit of an event whose changes cannot be read.
func UnreadableChanges(e *domain.Event) { e.Changes = []domain.Change{{Field: domain.Unreadable}} }

// RunDamage runs [portstest.RunKeyRepositoryDamage] with d. update must run a
// statement, with ? for arguments, that changes one row, bypassing the store.
func RunDamage(t *testing.T, repo ports.KeyRepository, d Damage, update func(t testing.TB, statement string, args ...any)) {
	var keys []portstest.KeyDamage
	add := func(name string, parts domain.Parts, statement string, args ...any) {
		keys = append(keys, portstest.KeyDamage{Name: name, Parts: parts, Apply: func(t testing.TB, id domain.KeyID) {
			update(t, statement, append(args[:len(args):len(args)], string(id))...)
		}})
	}
	for _, k := range d.Keys {
		add(k.Name, k.Parts, `UPDATE api_keys SET `+k.Set+` WHERE id = ?`)
	}
	for _, list := range d.Lists {
		add("scopes "+list, domain.PartScopes, `UPDATE api_keys SET scopes = ? WHERE id = ?`, list)
		add("whitelist "+list, domain.PartIPWhitelist, `UPDATE api_keys SET ip_whitelist = ? WHERE id = ?`, list)
	}
	for name, set := range d.Secrets {
		add(name, domain.PartSecrets, `UPDATE api_key_secrets SET `+set+` WHERE api_key_id = ?`)
	}
	var events []portstest.EventDamage
	for _, e := range append(d.Events, everyEventDamage...) {
		events = append(events, portstest.EventDamage{Name: e.Name, Edit: e.Edit, Apply: func(t testing.TB, id domain.KeyID) {
			update(t, `UPDATE api_key_events SET `+e.Set+` WHERE api_key_id = ?`, string(id))
		}})
	}
	portstest.RunKeyRepositoryDamage(t, repo, keys, events)
}
