package domain

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of webhooks.
const (
	MaxWebhooks          = 10   // of one workspace
	MaxWebhookURL        = 2048 // in bytes
	MaxDescriptionLength = 256  // in Unicode code points

	// WebhookSecretOverlap is how long the previous secret signs after a rotation.
	WebhookSecretOverlap = 24 * time.Hour
	// WebhookPatience is how long a webhook may fail without a success before it is
	// disabled.
	WebhookPatience = 5 * 24 * time.Hour
	// DeliveryRetention is how long deliveries are kept, counted from their creation. A
	// delivery that is still pending then, because its secret cannot be opened or because
	// its owner has just retried it, is kept twice as long.
	DeliveryRetention = 30 * 24 * time.Hour
)

// WebhookID is the public ID of a webhook: wh_ and 22 base62 digits.
type WebhookID string

const (
	webhookPrefix  = "wh_"
	deliveryPrefix = "dlv_"
	randomDigits   = 22
)

// NewWebhookID returns a new ID. It returns an error only if reading random fails.
func NewWebhookID(random io.Reader) (WebhookID, error) {
	digits, err := randomBase62(random, randomDigits)
	return WebhookID(webhookPrefix + digits), err
}

// ParseWebhookID returns s as the ID of a webhook, and false if it is malformed.
func ParseWebhookID(s string) (WebhookID, bool) {
	digits, ok := strings.CutPrefix(s, webhookPrefix)
	return WebhookID(s), ok && len(digits) == randomDigits && allBase62(digits)
}

// DeliveryID is the ID of a delivery, and of the message that the receiver gets. It is
// derived from the IDs of the event and the webhook, so that an event cannot be
// delivered to a webhook under two IDs.
type DeliveryID string

// NewDeliveryID returns the ID of the delivery of an event to a webhook: dlv_ and the
// digits of both IDs.
func NewDeliveryID(eventID string, id WebhookID) DeliveryID {
	return DeliveryID(deliveryPrefix + afterUnderscore(eventID) + afterUnderscore(string(id)))
}

func afterUnderscore(id string) string { return id[strings.IndexByte(id, '_')+1:] }

// ParseDeliveryID returns s as the ID of a delivery, and false if it is malformed.
func ParseDeliveryID(s string) (DeliveryID, bool) {
	digits, ok := strings.CutPrefix(s, deliveryPrefix)
	return DeliveryID(s), ok && len(digits) > randomDigits && len(digits) <= 64 && allBase62(digits)
}

// DisabledReason is why a webhook is disabled.
type DisabledReason string

// The reasons.
const (
	DisabledByOwner DisabledReason = "OWNER"
	// DisabledGone means that the receiver has responded with 410.
	DisabledGone DisabledReason = "GONE"
	// DisabledFailing means that no delivery succeeded for [WebhookPatience].
	DisabledFailing DisabledReason = "FAILING"
)

// SealedSecret is the secret of a webhook, encrypted with a sealing key. Stores keep
// secrets only in this form.
type SealedSecret struct {
	KeyID string // of the sealing key
	Box   []byte
	// ValidUntil is when a previous secret stops signing, and zero for the current one.
	ValidUntil time.Time
}

// WebhookSecret is the secret that the deliveries of a webhook are signed with. It
// cannot be printed.
type WebhookSecret struct {
	Redacted
	// key is a pointer for the same reason as in [Secret].
	key *string
}

// webhookSecretBytes is the number of random bytes of a secret. Standard Webhooks
// allows 24 to 64.
const webhookSecretBytes = 32

// NewWebhookSecret returns a new secret. It returns an error only if reading random fails.
func NewWebhookSecret(random io.Reader) (WebhookSecret, error) {
	key := make([]byte, webhookSecretBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return WebhookSecret{}, fmt.Errorf("read randomness: %w", err)
	}
	return WebhookSecretOf(key), nil
}

