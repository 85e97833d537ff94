package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// WebhookEventType is the type of an event that webhooks receive.
type WebhookEventType string

// The event types. A webhook can subscribe to all of them except [WebhookTest], which
// is sent on request.
const (
	WebhookKeyCreated      WebhookEventType = "api_key.created"
	WebhookKeyUpdated      WebhookEventType = "api_key.updated"
	WebhookKeyDisabled     WebhookEventType = "api_key.disabled"
	WebhookKeyEnabled      WebhookEventType = "api_key.enabled"
	WebhookKeyRotated      WebhookEventType = "api_key.rotated"
	WebhookKeyDeleted      WebhookEventType = "api_key.deleted"
	WebhookKeyLeaked       WebhookEventType = "api_key.leaked"
	WebhookKeyExpiring     WebhookEventType = "api_key.expiring"
	WebhookKeyExpired      WebhookEventType = "api_key.expired"
	WebhookKeyLimitReached WebhookEventType = "api_key.limit_reached"
	WebhookTest            WebhookEventType = "webhook.test"
)

var webhookEventTypes = []WebhookEventType{
	WebhookKeyCreated, WebhookKeyUpdated, WebhookKeyDisabled, WebhookKeyEnabled, WebhookKeyRotated, WebhookKeyDeleted,
	WebhookKeyLeaked, WebhookKeyExpiring, WebhookKeyExpired, WebhookKeyLimitReached,
}

// WebhookEventTypes returns the types that a webhook can subscribe to.
func WebhookEventTypes() []WebhookEventType { return slices.Clone(webhookEventTypes) }

// ParseWebhookEventType returns the type with the given name. It accepts only types
// that a webhook can subscribe to.
func ParseWebhookEventType(s string) (WebhookEventType, Faults) {
	if t := WebhookEventType(s); slices.Contains(webhookEventTypes, t) {
		return t, nil
	}
	return "", fault(ReasonRange, RuleWebhookEventRange)
}

// webhookTypes maps the event types of the audit trail to those that webhooks receive.
var webhookTypes = map[EventType]WebhookEventType{
	EventCreated:  WebhookKeyCreated,
	EventUpdated:  WebhookKeyUpdated,
	EventDisabled: WebhookKeyDisabled,
	EventEnabled:  WebhookKeyEnabled,
	EventRotated:  WebhookKeyRotated,
	EventDeleted:  WebhookKeyDeleted,
	EventLeaked:   WebhookKeyLeaked,
}

// WebhookEvent is an event in the form in which webhooks receive it. It contains no
// secret or digest.
type WebhookEvent struct {
	// ID is unique. The IDs of the deliveries are derived from it.
	ID        string
	Type      WebhookEventType
	At        time.Time
	Workspace WorkspaceID
	KeyID     KeyID  // empty for a test
	Body      []byte // compact JSON, sent unchanged
}

// WebhookEventOf returns the event that webhooks receive for event, a change of key, or
// false if they receive none. key is the state after the change.
func WebhookEventOf(event Event, key Snapshot) (WebhookEvent, bool) {
	t, ok := webhookTypes[event.Type]
	if !ok {
		return WebhookEvent{}, false
	}
	var account any
	if event.By.AccountID != "" {
		account = event.By.AccountID
	}
	var more []member
	switch t {
	case WebhookKeyUpdated:
		more = append(more, member{"changes", changesOf(event.Changes)})
	case WebhookKeyLeaked:
		more = append(more, member{"source", sourceOf(event.Changes)})
	}
	return keyWebhookEvent(event.ID, t, event.At, key, account, more...), true
}

// Warning is an event about a key that has no author, because its cause is time or a
// limit. Webhooks are told of it once for each Kind and Due of a key.
type Warning struct {
	Workspace WorkspaceID
	KeyID     KeyID
	// Kind distinguishes the warnings about one key: expiring-30, expiring-7,
	// expiring-1, expired, or limit followed by the name and window of the limit.
	Kind string
	// Due is the expiry of the key, or the start of the window.
	Due time.Time
}

// Lasts reports whether the warning must never be made again, however long ago it was
// made.
func (w Warning) Lasts() bool {
	return strings.HasPrefix(w.Kind, kindLimit) && strings.HasSuffix(w.Kind, " "+string(PeriodTotal))
}

// expiryWarnings are the days before the expiry of a key at which its owner is warned, in
// the order in which they become due.
var expiryWarnings = []int{30, 7, 1}

const (
	day            = 24 * time.Hour
	kindExpired    = "expired"
	kindExpiring   = "expiring-"
	kindLimit      = "limit "
	warnedLongest  = 30 * day
	warnedAfterEnd = 7 * day
)

