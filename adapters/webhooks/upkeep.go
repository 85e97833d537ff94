package webhooks

import (
	"context"
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
)

// Upkeep reads the state of the queue every 15 s, and seals secrets again that are not
// sealed with the current key every 10 min, until ctx ends. Without a sealing key it looks
// every 10 min whether there are webhooks, and says so.
func (s *Sender) Upkeep(ctx context.Context) {
	var resealed time.Time
	logged := ""
	interval := upkeepInterval
	if s.current() == "" {
		interval = resealInterval
	}
	for {
		err := s.read(ctx)
		if err == nil && s.current() != "" && s.outdated() && (resealed.IsZero() || time.Since(resealed) >= resealInterval) {
			resealed, s.sealed = time.Now(), time.Time{}
			err = s.Reseal(ctx)
		}
		switch {
		case err == nil && s.current() == "" && s.outdated():
			s.logger.Error("there are webhooks, but APIKEYS_SEALING_KEYS is not set; they are sent nothing")
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

// read reads what the metrics show.
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
		keys, err := s.outbox.SealingKeys(ctx)
		if err != nil {
			return err
		}
		s.counters.sealed(keys)
		s.sealed = time.Now()
		return nil
	})
}

func (s *Sender) current() string {
	if len(s.keyIDs) == 0 {
		return ""
	}
	return s.keyIDs[0]
}

// outdated reports whether secrets of webhooks are sealed with another key than the current one.
func (s *Sender) outdated() bool {
	for id, webhooks := range s.Stats().SealingKeys {
		if id != s.current() && webhooks > 0 {
			return true
		}
	}
	return false
}

// Reseal seals all secrets with the current key that are sealed with another one, as far
// as that can be opened.
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

// reseal returns secrets, each sealed with the current key, or an error if one of them
// cannot be opened.
func (s *Sender) reseal(id domain.WebhookID, secrets []domain.SealedSecret) ([]domain.SealedSecret, error) {
	fresh := make([]domain.SealedSecret, len(secrets))
	for i, old := range secrets {
		fresh[i] = old
		if old.KeyID == s.current() {
			continue
		}
		secret, err := s.sealer.Open(id, old)
		if err != nil {
			s.lost.log(s.logger, id, old.KeyID, err)
			return nil, err
		}
		sealed, err := s.sealer.Seal(id, secret)
		if err != nil {
			return nil, err
		}
		sealed.ValidUntil = old.ValidUntil
		fresh[i] = sealed
	}
	return fresh, nil
}
