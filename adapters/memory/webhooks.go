package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// WebhookStore implements ports.WebhookStore for the keys of a [KeyRepository]. It is
// safe for concurrent use.
type WebhookStore struct {
	keys *KeyRepository
	now  func() time.Time

	// The fields below are guarded by keys.mu, and changed only while keys.writing is
	// held as well.

	webhooks   map[domain.WebhookID]*domain.Webhook
	deliveries map[domain.WebhookID][]*outgoing // oldest first
	events     map[domain.WebhookID][]domain.Event
	warned     map[domain.Warning]struct{}
	claims     int64
}

// outgoing is a delivery and its lease.
type outgoing struct {
	domain.Delivery

	body        []byte
	claim       int64
	leasedUntil time.Time // zero if it is not leased
}

// NewWebhookStore returns the store of the webhooks that changes in keys are delivered
// to. A repository can have only one. The clock determines what is due.
func NewWebhookStore(keys *KeyRepository, now func() time.Time) *WebhookStore {
	s := &WebhookStore{
		keys: keys, now: now,
		webhooks:   make(map[domain.WebhookID]*domain.Webhook),
		deliveries: make(map[domain.WebhookID][]*outgoing),
		events:     make(map[domain.WebhookID][]domain.Event),
		warned:     make(map[domain.Warning]struct{}),
	}
	keys.mu.Lock()
	defer keys.mu.Unlock()
	keys.webhooks = s
	return s
}

// changing calls change while nothing else reads or changes the store.
func (s *WebhookStore) changing(ctx context.Context, change func() error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.keys.writing.Lock()
	defer s.keys.writing.Unlock()
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	return change()
}

// reading calls read while nothing changes the store.
func (s *WebhookStore) reading(ctx context.Context, read func() error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	s.keys.mu.RLock()
	defer s.keys.mu.RUnlock()
	return read()
}

// changed stores the deliveries of a change of a key. It requires keys.mu.
func (s *WebhookStore) changed(event domain.Event, key domain.Snapshot) {
	if s == nil || len(s.webhooks) == 0 {
		return
	}
	if e, ok := domain.WebhookEventOf(event, key); ok {
		s.deliver(e)
	}
}

// deliver stores a delivery for each webhook that subscribes to e, and returns their
// number.
func (s *WebhookStore) deliver(e domain.WebhookEvent) (made int) {
	for _, w := range s.webhooks {
		if w.Workspace == e.Workspace && w.Subscribes(e.Type) {
			s.deliverTo(w, e)
			made++
		}
	}
	return made
}

func (s *WebhookStore) deliverTo(w *domain.Webhook, e domain.WebhookEvent) {
	s.deliveries[w.ID] = append(s.deliveries[w.ID], &outgoing{body: slices.Clone(e.Body), Delivery: domain.Delivery{
		ID: domain.NewDeliveryID(e.ID, w.ID), EventType: e.Type, KeyID: e.KeyID, Status: domain.DeliveryPending,
		CreatedAt: e.At, NextAttemptAt: s.at(),
	}})
}

// at returns the time with the precision of other stores.
func (s *WebhookStore) at() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// CreateWebhook implements ports.WebhookRepository.
func (s *WebhookStore) CreateWebhook(ctx context.Context, webhook domain.Webhook, event domain.Event, idempotency *ports.Idempotency) error {
	return s.changing(ctx, func() error {
		if err := s.judge(webhook.Workspace, idempotency); err != nil {
			return err
		}
		if len(s.living(webhook.Workspace)) >= domain.MaxWebhooks {
			return domain.ErrTooManyWebhooks
		}
		s.store(webhook.Clone(), event, idempotency)
		return nil
	})
}

// UpdateWebhook implements ports.WebhookRepository.
func (s *WebhookStore) UpdateWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, change func(*domain.Webhook) (domain.Event, error), idempotency *ports.Idempotency) error {
	return s.changing(ctx, func() error {
		if err := s.judge(workspace, idempotency); err != nil {
			return err
		}
		found, err := s.find(workspace, id)
		if err != nil {
			return err
		}
		w := found.Clone()
		event, err := change(w)
		if err != nil {
			return err
		}
		if event.ID == "" {
			s.remember(found, idempotency)
			return nil
		}
		s.store(w, event, idempotency)
		return nil
	})
}

func (s *WebhookStore) store(w *domain.Webhook, event domain.Event, idempotency *ports.Idempotency) {
	s.webhooks[w.ID] = w
	s.events[w.ID] = append(s.events[w.ID], clone(event))
	if !w.Enabled || !w.DeletedAt.IsZero() {
		s.drop(w.ID)
	}
	s.remember(w, idempotency)
}

// drop drops the pending deliveries of a webhook.
func (s *WebhookStore) drop(id domain.WebhookID) {
	for _, d := range s.deliveries[id] {
		if d.Status == domain.DeliveryPending {
			d.end(domain.DeliveryDropped)
		}
	}
}

func (d *outgoing) end(status domain.DeliveryStatus) {
	d.Status, d.NextAttemptAt, d.leasedUntil = status, time.Time{}, time.Time{}
}