// ExpiryHorizon returns the earliest and the latest expiry of keys whose owners may be
// warned at now. It reaches into the past, so that a service that was down for up to 7
// days still reports that a key has expired.
func ExpiryHorizon(now time.Time) (from, to time.Time) {
	return now.Add(-warnedAfterEnd), now.Add(warnedLongest)
}

// ExpiryWarning returns the nearest warning about the expiry of a key that is due at now,
// or false if none is due. A warning whose time came before the key was created is never
// due.
func ExpiryWarning(key Snapshot, now time.Time) (Warning, bool) {
	w := Warning{Workspace: key.Workspace, KeyID: key.ID, Due: key.ExpiresAt}
	from, to := ExpiryHorizon(now)
	if key.ExpiresAt.IsZero() || !key.DeletedAt.IsZero() || key.ExpiresAt.Before(from) || key.ExpiresAt.After(to) {
		return Warning{}, false
	}
	if ended(key.ExpiresAt, now) {
		w.Kind = kindExpired
		return w, true
	}
	for _, days := range slices.Backward(expiryWarnings) {
		at := key.ExpiresAt.Add(-time.Duration(days) * day)
		if !now.Before(at) {
			w.Kind = fmt.Sprint(kindExpiring, days)
			return w, !at.Before(key.CreatedAt)
		}
	}
	return Warning{}, false
}

// ExpiryEvent returns the event for a [Warning] that [ExpiryWarning] returned for key.
func ExpiryEvent(w Warning, key Snapshot, eventID string, now time.Time) WebhookEvent {
	t := WebhookKeyExpiring
	if w.Kind == kindExpired {
		t = WebhookKeyExpired
	}
	return keyWebhookEvent(eventID, t, now, key, nil, member{"expiresAt", second(key.ExpiresAt)})
}

// WarnedLimit returns the warning about the first refusal of limit in the window that
// starts at start, or false if the window is shorter than an hour.
func WarnedLimit(workspace WorkspaceID, key KeyID, limit Limit, start time.Time) (Warning, bool) {
	return Warning{Workspace: workspace, KeyID: key, Kind: kindLimit + limit.Name + " " + limit.Window.String(), Due: instant(start)},
		limit.IsQuota() || limit.Window.Seconds() >= 3600
}

// LimitEvent returns the event for a [Warning] that [WarnedLimit] returned.
func LimitEvent(limit Limit, key Snapshot, eventID string, now time.Time) WebhookEvent {
	more := []member{{"limit", limit.Max}}
	if limit.IsQuota() {
		more = append(more, member{"period", string(limit.Window.Period())})
	} else {
		more = append(more, member{"windowSeconds", limit.Window.Seconds()})
	}
	value, _ := marshalObject(append([]member{{"name", limit.Name}}, more...)...) // strings and numbers
	return keyWebhookEvent(eventID, WebhookKeyLimitReached, now, key, nil, member{"limit", rawJSON(value)})
}

// TestEvent returns the event of a test of a webhook.
func TestEvent(workspace WorkspaceID, id WebhookID, eventID string, by Author, now time.Time) WebhookEvent {
	return webhookEvent(WebhookEvent{ID: eventID, Type: WebhookTest, At: instant(now), Workspace: workspace},
		member{"workspaceId", workspace}, member{"webhookId", id}, member{"accountId", by.AccountID})
}

func keyWebhookEvent(eventID string, t WebhookEventType, at time.Time, key Snapshot, account any, more ...member) WebhookEvent {
	status := (&APIKey{s: key}).Status(at)
	return webhookEvent(WebhookEvent{ID: eventID, Type: t, At: instant(at), Workspace: key.Workspace, KeyID: key.ID},
		append([]member{
			{"workspaceId", key.Workspace},
			{"apiKeyId", key.ID},
			{"name", key.Name.String()},
			{"mode", key.Mode.String()},
			{"status", status},
			{"accountId", account},
		}, more...)...)
}

func webhookEvent(e WebhookEvent, data ...member) WebhookEvent {
	// Strings, numbers and lists of them: encoding cannot fail.
	object, _ := marshalObject(data...)
	e.Body, _ = marshalObject(member{"type", e.Type}, member{"timestamp", second(e.At)}, member{"data", rawJSON(object)})
	return e
}

// rawJSON is JSON that is already encoded.
type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// changesOf returns changes in the form of the audit trail.
func changesOf(changes []Change) []rawJSON {
	out := make([]rawJSON, len(changes))
	for i, c := range changes {
		out[i], _ = marshalObject(member{"field", c.Field}, member{"old", c.Old}, member{"new", c.New})
	}
	return out
}

func sourceOf(changes []Change) any {
	for _, c := range changes {
		if c.Field == "source" {
			return c.New
		}
	}
	return nil
}
