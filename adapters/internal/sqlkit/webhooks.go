package sqlkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// The statements about webhooks of both stores, with ? for arguments.
const (
	webhookColumns = `w.id, w.workspace_id, w.url, w.events, w.description, w.enabled, w.disabled_reason,
w.created_at, w.created_by, w.deleted_at, w.failing_since, w.secrets`

	// SelectWebhooks selects all webhooks; a condition may be appended to it.
	SelectWebhooks = `SELECT ` + webhookColumns + ` FROM api_key_webhooks w`

	// FindWebhook finds a webhook by its ID and workspace.
	FindWebhook = SelectWebhooks + ` WHERE w.id = ? AND w.workspace_id = ? AND w.deleted_at IS NULL`

	// ListWebhooks lists all webhooks of a workspace, of which there are at most
	// [domain.MaxWebhooks].
	ListWebhooks = SelectWebhooks + ` WHERE w.workspace_id = ? AND w.deleted_at IS NULL ORDER BY w.created_at DESC, w.id DESC`

	// InsertWebhook stores a webhook; see [Codec.InsertWebhookArgs].
	InsertWebhook = `INSERT INTO api_key_webhooks
(id, workspace_id, url, events, description, enabled, disabled_reason, created_at, created_by, deleted_at, failing_since, secrets)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// UpdateWebhook changes a webhook; see [Codec.UpdateWebhookArgs].
	UpdateWebhook = `UPDATE api_key_webhooks
SET url = ?, events = ?, description = ?, enabled = ?, disabled_reason = ?, deleted_at = ?, failing_since = ?, secrets = ?
WHERE id = ? AND workspace_id = ?`

	// InsertWebhookEvent stores an event of a webhook; see [EventColumns.Args].
	InsertWebhookEvent = `INSERT INTO api_key_webhook_events
(api_key_id, at, event_id, workspace_id, type, account_id, portal, client_hash, ip, request_id, changes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// ListWebhookEvents is [ListEvents] for webhooks.
	ListWebhookEvents = `SELECT t.total, e.event_id, e.api_key_id, e.workspace_id, e.type, e.at, e.account_id, e.portal, e.client_hash, e.ip, e.request_id, e.changes
FROM (SELECT count(*) AS total FROM api_key_webhook_events WHERE api_key_id = ? AND workspace_id = ?) t
LEFT JOIN (
SELECT * FROM api_key_webhook_events
WHERE api_key_id = ? AND workspace_id = ?
ORDER BY seq DESC LIMIT ? OFFSET ?
) e ON true
ORDER BY e.seq DESC`

	// ExpiringKeys selects a page of the keys that expire, of the workspaces
	// that have an enabled webhook.
	ExpiringKeys = selectKey + ` WHERE k.id IN (
SELECT e.id FROM (
SELECT workspace_id, min(created_at) AS since FROM api_key_webhooks WHERE deleted_at IS NULL AND enabled GROUP BY workspace_id
) w JOIN api_keys e ON e.workspace_id = w.workspace_id AND e.deleted_at IS NULL AND e.expires_at IS NOT NULL
AND e.expires_at BETWEEN ? AND ? AND (e.expires_at > ? OR e.expires_at > w.since)
WHERE e.id > ? ORDER BY e.id LIMIT ?
) ORDER BY k.id, s.position`

	// SetFailingSince sets the time since which a webhook has been failing.
	SetFailingSince = `UPDATE api_key_webhooks SET failing_since = ? WHERE id = ?`

	// NextSealed selects a page of the living webhooks. [Codec.Reseal] decides which of
	// them to reseal, because a condition on the secrets would fail if one of them is
	// damaged.
	NextSealed = SelectWebhooks + ` WHERE w.id > ? AND w.deleted_at IS NULL ORDER BY w.id LIMIT ?`

	// SealedSecrets selects the secrets of all living webhooks; see [SealingUses].
	SealedSecrets = `SELECT id, workspace_id, secrets FROM api_key_webhooks WHERE deleted_at IS NULL`

	// SetSecrets replaces the secrets of a webhook.
	SetSecrets = `UPDATE api_key_webhooks SET secrets = ? WHERE id = ?`

	// ForgetWarnings removes old warnings, except those whose kind matches
	// [LastingWarnings].
	ForgetWarnings = `DELETE FROM api_key_warnings WHERE due < ? AND NOT (kind LIKE ?)`

	// InsertDelivery stores a pending delivery of one webhook; see [Codec.InsertDeliveryArgs].
	InsertDelivery = `INSERT INTO api_key_deliveries (webhook_id, id, type, api_key_id, body, created_at, due_at)
VALUES (?, ?, ?, ?, ?, ?, ?)`

	// ListDeliveries reads a page, newest first, with the total in each row; see
	// [ListDeliveriesArgs].
	ListDeliveries = `SELECT t.total, d.id, d.type, d.api_key_id, d.status, d.attempts, d.created_at, d.last_attempt_at, d.last_status, d.due_at
FROM (SELECT count(*) AS total FROM api_key_deliveries WHERE webhook_id = ? AND (CAST(? AS text) = '' OR status = ?)) t
LEFT JOIN (
SELECT * FROM api_key_deliveries
WHERE webhook_id = ? AND (CAST(? AS text) = '' OR status = ?)
ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?
) d ON true
ORDER BY d.created_at DESC, d.id DESC`

	// RetryDelivery makes a delivery due at its first argument; see [Codec.RetryArgs].
	RetryDelivery = `UPDATE api_key_deliveries
SET attempts = CASE status WHEN 'PENDING' THEN attempts ELSE 0 END,
due_at = CASE WHEN status = 'PENDING' AND leased_until > ? THEN due_at ELSE ? END,
status = 'PENDING'
WHERE webhook_id = ? AND id = ?`
)

// WebhookRow is a row of [SelectWebhooks].
type WebhookRow[T any] struct {
	ID             string `db:"id"`
	WorkspaceID    string `db:"workspace_id"`
	URL            string `db:"url"`
	Events         string `db:"events"`
	Description    string `db:"description"`
	Enabled        bool   `db:"enabled"`
	DisabledReason string `db:"disabled_reason"`
	CreatedAt      T      `db:"created_at"`
	CreatedBy      string `db:"created_by"`
	DeletedAt      *T     `db:"deleted_at"`
	FailingSince   *T     `db:"failing_since"`
	Secrets        string `db:"secrets"`
}

// sealedJSON is a sealed secret as it is stored.
type sealedJSON struct {
	KeyID      string    `json:"key"`
	Box        []byte    `json:"box"`
	ValidUntil time.Time `json:"until,omitzero"`
}

// unreadableKey stands for the sealing key of unreadable secrets. No sealing key has this
// ID.
const unreadableKey = "(unreadable)"

// encodeSealed returns the stored form of secrets. Unreadable secrets are stored
// unchanged.
func encodeSealed(secrets []domain.SealedSecret) (string, error) {
	if len(secrets) == 1 && secrets[0].KeyID == unreadableKey {
		return string(secrets[0].Box), nil
	}
	out := make([]sealedJSON, len(secrets))
	for i, s := range secrets {
		out[i] = sealedJSON(s)
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// DecodeSealed returns the secrets whose stored form is stored. If it is damaged,
// DecodeSealed returns a single secret that cannot be opened, under a sealing key that
// does not exist, so that nothing is sent to the webhook until its owner rotates it.
func DecodeSealed(stored string) []domain.SealedSecret {
	var in []sealedJSON
	if err := json.Unmarshal([]byte(stored), &in); err != nil || in == nil {
		return []domain.SealedSecret{{KeyID: unreadableKey, Box: []byte(stored)}}
	}
	out := make([]domain.SealedSecret, len(in))
	for i, s := range in {
		out[i] = domain.SealedSecret(s)
	}
	return out
}

// unreadableEvent stands for an unreadable event type. No event has this type.
const unreadableEvent domain.WebhookEventType = "unreadable"

// decodeEventTypes returns the types whose stored form is stored.
func decodeEventTypes(stored string) (types []domain.WebhookEventType) {
	var in []any
	if err := json.Unmarshal([]byte(stored), &in); err != nil {
		return []domain.WebhookEventType{unreadableEvent}
	}
	types = make([]domain.WebhookEventType, len(in))
	for i, v := range in {
		types[i] = unreadableEvent
		if name, ok := v.(string); ok {
			types[i] = domain.WebhookEventType(name)
		}
	}
	return types
}

// DropBatch is the maximum number of deliveries that a transaction drops, so that it
// ends in time even if a webhook has many of them.
const DropBatch = 2000

// ErrManyPending is returned by a transaction that would enable a webhook before all its
// earlier deliveries are dropped.
var ErrManyPending = fmt.Errorf("more than %d deliveries are to be dropped first: %w", DropBatch, domain.ErrUnavailable)

// Drops reports whether a change of a webhook to w drops its pending deliveries, given
// whether it was enabled before. They are dropped when the webhook is stopped, and again
// when it is enabled, because a change of a key may have added one while it was being
// stopped.
func Drops(w *domain.Webhook, enabled bool) bool { return !receives(w) || !enabled }

func receives(w *domain.Webhook) bool { return w.Enabled && w.DeletedAt.IsZero() }

// Dropped reports whether deliveries of w remain to be dropped after a batch in which n
// were dropped. It returns [ErrManyPending] if they must be dropped before w is enabled.
func Dropped(w *domain.Webhook, n int64) (more bool, err error) {
	more = n >= DropBatch
	if more && receives(w) {
		return false, Refused(ErrManyPending)
	}
	return more, nil
}

// SealedRow is a row of [SealedSecrets].
type SealedRow struct {
	ID          string `db:"id"`
	WorkspaceID string `db:"workspace_id"`
	Secrets     string `db:"secrets"`
}

// SealingUses returns what depends on each sealing key at now.
func SealingUses(rows []SealedRow, now time.Time) map[string]domain.SealingUse {
	webhooks := make([]*domain.Webhook, len(rows))
	for i, row := range rows {
		webhooks[i] = &domain.Webhook{ID: domain.WebhookID(row.ID), Workspace: domain.WorkspaceID(row.WorkspaceID), Secrets: DecodeSealed(row.Secrets)}
	}
	return domain.SealingUses(webhooks, now)
}

func encodeEventTypes(types []domain.WebhookEventType) (string, error) {
	if types == nil {
		types = []domain.WebhookEventType{}
	}
	text, err := json.Marshal(types)
	return string(text), err
}

// Webhook returns the webhook of a row.
func (c Codec[T]) Webhook(row WebhookRow[T]) *domain.Webhook {
	return &domain.Webhook{
		ID: domain.WebhookID(row.ID), Workspace: domain.WorkspaceID(row.WorkspaceID), URL: row.URL, Description: row.Description,
		Enabled: row.Enabled, DisabledReason: domain.DisabledReason(row.DisabledReason),
		CreatedAt: c.Decode(row.CreatedAt), CreatedBy: row.CreatedBy,
		DeletedAt: c.decodeOptional(row.DeletedAt), FailingSince: c.decodeOptional(row.FailingSince),
		Events: decodeEventTypes(row.Events), Secrets: DecodeSealed(row.Secrets),
	}
}

// Webhooks returns the webhooks of rows.
func (c Codec[T]) Webhooks(rows []WebhookRow[T]) []*domain.Webhook {
	all := make([]*domain.Webhook, len(rows))
	for i, row := range rows {
		all[i] = c.Webhook(row)
	}
	return all
}

// FoundWebhook returns the webhook of the row that was found, or
// [domain.ErrWebhookNotFound] if there is none.
func (c Codec[T]) FoundWebhook(rows []WebhookRow[T]) (*domain.Webhook, error) {
	if len(rows) == 0 {
		return nil, domain.ErrWebhookNotFound
	}
	return c.Webhook(rows[0]), nil
}

// Reseal calls reseal for each webhook of rows that has a secret sealed under a key
// other than current, and store with the secrets that reseal returns. A webhook for
// which reseal returns an error keeps its secrets. Reseal returns the ID of the last
// webhook of rows, or "" if there are fewer than limit.
func (c Codec[T]) Reseal(rows []WebhookRow[T], current string, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error), store func(secrets, id string) error) (last domain.WebhookID, err error) {
	found := c.Webhooks(rows)
	for _, w := range found {
		if !slices.ContainsFunc(w.Secrets, func(s domain.SealedSecret) bool { return s.KeyID != current }) {
			continue
		}
		sealed, err := reseal(w.ID, w.Secrets)
		if err != nil {
			continue
		}
		text, err := encodeSealed(sealed)
		if err != nil {
			return "", err
		}
		if err := store(text, string(w.ID)); err != nil {
			return "", err
		}
	}
	if len(found) < limit {
		return "", nil
	}
	return found[len(found)-1].ID, nil
}

func (c Codec[T]) decodeOptional(t *T) time.Time {
	if t == nil {
		return time.Time{}
	}
	return c.Decode(*t)
}

// InsertWebhookArgs returns the arguments of [InsertWebhook].
func (c Codec[T]) InsertWebhookArgs(w *domain.Webhook) ([]any, error) {
	events, err := encodeEventTypes(w.Events)
	if err != nil {
		return nil, ownError{err}
	}
	secrets, err := encodeSealed(w.Secrets)
	if err != nil {
		return nil, ownError{err}
	}
	return []any{
		string(w.ID), string(w.Workspace), w.URL, events, w.Description, w.Enabled, string(w.DisabledReason),
		c.Encode(w.CreatedAt), w.CreatedBy, c.encodeOptional(w.DeletedAt), c.encodeOptional(w.FailingSince), secrets,
	}, nil
}

// UpdateWebhookArgs returns the arguments of [UpdateWebhook].
func (c Codec[T]) UpdateWebhookArgs(w *domain.Webhook) ([]any, error) {
	args, err := c.InsertWebhookArgs(w)
	if err != nil {
		return nil, err
	}
	return []any{args[2], args[3], args[4], args[5], args[6], args[9], args[10], args[11], args[0], args[1]}, nil
}

// WebhookEventArgs returns the arguments of [InsertWebhookEvent].
func (c Codec[T]) WebhookEventArgs(event domain.Event) ([]any, error) {
	e, err := c.eventColumns(event)
	if err != nil {
		return nil, ownError{err}
	}
	return []any{e.KeyID, e.At, e.ID, e.WorkspaceID, e.Type, e.AccountID, e.Portal, e.ClientHash, e.IP, e.RequestID, e.Changes}, nil
}

// InsertDeliveryArgs returns the arguments of [InsertDelivery] for a delivery that is due
// at now.
func (c Codec[T]) InsertDeliveryArgs(id domain.WebhookID, e domain.WebhookEvent, now time.Time) []any {
	var key *string
	if e.KeyID != "" {
		key = new(string(e.KeyID))
	}
	return []any{string(id), string(domain.NewDeliveryID(e.ID, id)), string(e.Type), key, string(e.Body), c.Encode(e.At), c.Encode(now)}
}

// ListDeliveriesArgs returns the arguments of [ListDeliveries].
func ListDeliveriesArgs(id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) []any {
	s := string(status)
	return []any{string(id), s, s, string(id), s, s, page.Size(), page.Offset()}
}

// DeliveryRow is a row of [ListDeliveries].
type DeliveryRow[T any] struct {
	Total         int64   `db:"total"`
	ID            *string `db:"id"` // nil if the page is empty
	Type          *string `db:"type"`
	KeyID         *string `db:"api_key_id"`
	Status        *string `db:"status"`
	Attempts      *int    `db:"attempts"`
	CreatedAt     *T      `db:"created_at"`
	LastAttemptAt *T      `db:"last_attempt_at"`
	LastStatus    *int    `db:"last_status"`
	DueAt         *T      `db:"due_at"`
}

// Deliveries returns the page that [ListDeliveries] found.
func (c Codec[T]) Deliveries(rows []DeliveryRow[T]) (page ports.DeliveryPage) {
	for _, row := range rows {
		page.Total = row.Total
		if row.ID == nil {
			continue
		}
		page.Deliveries = append(page.Deliveries, domain.Delivery{
			ID: domain.DeliveryID(*row.ID), EventType: domain.WebhookEventType(valueOf(row.Type)), KeyID: domain.KeyID(valueOf(row.KeyID)),
			Status: domain.DeliveryStatus(valueOf(row.Status)), Attempts: valueOf(row.Attempts), CreatedAt: c.decodeOptional(row.CreatedAt),
			LastAttemptAt: c.decodeOptional(row.LastAttemptAt), LastStatus: valueOf(row.LastStatus), NextAttemptAt: c.decodeOptional(row.DueAt),
		})
	}
	return page
}

func valueOf[V any](v *V) (value V) {
	if v != nil {
		value = *v
	}
	return value
}

// webhookOutcomeJSON is a webhook as a request left it, stored with the idempotency key
// of that request. It has no member for a secret.
type webhookOutcomeJSON struct {
	ID             string    `json:"webhook"`
	URL            string    `json:"url"`
	Events         []string  `json:"events"`
	Description    string    `json:"description"`
	Enabled        bool      `json:"enabled"`
	DisabledReason string    `json:"disabled_reason"`
	CreatedAt      time.Time `json:"created_at"`
	CreatedBy      string    `json:"created_by"`
}

// InsertWebhookIdempotencyArgs returns the arguments of [InsertIdempotencyKey] for a
// request about a webhook.
func (c Codec[T]) InsertWebhookIdempotencyArgs(idempotency ports.Idempotency, w *domain.Webhook) ([]any, error) {
	o := webhookOutcomeJSON{
		ID: string(w.ID), URL: w.URL, Description: w.Description, Enabled: w.Enabled, DisabledReason: string(w.DisabledReason),
		CreatedAt: w.CreatedAt, CreatedBy: w.CreatedBy,
	}
	for _, t := range w.Events {
		o.Events = append(o.Events, string(t))
	}
	encoded, err := json.Marshal(o)
	if err != nil {
		return nil, ownError{err}
	}
	return []any{
		string(w.Workspace), idempotency.Key, idempotency.Fingerprint[:],
		c.Encode(idempotency.At.UTC()), c.Encode(idempotency.Until.UTC()), string(encoded),
	}, nil
}

// JudgeWebhook is [Codec.Judge] for a request about a webhook.
func (c Codec[T]) JudgeWebhook(workspace domain.WorkspaceID, found []IdempotencyRow[T], idempotency ports.Idempotency) error {
	if len(found) == 0 {
		return nil
	}
	if !bytes.Equal(found[0].Fingerprint, idempotency.Fingerprint[:]) {
		return domain.ErrIdempotencyKeyReused
	}
	var o webhookOutcomeJSON
	if err := json.Unmarshal([]byte(found[0].Outcome), &o); err != nil || o.ID == "" {
		return ownError{errors.New("stored outcome without a webhook")}
	}
	w := &domain.Webhook{
		ID: domain.WebhookID(o.ID), Workspace: workspace, URL: o.URL, Description: o.Description, Enabled: o.Enabled,
		DisabledReason: domain.DisabledReason(o.DisabledReason), CreatedAt: o.CreatedAt, CreatedBy: o.CreatedBy,
	}
	for _, t := range o.Events {
		w.Events = append(w.Events, domain.WebhookEventType(t))
	}
	at, _ := c.optional(found[0].At)
	return &ports.WebhookReplayed{Outcome: w, At: at}
}

// LastingWarnings is the LIKE pattern of the kinds of warnings for which
// [domain.Warning.Lasts] returns true.
const LastingWarnings = "limit % TOTAL"

// PageOf returns the rows of all that are on the page.
func PageOf[Row any](all []Row, page domain.Page) []Row {
	begin := min(page.Offset(), int64(len(all)))
	return all[begin:min(begin+int64(page.Size()), int64(len(all)))]
}

// Optional returns nil for the zero time.
func (c Codec[T]) Optional(t time.Time) *T { return c.encodeOptional(t) }

// HookColumns is an event in the form in which it is delivered to webhooks. Type is
// empty if it is not delivered.
type HookColumns[T any] struct {
	Digits string // of the event's ID, which IDs of deliveries begin with
	Type   string
	Body   string
	At     T
}

func (c Codec[T]) hookColumns(event domain.Event, key domain.Snapshot) HookColumns[T] {
	e, ok := domain.WebhookEventOf(event, key)
	if !ok {
		return HookColumns[T]{At: c.Encode(event.At)}
	}
	return c.HookOf(e)
}

// HookOf returns the columns of e.
func (c Codec[T]) HookOf(e domain.WebhookEvent) HookColumns[T] {
	digits := string(domain.NewDeliveryID(e.ID, ""))
	return HookColumns[T]{Digits: digits, Type: string(e.Type), Body: string(e.Body), At: c.Encode(e.At)}
}

// Attempted applies recorded outcomes to a webhook. It returns the event to record if
// they stop the webhook, and otherwise the zero Event.
func Attempted(w *domain.Webhook, outcomes []ports.Outcome, now time.Time) (stopped domain.Event) {
	for _, o := range outcomes {
		event := w.Attempted(o.Kind == ports.OutcomeDelivered, o.Kind == ports.OutcomeGone, o.EventID, now)
		if event.ID != "" {
			stopped = event
		}
	}
	return stopped
}

// StatusAfter returns the status of a delivery after an attempt.
func StatusAfter(kind ports.OutcomeKind) domain.DeliveryStatus {
	switch kind {
	case ports.OutcomeRetry, ports.OutcomeReturned:
		return domain.DeliveryPending
	case ports.OutcomeDelivered:
		return domain.DeliveryDelivered
	case ports.OutcomeGone:
		return domain.DeliveryDropped
	}
	return domain.DeliveryFailed
}
