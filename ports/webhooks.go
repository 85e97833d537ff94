package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// WebhookStore keeps webhooks and what is to be delivered to them, in the transactions of
// [KeyWriter]: with each audit event, the writer of the same store stores a pending
// delivery of [domain.WebhookEventOf] for each webhook of the workspace that subscribes
// to it, or neither. A store that sets [Store].Webhooks promises that of its Keys.
//
// The store has one clock for all replicas, which determines when deliveries are due, so
// the clocks of the replicas need not agree.
//
// Every method is safe for concurrent use. It returns an error that wraps
// [domain.ErrUnavailable] if the store cannot be reached or does not respond before
// ctx ends; it is then unknown whether anything was changed.
type WebhookStore interface {
	WebhookRepository
	Outbox
	Warnings
}

// WebhookRepository stores webhooks, their audit trails and their deliveries for their
// owners. A deleted webhook, and its deliveries, are found by none of its methods. The
// methods that change something take the idempotency key of the request, or nil, and
// return what [Idempotency] describes, but [WebhookReplayed] instead of [Replayed].
type WebhookRepository interface {
	// CreateWebhook stores a new webhook and its event. It stores nothing and returns
	// [domain.ErrTooManyWebhooks] if the workspace has [domain.MaxWebhooks], exactly
	// also under concurrency.
	CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *Idempotency) error

	// UpdateWebhook reads a webhook, calls change with it, and stores the modified
	// webhook and the event that change returned, as [KeyWriter].Update does for keys.
	// If the webhook is then disabled or deleted, its pending deliveries are dropped; of
	// very many, some may stay pending until ForgetDeliveries or until it is enabled. It
	// returns [domain.ErrWebhookNotFound] if there is no such webhook in workspace.
	UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *Idempotency) error

	// Webhook returns a webhook of workspace, or [domain.ErrWebhookNotFound].
	Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error)

	// Webhooks returns one page of the webhooks of workspace, newest first.
	Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (WebhookPage, error)

	// WebhookEvents returns one page of the audit trail of a webhook of workspace, even of
	// a deleted one, latest first.
	WebhookEvents(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, page domain.Page) (EventPage, error)

	// Deliveries returns one page of the deliveries of a webhook with the given status,
	// or with any if status is empty, newest first, or [domain.ErrWebhookNotFound].
	Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (DeliveryPage, error)

	// TestWebhook stores a pending delivery of event for one webhook, whatever it
	// subscribes to. It returns [domain.ErrConflict] if the webhook is disabled.
	TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *Idempotency) error

	// RetryDelivery makes a delivery pending and due now. One that was pending is not
	// sent by two senders at once: while it is leased, nothing changes. Any other
	// starts again with no attempts. It returns [domain.ErrConflict] if the webhook is
	// disabled, and [domain.ErrWebhookNotFound] if the webhook has no such delivery.
	RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *Idempotency) error
}

// WebhookPage is one page of a list of webhooks.
type WebhookPage struct {
	Webhooks []*domain.Webhook
	Total    int64 // exact number on all pages
}

// DeliveryPage is one page of a list of deliveries.
type DeliveryPage struct {
	Deliveries []domain.Delivery
	Total      int64 // exact number on all pages
}

// WebhookReplayed is the error of a request about webhooks that repeats an earlier one.
type WebhookReplayed struct {
	// Outcome is the webhook as the earlier request left it, without secrets.
	Outcome *domain.Webhook
	// At is the time of the earlier request.
	At time.Time
}

func (*WebhookReplayed) Error() string { return "a request with this idempotency key was made before" }

// Outbox hands out due deliveries to senders, on any number of replicas.
type Outbox interface {
	// Claim leases deliveries that are due, of webhooks that are enabled: no other call
	// returns them until request.Lease has passed or Report ends the lease. A sender
	// that dies loses its leases that way. It returns an empty slice if nothing is due.
	//
	// It is fair between webhooks: it returns at most request.PerWebhook deliveries of
	// each, none of those in request.Except, and if more are due than request.Limit, it
	// takes the first of every webhook before it takes the second of any. A webhook with
	// many due deliveries, or one that hangs and that its sender excludes, holds up no
	// other. The cost depends on the number of webhooks with pending deliveries, not on
	// the number of deliveries.
	Claim(ctx context.Context, request ClaimRequest) ([]DueDelivery, error)

	// Report records the outcomes of attempts and ends their leases. It ignores an
	// outcome whose lease has ended and was given to another, or whose delivery was
	// dropped meanwhile.
	//
	// It returns what became of the webhooks: it disables one with [domain.DisabledGone]
	// after [OutcomeGone], and with [domain.DisabledFailing] if an attempt fails
	// [domain.WebhookPatience] after the first failure since the last success, and then
	// drops their pending deliveries. It records an event of each, and returns it once.
	//
	// It judges each outcome by [Outcome.At] with the URL that the webhook has by then.
	Report(ctx context.Context, outcomes []Outcome) ([]StoppedWebhook, error)

	// Queue describes the pending deliveries of enabled webhooks.
	Queue(ctx context.Context) (QueueState, error)

	// SealingKeys returns what depends on each sealing key, as [domain.SealingUses] does
	// for all webhooks that are not deleted. With it an operator sees which keys can be
	// retired, and which webhooks a lost key affects.
	SealingKeys(ctx context.Context) (map[string]domain.SealingUse, error)

	// Reseal calls reseal with the secrets of up to limit webhooks that have one sealed
	// with another key than current, after the webhook with the ID after, in the order
	// of their IDs, and stores what it returns. It leaves a webhook as it is for which
	// reseal returns an error. It returns the ID of the last webhook, or "" after the
	// last one.
	Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error)

	// ForgetDeliveries removes up to limit deliveries that were created before
	// [domain.DeliveryRetention] ago, or twice as long ago if they are pending, marks of
	// warnings that were due twice as long ago unless they last, and deleted webhooks
	// without deliveries. It first drops up to limit pending deliveries of webhooks that
	// are disabled or deleted, which a change could add while it was made. It returns how
	// many deliveries it has removed, or dropped if these are more.
	ForgetDeliveries(ctx context.Context, limit int) (removed int, err error)
}

