package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Claim implements ports.Outbox.
func (s *WebhookStore) Claim(ctx context.Context, request ports.ClaimRequest) (claimed []ports.DueDelivery, err error) {
	err = s.changing(ctx, func() error {
		type candidate struct {
			d    *outgoing
			w    *domain.Webhook
			rank int // within its webhook
		}
		var candidates []candidate
		now := s.at()
		for id, w := range s.webhooks {
			if !w.Enabled || slices.Contains(request.Except, id) {
				continue
			}
			due := slices.DeleteFunc(slices.Clone(s.deliveries[id]), func(d *outgoing) bool { return !d.due(now) })
			slices.SortStableFunc(due, func(a, b *outgoing) int { return a.NextAttemptAt.Compare(b.NextAttemptAt) })
			for rank, d := range due[:min(len(due), request.PerWebhook)] {
				candidates = append(candidates, candidate{d, w, rank})
			}
		}
		slices.SortFunc(candidates, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), a.d.NextAttemptAt.Compare(b.d.NextAttemptAt), cmp.Compare(a.d.ID, b.d.ID))
		})
		for _, c := range candidates[:min(len(candidates), request.Limit)] {
			s.claims++
			c.d.claim, c.d.leasedUntil = s.claims, now.Add(request.Lease)
			claimed = append(claimed, ports.DueDelivery{
				ID: c.d.ID, Webhook: c.w.ID, Workspace: c.w.Workspace, URL: c.w.URL, Secrets: c.w.SigningSecrets(now),
				Type: c.d.EventType, Body: slices.Clone(c.d.body), Attempts: c.d.Attempts,
				CreatedAt: c.d.CreatedAt, Now: now, Claim: c.d.claim,
			})
		}
		return nil
	})
	return claimed, err
}

func (d *outgoing) due(now time.Time) bool {
	return d.Status == domain.DeliveryPending && !d.NextAttemptAt.After(now) && !d.leasedUntil.After(now)
}

// Report implements ports.Outbox.
func (s *WebhookStore) Report(ctx context.Context, outcomes []ports.Outcome) (stopped []ports.StoppedWebhook, err error) {
	err = s.changing(ctx, func() error {
		for _, o := range outcomes {
			if gone, ok := s.report(o); ok {
				stopped = append(stopped, gone)
			}
		}
		return nil
	})
	return stopped, err
}

func (s *WebhookStore) report(o ports.Outcome) (ports.StoppedWebhook, bool) {
	i := slices.IndexFunc(s.deliveries[o.Webhook], func(d *outgoing) bool { return d.ID == o.Delivery })
	if i < 0 {
		return ports.StoppedWebhook{}, false
	}
	d, w, now := s.deliveries[o.Webhook][i], s.webhooks[o.Webhook], s.at()
	if d.Status != domain.DeliveryPending || d.claim != o.Claim {
		return ports.StoppedWebhook{}, false
	}
	d.leasedUntil = time.Time{}
	o = o.At(w.URL)
	if o.Kind == ports.OutcomeReturned {
		d.NextAttemptAt = now.Add(o.RetryAfter)
		return ports.StoppedWebhook{}, false
	}
	d.Attempts++
	d.LastAttemptAt, d.LastStatus = now, o.Status
	switch o.Kind {
	case ports.OutcomeRetry:
		d.NextAttemptAt = now.Add(o.RetryAfter)
	case ports.OutcomeDelivered:
		d.end(domain.DeliveryDelivered)
	case ports.OutcomeGone:
		d.end(domain.DeliveryDropped)
	default:
		d.end(domain.DeliveryFailed)
	}
	event := w.Attempted(o.Kind == ports.OutcomeDelivered, o.Kind == ports.OutcomeGone, o.EventID, now)
	if event.ID == "" {
		return ports.StoppedWebhook{}, false
	}
	s.store(w, event, nil)
	return ports.StoppedWebhook{ID: w.ID, Workspace: w.Workspace, Reason: w.DisabledReason}, true
}

// Queue implements ports.Outbox.
func (s *WebhookStore) Queue(ctx context.Context) (state ports.QueueState, err error) {
	err = s.reading(ctx, func() error {
		now := s.at()
		for id, w := range s.webhooks {
			for _, d := range s.deliveries[id] {
				if !w.Enabled || d.Status != domain.DeliveryPending {
					continue
				}
				state.Pending++
				if d.due(now) {
					state.Due++
					state.OldestDue = max(state.OldestDue, now.Sub(d.NextAttemptAt))
				}
			}
		}
		return nil
	})
	return state, err
}