// judge returns the error for a request that was made before, or nil.
func (s *WebhookStore) judge(workspace domain.WorkspaceID, idempotency *ports.Idempotency) error {
	if idempotency == nil {
		return nil
	}
	before, exists := s.keys.idempotencyKeys[idempotencyKey{workspace, idempotency.Key}]
	switch {
	case !exists || !idempotency.At.Before(before.idempotency.Until):
		return nil
	case before.idempotency.Fingerprint != idempotency.Fingerprint || before.webhook == nil:
		return domain.ErrIdempotencyKeyReused
	}
	return &ports.WebhookReplayed{Outcome: before.webhook.Clone(), At: before.idempotency.At}
}

func (s *WebhookStore) remember(w *domain.Webhook, idempotency *ports.Idempotency) {
	if idempotency == nil {
		return
	}
	outcome := w.Clone()
	outcome.Secrets = nil
	s.keys.idempotencyKeys[idempotencyKey{w.Workspace, idempotency.Key}] = remembered{idempotency: *idempotency, webhook: outcome}
}

// living returns the webhooks of a workspace, newest first.
func (s *WebhookStore) living(workspace domain.WorkspaceID) []*domain.Webhook {
	var all []*domain.Webhook
	for _, w := range s.webhooks {
		if w.Workspace == workspace && w.DeletedAt.IsZero() {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *domain.Webhook) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return all
}

func (s *WebhookStore) find(workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	w, exists := s.webhooks[id]
	if !exists || w.Workspace != workspace || !w.DeletedAt.IsZero() {
		return nil, domain.ErrWebhookNotFound
	}
	return w, nil
}

// Webhook implements ports.WebhookRepository.
func (s *WebhookStore) Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (found *domain.Webhook, err error) {
	err = s.reading(ctx, func() error {
		w, err := s.find(workspace, id)
		if err == nil {
			found = w.Clone()
		}
		return err
	})
	return found, err
}

// Webhooks implements ports.WebhookRepository.
func (s *WebhookStore) Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (list ports.WebhookPage, err error) {
	err = s.reading(ctx, func() error {
		all := s.living(workspace)
		list.Total = int64(len(all))
		for _, w := range pageOf(all, page) {
			list.Webhooks = append(list.Webhooks, w.Clone())
		}
		return nil
	})
	return list, err
}

// WebhookEvents implements ports.WebhookRepository.
func (s *WebhookStore) WebhookEvents(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, page domain.Page) (list ports.EventPage, err error) {
	err = s.reading(ctx, func() error {
		all := slices.DeleteFunc(slices.Clone(s.events[id]), func(e domain.Event) bool { return e.Workspace != workspace })
		slices.Reverse(all)
		list.Total = int64(len(all))
		for _, e := range pageOf(all, page) {
			list.Events = append(list.Events, clone(e))
		}
		return nil
	})
	return list, err
}

// Deliveries implements ports.WebhookRepository.
func (s *WebhookStore) Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (list ports.DeliveryPage, err error) {
	err = s.reading(ctx, func() error {
		if _, err := s.find(workspace, id); err != nil {
			return err
		}
		var all []domain.Delivery
		for _, d := range slices.Backward(s.deliveries[id]) {
			if status == "" || d.Status == status {
				all = append(all, d.Delivery)
			}
		}
		slices.SortStableFunc(all, func(a, b domain.Delivery) int { return b.CreatedAt.Compare(a.CreatedAt) })
		list.Total, list.Deliveries = int64(len(all)), pageOf(all, page)
		return nil
	})
	return list, err
}

// enabled returns a webhook, or [domain.ErrConflict] if it is disabled.
func (s *WebhookStore) enabled(workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	w, err := s.find(workspace, id)
	if err == nil && !w.Enabled {
		return nil, domain.ErrConflict
	}
	return w, err
}

// TestWebhook implements ports.WebhookRepository.
func (s *WebhookStore) TestWebhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, event domain.WebhookEvent, idempotency *ports.Idempotency) error {
	return s.changing(ctx, func() error {
		if err := s.judge(workspace, idempotency); err != nil {
			return err
		}
		w, err := s.enabled(workspace, id)
		if err != nil {
			return err
		}
		s.deliverTo(w, event)
		s.remember(w, idempotency)
		return nil
	})
}

// RetryDelivery implements ports.WebhookRepository.
func (s *WebhookStore) RetryDelivery(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, delivery domain.DeliveryID, idempotency *ports.Idempotency) error {
	return s.changing(ctx, func() error {
		if err := s.judge(workspace, idempotency); err != nil {
			return err
		}
		w, err := s.find(workspace, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(s.deliveries[id], func(d *outgoing) bool { return d.ID == delivery })
		switch {
		case i < 0:
			return domain.ErrWebhookNotFound
		case !w.Enabled:
			return domain.ErrConflict
		}
		d, now := s.deliveries[id][i], s.at()
		if d.Status != domain.DeliveryPending {
			d.Status, d.Attempts = domain.DeliveryPending, 0
		}
		if !d.leasedUntil.After(now) {
			d.NextAttemptAt = now
		}
		s.remember(w, idempotency)
		return nil
	})
}