// ClaimRequest requests deliveries.
type ClaimRequest struct {
	Limit      int           // of all, at least 1
	PerWebhook int           // at least 1
	Lease      time.Duration // at least 1 s, in whole milliseconds
	Except     []domain.WebhookID
}

// DueDelivery is a leased delivery.
type DueDelivery struct {
	ID        domain.DeliveryID
	Webhook   domain.WebhookID
	Workspace domain.WorkspaceID
	URL       string
	// Secrets are those that sign now, the current one first.
	Secrets []domain.SealedSecret
	Type    domain.WebhookEventType
	Body    []byte
	// Attempts is the number of attempts before this one.
	Attempts int
	// CreatedAt is the time of the event, and Now that of the store's clock at the claim.
	CreatedAt, Now time.Time
	// Claim identifies the lease.
	Claim int64
}

// OutcomeKind is what became of an attempt.
type OutcomeKind uint8

// The kinds.
const (
	// OutcomeDelivered means that the receiver has accepted the delivery.
	OutcomeDelivered OutcomeKind = iota + 1
	// OutcomeRetry means that the attempt failed, and that there is to be another.
	OutcomeRetry
	// OutcomeFailed means that the last attempt failed.
	OutcomeFailed
	// OutcomeGone means that the receiver has answered 410. The delivery is dropped.
	OutcomeGone
	// OutcomeReturned means that there was no attempt, such as at a shutdown: the
	// delivery is due after RetryAfter, and nothing else changes.
	OutcomeReturned
)

// Outcome is the result of one attempt.
type Outcome struct {
	Delivery domain.DeliveryID
	Webhook  domain.WebhookID
	Claim    int64  // of the [DueDelivery]
	URL      string // of the [DueDelivery]
	Kind     OutcomeKind
	// Status is the HTTP status of the response, or 0 if there was none.
	Status int
	// RetryAfter is the time from now to the next attempt, for [OutcomeRetry] and
	// [OutcomeReturned].
	RetryAfter time.Duration
	// EventID is the ID of the event that is recorded if the webhook is stopped. It must
	// be new.
	EventID string
}

// Failed reports whether the attempt failed.
func (o Outcome) Failed() bool {
	return o.Kind == OutcomeRetry || o.Kind == OutcomeFailed || o.Kind == OutcomeGone
}

// At returns what o says of a webhook whose URL is url. If that is another one than the
// attempt was made to, a failure does not count, and the delivery is due at once.
func (o Outcome) At(url string) Outcome {
	if o.Failed() && o.URL != url {
		o.Kind, o.RetryAfter = OutcomeReturned, 0
	}
	return o
}

// StoppedWebhook is a webhook that the store has disabled.
type StoppedWebhook struct {
	ID        domain.WebhookID
	Workspace domain.WorkspaceID
	Reason    domain.DisabledReason
}

// QueueState describes the pending deliveries.
type QueueState struct {
	// Pending is the number of pending deliveries, whether due or not.
	Pending int64
	// Due is the number of those that are due and not leased.
	Due int64
	// OldestDue is how long the oldest of those has been due, or 0.
	OldestDue time.Duration
}

// Warnings stores events whose cause is time or a limit.
type Warnings interface {
	// ExpiringKeys returns up to limit living keys, after the key with the ID after, in
	// the order of their IDs, that expire within [domain.ExpiryHorizon] of now, in
	// workspaces with an enabled webhook. The caller decides which warnings are due.
	// A key that has expired is only returned if such a webhook existed before.
	ExpiringKeys(ctx context.Context, now time.Time, after domain.KeyID, limit int) ([]*domain.APIKey, error)

	// Warn records warning, and stores a pending delivery of event for each webhook that
	// subscribes to it, in one transaction, and returns true. If no webhook does, or
	// the warning was recorded before, by any replica, it stores nothing and returns
	// false. After an error the caller makes the same warning again later.
	Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error)
}

// SecretSealer seals the secrets of webhooks. It is safe for concurrent use.
type SecretSealer interface {
	// Seal seals the secret of a webhook with the newest sealing key.
	Seal(id domain.WebhookID, secret domain.WebhookSecret) (domain.SealedSecret, error)

	// Open returns a sealed secret. It returns an error that names the sealing key if
	// that is not configured, or if the secret was sealed for another webhook.
	Open(id domain.WebhookID, sealed domain.SealedSecret) (domain.WebhookSecret, error)
}