// SealingKeys implements ports.Outbox.
func (s *WebhookStore) SealingKeys(ctx context.Context) (uses map[string]domain.SealingUse, err error) {
	err = s.reading(ctx, func() error {
		uses = domain.SealingUses(slices.Collect(maps.Values(s.webhooks)), s.now())
		return nil
	})
	return uses, err
}

// Reseal implements ports.Outbox.
func (s *WebhookStore) Reseal(ctx context.Context, current string, after domain.WebhookID, limit int, reseal func(domain.WebhookID, []domain.SealedSecret) ([]domain.SealedSecret, error)) (last domain.WebhookID, err error) {
	err = s.changing(ctx, func() error {
		seen := 0
		for _, id := range slices.Sorted(maps.Keys(s.webhooks)) {
			w := s.webhooks[id]
			if id <= after || !slices.ContainsFunc(w.Secrets, func(secret domain.SealedSecret) bool { return secret.KeyID != current }) {
				continue
			}
			if sealed, err := reseal(id, slices.Clone(w.Secrets)); err == nil {
				w.Secrets = slices.Clone(sealed)
			}
			last = id
			if seen++; seen == limit {
				return nil
			}
		}
		last = ""
		return nil
	})
	return last, err
}

// ForgetDeliveries implements ports.Outbox.
func (s *WebhookStore) ForgetDeliveries(ctx context.Context, limit int) (removed int, err error) {
	err = s.changing(ctx, func() error {
		before, longBefore := s.at().Add(-domain.DeliveryRetention), s.at().Add(-2*domain.DeliveryRetention)
		for id, w := range s.webhooks {
			if !w.Enabled || !w.DeletedAt.IsZero() {
				s.drop(id)
			}
			s.deliveries[id] = slices.DeleteFunc(s.deliveries[id], func(d *outgoing) bool {
				forgotten := removed < limit && d.CreatedAt.Before(before) && (d.Status != domain.DeliveryPending || d.CreatedAt.Before(longBefore))
				if forgotten {
					removed++
				}
				return forgotten
			})
			if !w.DeletedAt.IsZero() && w.DeletedAt.Before(before) && len(s.deliveries[id]) == 0 {
				delete(s.webhooks, id)
				delete(s.deliveries, id)
			}
		}
		// A month can be longer than the retention.
		maps.DeleteFunc(s.warned, func(w domain.Warning, _ struct{}) bool { return w.Due.Before(longBefore) && !w.Lasts() })
		return nil
	})
	return removed, err
}

// ExpiringKeys implements ports.Warnings.
func (s *WebhookStore) ExpiringKeys(ctx context.Context, now time.Time, after domain.KeyID, limit int) (keys []*domain.APIKey, err error) {
	err = s.reading(ctx, func() error {
		from, to := domain.ExpiryHorizon(now)
		for _, id := range slices.Sorted(maps.Keys(s.keys.keys)) {
			k := s.keys.keys[id]
			if id <= after || k.ExpiresAt.IsZero() || !k.DeletedAt.IsZero() || k.ExpiresAt.Before(from) || k.ExpiresAt.After(to) {
				continue
			}
			if s.watched(k, now) {
				keys = append(keys, domain.Rehydrate(k))
			}
			if len(keys) == limit {
				return nil
			}
		}
		return nil
	})
	return keys, err
}

// watched reports whether the workspace of k has an enabled webhook, and one that existed
// before k expired.
func (s *WebhookStore) watched(k domain.Snapshot, now time.Time) bool {
	return slices.ContainsFunc(s.living(k.Workspace), func(w *domain.Webhook) bool {
		return w.Enabled && (k.ExpiresAt.After(now) || w.CreatedAt.Before(k.ExpiresAt))
	})
}

// Warn implements ports.Warnings.
func (s *WebhookStore) Warn(ctx context.Context, warning domain.Warning, event domain.WebhookEvent) (made bool, err error) {
	err = s.changing(ctx, func() error {
		if _, warned := s.warned[warning]; warned {
			return nil
		}
		if made = s.deliver(event) > 0; made {
			s.warned[warning] = struct{}{}
		}
		return nil
	})
	return made, err
}
