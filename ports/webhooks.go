package ports

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// WebhookStore stores webhooks and the deliveries to them. A store that sets
// [Store].Webhooks promises the following about its Keys: in the transaction in which it
// stores an audit event, it also stores a pending delivery of [domain.WebhookEventOf] for
// each webhook of the workspace that subscribes to the event.
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
// owners. None of its methods except WebhookEvents finds a deleted webhook or its
// deliveries. The methods that change something take the idempotency key of the
// request, or nil, and behave as described at [Idempotency], except that they return a
// [WebhookReplayed] instead of a [Replayed].
type WebhookRepository interface {
	// CreateWebhook stores a new webhook and its event. It stores nothing and returns
	// [domain.ErrTooManyWebhooks] if the workspace has [domain.MaxWebhooks]. The limit
	// is exact under concurrency.
	CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *Idempotency) error

	// UpdateWebhook reads a webhook, calls change with it, and stores the modified
	// webhook and the event that change returned, as [KeyWriter].Update does for keys.
	// If the change disables or deletes the webhook, its pending deliveries are dropped;
	// if there are very many, some may stay pending until ForgetDeliveries is called or
	// the webhook is enabled again. It returns [domain.ErrWebhookNotFound] if there is
	// no such webhook in workspace.
	UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *Idempotency) error

	// Webhook returns a webhook of workspace, or [domain.ErrWebhookNotFound].
	Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error)

	// Webhooks returns one page of the webhooks of workspace, newest first.
	Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (WebhookPage, error)

	// WebhookEvents returns one page of the audit trail of a webhook of workspace, newest
	// first, even if the webhook is deleted.
	WebhookEvents(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, page domain.Page) (EventPage, error)

	// Deliveries returns one page of the deliveries of a webhook that have the given
	// status, or of all its deliveries if status is empty, newest first. It returns
	// [domain.ErrWebhookNotFound] if there is no such webhook.
	Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (DeliveryPage, error)

	// TestWebhook stores a pending delivery of event for one webhook, whatever it
	// subscribes to. It returns [domain.ErrConflict] if the webhook is disabled.
	TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *Idempotency) error

	// RetryDelivery makes a delivery pending and due now. While the delivery is leased,
	// it changes nothing, so that two senders do not send it at the same time. A
	// delivery that was not pending starts again with no attempts. It returns
	// [domain.ErrConflict] if the webhook is disabled, and [domain.ErrWebhookNotFound]
	// if the webhook has no such delivery.
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

// WebhookReplayed is the error for a request about a webhook that repeats an earlier
// one. It is not a failure.
type WebhookReplayed struct {
	// Outcome is the webhook as the earlier request left it, without secrets.
	Outcome *domain.Webhook
	// At is the time of the earlier request.
	At time.Time
}

func (*WebhookReplayed) Error() string { return "a request with this idempotency key was made before" }

