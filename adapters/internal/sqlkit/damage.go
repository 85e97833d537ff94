package sqlkit

import (
	"log/slog"
	"sync"

	"github.com/slaunchx/apikeys/domain"
)

// maxDamages limits how much a [Damage] remembers, and so how much it logs.
const maxDamages = 10_000

// Damage logs the IDs of stored keys and events that are partly unreadable, each of
// them once, but never their values. It is safe for concurrent use.
type Damage struct {
	logger *slog.Logger
	mu     sync.Mutex
	logged map[string]domain.Parts // by the identifier of a key or an event
}

// NewDamage returns a log of damage that is empty.
func NewDamage(logger *slog.Logger) *Damage {
	return &Damage{logger: logger, logged: map[string]domain.Parts{}}
}

// Key logs the unreadable parts of a key, if there are any. A nil key has none.
func (d *Damage) Key(key *domain.APIKey) {
	if key == nil || key.Unreadable() == 0 {
		return
	}
	if parts := key.Unreadable(); d.first(string(key.ID()), parts) {
		d.logger.Error("stored key is unreadable in part; what is unreadable grants nothing",
			"apiKeyId", string(key.ID()), "parts", parts.String())
	}
}

// Keys calls Key for each of keys.
func (d *Damage) Keys(keys []*domain.APIKey) {
	for _, key := range keys {
		d.Key(key)
	}
}

// Events logs which events of a key are partly unreadable.
func (d *Damage) Events(id domain.KeyID, unreadable []string) {
	for _, event := range unreadable {
		if d.first(event, 0) {
			d.logger.Error("stored event is unreadable in part", "apiKeyId", string(id), "eventId", event)
		}
	}
}

// Watched returns a function that forwards to change and logs the unreadable parts of
// the keys it is called with.
func (d *Damage) Watched(change func(*domain.APIKey) (domain.Event, error)) func(*domain.APIKey) (domain.Event, error) {
	return func(key *domain.APIKey) (domain.Event, error) {
		d.Key(key)
		return change(key)
	}
}

// first reports whether damage is to be logged because it was not logged before, and
// remembers it.
func (d *Damage) first(name string, parts domain.Parts) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen, ok := d.logged[name]
	if ok && seen == parts || !ok && len(d.logged) >= maxDamages {
		return false
	}
	d.logged[name] = parts
	return true
}
