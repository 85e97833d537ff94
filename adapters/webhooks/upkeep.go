package webhooks

import (
	"context"
	"slices"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	upkeepInterval = 15 * time.Second
	upkeepTimeout  = 10 * time.Second
	resealBatch    = 100 // webhooks
	resealInterval = 10 * time.Minute
	// sealedInterval is how often the sealing keys of all webhooks are counted.
	sealedInterval = time.Minute
	// endedMargin is how long ago a previous secret must have ended before it is not sealed
	// again but removed, because the clock of this machine may be wrong.
	endedMargin = time.Hour
)

// Upkeep runs until ctx ends. It reads the state of the queue every 15 s, or every 10 minutes
// if there is no sealing key. At most every 10 minutes it seals secrets again that are not
// sealed under the current key. It logs each missing sealing key that webhooks depend on,
// once.
func (s *Sender) Upkeep(ctx context.Context) {
	var resealed time.Time
	logged := ""
	interval := upkeepInterval
	if s.current() == "" {
		interval = resealInterval // there is nothing else to do
	}
	for {
		err := s.read(ctx)
		if err == nil && s.current() != "" && s.outdated() && (resealed.IsZero() || time.Since(resealed) >= resealInterval) {
			resealed, s.sealed = time.Now(), time.Time{}
			err = s.Reseal(ctx)
		}
		switch {
		case err == nil:
			logged = ""
		case err.Error() != logged && ctx.Err() == nil:
			logged = err.Error()
			s.logger.Warn("cannot look after webhooks, retrying", "error", err)
		}
		if !wait(interval, ctx.Done()) {
			return
		}
	}
}

// read reads the state of the queue and, once a minute, the use of sealing keys, for
// the metrics.
func (s *Sender) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upkeepTimeout)
	defer cancel()
	return contained("reading the queue of webhooks", func() error {
		queue, err := s.outbox.Queue(ctx)
		if err != nil {
			return err
		}
		s.counters.queue(queue)
		if time.Since(s.sealed) < sealedInterval {
			return nil
		}
		uses, err := s.outbox.SealingKeys(ctx)
		if err != nil {
			return err
		}
		s.counters.sealed(uses)
		s.nameLost(uses)
		s.sealed = time.Now()
		return nil
	})
}

// nameLost logs each missing sealing key that webhooks depend on. It logs a key again
// only after the key was found or nothing depended on it.
func (s *Sender) nameLost(uses map[string]domain.SealingUse) {
	lost := make(map[string]bool)
	for id, use := range uses {
		if slices.Contains(s.keyIDs, id) {
			continue
		}
		if lost[id] = true; s.named[id] {
			continue
		}
		s.logger.Error("a sealing key is missing; webhooks whose secret is under it are sent nothing until APIKEYS_SEALING_KEYS has it again",
			"sealingKey", id, "webhooks", use.Webhooks, "first", use.First)
	}
	s.named = lost
}

func (s *Sender) current() string {
	if len(s.keyIDs) == 0 {
		return ""
	}
	return s.keyIDs[0]
}

// outdated reports whether secrets of webhooks are sealed under a key other than the current
// one.
func (s *Sender) outdated() bool {
	for id, webhooks := range s.Stats().SealingKeys {
		if id != s.current() && webhooks > 0 {
			return true
		}
	}
	return false
}

// Reseal seals all secrets under the current key that are sealed under another one, if
// they can be opened.
func (s *Sender) Reseal(ctx context.Context) error {
	var after domain.WebhookID
	for {
		err := contained("sealing secrets of webhooks again", func() (err error) {
			ctx, cancel := context.WithTimeout(ctx, upkeepTimeout)
			defer cancel()
			after, err = s.outbox.Reseal(ctx, s.current(), after, resealBatch, s.reseal)
			return err
		})
		if err != nil || after == "" {
			return err
		}
	}
}

// reseal returns secrets sealed under the current key, without those that no longer sign.
// A previous secret that cannot be opened stays as it is; if the current secret cannot be
// opened, reseal returns an error.
func (s *Sender) reseal(id domain.WebhookID, secrets []domain.SealedSecret) ([]domain.SealedSecret, error) {
	fresh := make([]domain.SealedSecret, 0, len(secrets))
	for i, old := range secrets {
		if old.Ended(s.now().Add(-endedMargin)) {
			continue
		}
		sealed, err := s.resealed(id, old)
		if err != nil && i == 0 {
			return nil, err
		}
		if err != nil {
			sealed = old
		}
		fresh = append(fresh, sealed)
	}
	return fresh, nil
}

func (s *Sender) resealed(id domain.WebhookID, old domain.SealedSecret) (domain.SealedSecret, error) {
	if old.KeyID == s.current() {
		return old, nil
	}
	secret, err := s.opened(id, old)
	if err != nil {
		return old, err
	}
	sealed, err := s.sealer.Seal(id, secret)
	sealed.ValidUntil = old.ValidUntil
	return sealed, err
}

// opened opens a secret. It logs why it cannot, unless its key is missing; see nameLost.
func (s *Sender) opened(id domain.WebhookID, sealed domain.SealedSecret) (domain.WebhookSecret, error) {
	secret, err := s.sealer.Open(id, sealed)
	if err != nil && slices.Contains(s.keyIDs, sealed.KeyID) {
		s.damaged.log(s.logger, id, sealed.KeyID, err)
	}
	return secret, err
}