// WebhookSecretOf returns the secret with the given key, as returned by
// [WebhookSecret.Key].
func WebhookSecretOf(key []byte) WebhookSecret {
	text := string(key)
	return WebhookSecret{key: &text}
}

// IsZero reports whether there is no secret.
func (s WebhookSecret) IsZero() bool { return s.key == nil || *s.key == "" }

// Key returns the key that signs, or nil if there is none.
func (s WebhookSecret) Key() []byte {
	if s.key == nil {
		return nil
	}
	return []byte(*s.key)
}

// Reveal returns the secret in the form in which the owner of the webhook receives it:
// whsec_ and the key in standard base64.
func (s WebhookSecret) Reveal() string { return "whsec_" + base64.StdEncoding.EncodeToString(s.Key()) }

// Webhook is a URL that is notified of events about the keys of a workspace. Only
// [NewWebhook] and stores create one; its methods enforce the rules of its lifecycle.
// Times are in UTC, truncated to microseconds, and zero if there is none.
type Webhook struct {
	ID             WebhookID
	Workspace      WorkspaceID
	URL            string
	Events         []WebhookEventType // empty means all
	Description    string
	Enabled        bool
	DisabledReason DisabledReason // empty if enabled
	CreatedAt      time.Time
	CreatedBy      string
	DeletedAt      time.Time
	// FailingSince is the time of the first failed attempt since the last success, or
	// since the webhook was enabled or its URL was changed.
	FailingSince time.Time
	// Secrets are the current secret, and the previous one while it signs.
	Secrets []SealedSecret
}

// NewWebhook returns a new webhook with the properties in draft, and the event to
// record.
func NewWebhook(draft WebhookDraft, id WebhookID, secret SealedSecret, eventID string, by Author, now time.Time) (Webhook, Event) {
	w := Webhook{
		ID: id, Workspace: draft.Workspace, URL: draft.URL, Events: slices.Clone(draft.Events), Description: draft.Description,
		Enabled: true, CreatedAt: instant(now), CreatedBy: by.AccountID, Secrets: []SealedSecret{secret},
	}
	return w, w.event(EventWebhookCreated, eventID, by, now,
		Change{Field: "url", New: w.URL}, Change{Field: "events", New: texts(w.Events)}, Change{Field: "description", New: w.Description})
}

// Clone returns a copy that shares nothing with w.
func (w *Webhook) Clone() *Webhook {
	c := *w
	c.Events, c.Secrets = slices.Clone(w.Events), slices.Clone(w.Secrets)
	return &c
}

// Subscribes reports whether events of type t are delivered to the webhook.
func (w *Webhook) Subscribes(t WebhookEventType) bool {
	return w.Enabled && w.DeletedAt.IsZero() && (t == WebhookTest || len(w.Events) == 0 || slices.Contains(w.Events, t))
}

// SigningSecrets returns the secrets that sign at now, the current one first.
func (w *Webhook) SigningSecrets(now time.Time) []SealedSecret {
	return slices.DeleteFunc(slices.Clone(w.Secrets), func(s SealedSecret) bool { return s.Ended(now) })
}

// Revise applies r and returns the event to record, or the zero Event if nothing changed.
func (w *Webhook) Revise(r WebhookRevision, eventID string, by Author, now time.Time) Event {
	var changes []Change
	if r.URL != nil && *r.URL != w.URL {
		changes = append(changes, Change{Field: "url", Old: w.URL, New: *r.URL})
		w.URL, w.FailingSince = *r.URL, time.Time{} // the failures were those of the old URL
	}
	if r.Events != nil && !slices.Equal(*r.Events, w.Events) {
		changes = append(changes, Change{Field: "events", Old: texts(w.Events), New: texts(*r.Events)})
		w.Events = slices.Clone(*r.Events)
	}
	if r.Description != nil && *r.Description != w.Description {
		changes = append(changes, Change{Field: "description", Old: w.Description, New: *r.Description})
		w.Description = *r.Description
	}
	if r.Enabled != nil && *r.Enabled != w.Enabled {
		change := Change{Field: "enabled", Old: strconv.FormatBool(w.Enabled), New: strconv.FormatBool(*r.Enabled)}
		changes = append(changes, change)
		if w.Enabled = *r.Enabled; w.Enabled {
			w.DisabledReason, w.FailingSince = "", time.Time{}
		} else {
			w.DisabledReason = DisabledByOwner
		}
	}
	if len(changes) == 0 {
		return Event{}
	}
	return w.event(EventWebhookUpdated, eventID, by, now, changes...)
}

