package keycache

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Timing of the polls.
const (
	pollInterval = 200 * time.Millisecond
	pollTimeout  = 500 * time.Millisecond
)

// Follow evicts keys that the feed reports as changed, until ctx ends. It polls
// whenever the feed wakes it, and at least every 200 ms.
func (c *Cache) Follow(ctx context.Context, feed ports.ChangeFeed, logger *slog.Logger) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for failing := false; ctx.Err() == nil; {
		err := c.Poll(ctx, feed)
		if failed := err != nil; failed != failing && ctx.Err() == nil {
			failing = failed
			logStanding(logger, err)
		}
		select {
		case <-ctx.Done():
		case <-feed.Wake():
		case <-ticker.C:
		}
	}
}

func logStanding(logger *slog.Logger, err error) {
	if err != nil {
		logger.Warn("the change feed is not confirmed; checks read the store", "error", err)
		return
	}
	logger.Info("the change feed is confirmed")
}

// Poll polls the feed once. A successful poll confirms the cache as of the time
// when it was sent.
func (c *Cache) Poll(ctx context.Context, feed ports.ChangeFeed) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	sent := c.now()
	var changes ports.Changes
	err := application.Contained("polling the change feed", func() (err error) {
		changes, err = feed.Poll(ctx)
		return err
	})
	if err != nil {
		c.doubt(err)
		return err
	}
	if changes.Lost {
		c.evictLost()
	}
	for _, id := range changes.Keys {
		c.Evict(id)
	}
	c.counters.feedEvictions.Add(uint64(len(changes.Keys)))
	c.trust.confirm(sent)
	return nil
}

// doubt counts a poll as failed. Changes that a panicking poll has seen may be
// lost, because the position of its feed can no longer be trusted.
func (c *Cache) doubt(err error) {
	c.counters.failedPolls.Add(1)
	c.trust.fail()
	if errors.Is(err, domain.ErrPanicked) {
		c.evictLost()
	}
}

// evictLost removes every key from the cache, because changes may have been
// missed.
func (c *Cache) evictLost() {
	c.counters.feedLosses.Add(1)
	c.EvictAll()
}