// Outbox hands out due deliveries to senders, on any number of replicas.
type Outbox interface {
	// Claim leases due deliveries of enabled webhooks: no other call returns them until
	// request.Lease has passed or Report ends the lease. Thus the deliveries of a
	// sender that dies are handed to another. Claim returns an empty slice if nothing
	// is due.
	//
	// It is fair between webhooks: it returns at most request.PerWebhook deliveries of
	// each webhook and none of the webhooks in request.Except. If more than
	// request.Limit deliveries are due, it takes the first of every webhook before the
	// second of any. A webhook that has many due deliveries, or that hangs and is
	// excluded by its sender, does not hold up the others. The cost depends on the
	// number of webhooks with pending deliveries, not on the number of deliveries.
	Claim(ctx context.Context, request ClaimRequest) ([]DueDelivery, error)

	// Report records the outcomes of attempts and ends their leases. It ignores the
	// outcome of a delivery that was leased again or dropped in the meantime.
	//
	// It disables a webhook with [domain.DisabledGone] after [OutcomeGone], and with
	// [domain.DisabledFailing] if an attempt fails [domain.WebhookPatience] after the
	// first failure since the last success. It drops the pending deliveries of a webhook
	// that it disables, records an event, and returns the webhook once.
	//
	// It evaluates each outcome with [Outcome.At] and the current URL of the webhook.
	Report(ctx context.Context, outcomes []Outcome) ([]StoppedWebhook, error)

	// Queue describes the pending deliveries of enabled webhooks.
	Queue(ctx context.Context) (QueueState, error)

	// SealingKeys returns what depends on each sealing key, like [domain.SealingUses]
	// for all webhooks that are not deleted. It tells an operator which keys can be
	// retired, and which webhooks a lost key affects.
	SealingKeys(ctx context.Context) (map[string]domain.SealingUse, error)

	// Reseal examines up to limit webhooks with an ID greater than after, in the order
	// of their IDs. It calls reseal with the secrets of each one that has a secret
	// sealed under a key other than current, and stores the secrets that reseal
	// returns. If reseal returns an error, the webhook is left as it is. Reseal returns
	// the ID of the last webhook that it examined, or "" if there are no more.
	Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (domain.WebhookID, error)

	// ForgetDeliveries removes up to limit deliveries that are older than
	// [domain.DeliveryRetention], or twice as old if they are pending. It also removes
	// the records of warnings that were due twice as long ago, unless they last (see
	// [domain.Warning.Lasts]), and webhooks that were deleted before that retention and
	// have no deliveries left. Before that, it drops up to limit pending deliveries of
	// webhooks that are disabled or deleted: a change of a key may have added some while
	// the webhook was being disabled. It returns the number of deliveries that it removed
	// or the number that it dropped, whichever is larger.
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
	// Attempts is the number of earlier attempts.
	Attempts int
	// CreatedAt is the time of the event. Now is the time of the claim by the store's
	// clock.
	CreatedAt, Now time.Time
	// Claim identifies the lease.
	Claim int64
}

// OutcomeKind is the kind of an [Outcome].
type OutcomeKind uint8

// The kinds.
const (
	// OutcomeDelivered means that the receiver has accepted the delivery.
	OutcomeDelivered OutcomeKind = iota + 1
	// OutcomeRetry means that the attempt failed and that another one is to be made.
	OutcomeRetry
	// OutcomeFailed means that the last attempt failed.
	OutcomeFailed
	// OutcomeGone means that the receiver has responded with 410. The delivery is
	// dropped.
	OutcomeGone
	// OutcomeReturned means that there was no attempt, or that a shutdown cut it short.
	// The delivery is due after RetryAfter, and nothing else changes.
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

// At returns what o means for a webhook whose URL is now url. If the attempt was made
// to a different URL, a failure does not count, and the delivery is due at once.
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
	// ExpiringKeys returns up to limit living keys whose expiry is within
	// [domain.ExpiryHorizon] of now and whose workspaces have an enabled webhook. It
	// returns keys with an ID greater than after, in the order of their IDs. The caller
	// decides which warnings are due. A key that has expired is returned only if such a
	// webhook existed before it expired.
	ExpiringKeys(ctx context.Context, now time.Time, after domain.KeyID, limit int) ([]*domain.APIKey, error)

	// Warn records warning, stores a pending delivery of event for each webhook that
	// subscribes to it, in one transaction, and returns true. If no webhook subscribes,
	// or if any replica has recorded the warning before, it stores nothing and returns
	// false. After an error the caller may repeat the call later.
	Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (bool, error)
}

// SecretSealer seals the secrets of webhooks. It is safe for concurrent use.
type SecretSealer interface {
	// Seal seals the secret of a webhook under the current sealing key.
	Seal(id domain.WebhookID, secret domain.WebhookSecret) (domain.SealedSecret, error)

	// Open returns the secret in sealed. It returns an error if the sealing key is not
	// configured, which the error then names, or if the secret was sealed for another
	// webhook.
	Open(id domain.WebhookID, sealed domain.SealedSecret) (domain.WebhookSecret, error)
}