// Rotate makes secret the current secret. The previous one still signs for
// [WebhookSecretOverlap]; any older one stops at once.
func (w *Webhook) Rotate(secret SealedSecret, eventID string, by Author, now time.Time) Event {
	secrets := []SealedSecret{secret}
	if len(w.Secrets) > 0 {
		previous := w.Secrets[0]
		previous.ValidUntil = instant(now.Add(WebhookSecretOverlap))
		secrets = append(secrets, previous)
	}
	w.Secrets = secrets
	return w.event(EventWebhookRotated, eventID, by, now)
}

// Delete permanently deletes the webhook, and forgets its secrets.
func (w *Webhook) Delete(eventID string, by Author, now time.Time) Event {
	w.DeletedAt, w.Secrets = instant(now), nil
	return w.event(EventWebhookDeleted, eventID, by, now)
}

// Attempted records the outcome of an attempt, and disables the webhook if it is gone or
// has failed for [WebhookPatience]. It returns the event to record, or the zero Event if
// the webhook was not disabled.
func (w *Webhook) Attempted(delivered, gone bool, eventID string, now time.Time) Event {
	if delivered {
		w.FailingSince = time.Time{}
		return Event{}
	}
	if w.FailingSince.IsZero() {
		w.FailingSince = instant(now)
	}
	reason := DisabledGone
	if !gone {
		if now.Sub(w.FailingSince) < WebhookPatience {
			return Event{}
		}
		reason = DisabledFailing
	}
	if !w.Enabled || !w.DeletedAt.IsZero() {
		return Event{}
	}
	w.Enabled, w.DisabledReason = false, reason
	return w.event(EventWebhookStopped, eventID, Author{Portal: PortalSystem}, now, Change{Field: "disabledReason", New: string(reason)})
}

func (w *Webhook) event(t EventType, eventID string, by Author, now time.Time, changes ...Change) Event {
	return Event{ID: eventID, KeyID: KeyID(w.ID), Workspace: w.Workspace, Type: t, At: instant(now), By: by, Changes: changes}
}

// DeliveryStatus is the status of a delivery.
type DeliveryStatus string

// The statuses.
const (
	DeliveryPending   DeliveryStatus = "PENDING"
	DeliveryDelivered DeliveryStatus = "DELIVERED"
	DeliveryFailed    DeliveryStatus = "FAILED"  // after the last attempt
	DeliveryDropped   DeliveryStatus = "DROPPED" // because the webhook was disabled or deleted
)

// ParseDeliveryStatus parses the name of a status.
func ParseDeliveryStatus(s string) (DeliveryStatus, Faults) {
	switch status := DeliveryStatus(s); status {
	case DeliveryPending, DeliveryDelivered, DeliveryFailed, DeliveryDropped:
		return status, nil
	}
	return "", fault(ReasonRange, RuleDeliveryStatusRange)
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	ID            DeliveryID
	EventType     WebhookEventType
	KeyID         KeyID // empty for a test
	Status        DeliveryStatus
	Attempts      int       // since the delivery was created or retried by the owner
	CreatedAt     time.Time // of the event
	LastAttemptAt time.Time // zero if there was none
	LastStatus    int       // the HTTP status of the last response, or 0 if there was none
	NextAttemptAt time.Time // zero unless pending
}
