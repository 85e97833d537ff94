package webhooks

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/ports"
)

const (
	// reportDelay is how long a report waits for further outcomes.
	reportDelay   = 5 * time.Millisecond
	reportBatch   = 200
	reportTimeout = 5 * time.Second
	maxUnreported = 1000 // outcomes; while that many wait, nothing is claimed
	firstRetry    = 250 * time.Millisecond
	lastRetry     = 5 * time.Second
	// lastReport bounds the final reports, after end was called.
	lastReport = time.Second
)

// reporter reports outcomes in batches. It is safe for concurrent use.
type reporter struct {
	outbox ports.Outbox
	logger *slog.Logger

	mu      sync.Mutex
	waiting []finished
	news    chan struct{} // holds an element if waiting was empty
	ended   chan struct{} // closed by end
	done    chan struct{} // closed after the last report
}

// finished is an outcome that is worth reporting until its lease ends.
type finished struct {
	outcome ports.Outcome
	until   time.Time
}

func newReporter(outbox ports.Outbox, logger *slog.Logger) *reporter {
	r := &reporter{outbox: outbox, logger: logger, news: make(chan struct{}, 1), ended: make(chan struct{}), done: make(chan struct{})}
	go r.run()
	return r
}

func (r *reporter) add(f finished) {
	r.mu.Lock()
	r.waiting = append(r.waiting, f)
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *reporter) unreported() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// end reports the waiting outcomes, within a limited time, and returns when that is
// done.
func (r *reporter) end() {
	close(r.ended)
	<-r.done
}

func (r *reporter) run() {
	defer close(r.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	retry := time.Duration(0)
	for {
		if retry == 0 {
			select {
			case <-r.news:
			case <-r.ended:
			}
		}
		ended := !wait(max(reportDelay, retry), r.ended)
		if ended {
			defer time.AfterFunc(lastReport, cancel).Stop()
		}
		err := r.report(ctx)
		switch {
		case ended:
			return
		case err == nil:
			retry = 0
		default:
			retry = min(max(2*retry, firstRetry), lastRetry)
		}
	}
}

// report reports everything that is waiting.
func (r *reporter) report(ctx context.Context) error {
	for {
		batch := r.take()
		if len(batch) == 0 {
			return nil
		}
		if err := r.send(ctx, batch); err != nil {
			r.logger.Warn("cannot report what became of deliveries to webhooks, retrying", "deliveries", len(batch), "error", err)
			r.mu.Lock()
			r.waiting = append(batch, r.waiting...)
			r.mu.Unlock()
			return err
		}
	}
}

// take removes and returns a batch of waiting outcomes. It discards those whose lease
// has ended, because another sender repeats the attempt.
func (r *reporter) take() (batch []finished) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.waiting) > 0 && len(batch) < reportBatch {
		if f := r.waiting[0]; now.Before(f.until) {
			batch = append(batch, f)
		}
		r.waiting = r.waiting[1:]
	}
	return batch
}

func (r *reporter) send(ctx context.Context, batch []finished) error {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	outcomes := make([]ports.Outcome, len(batch))
	for i, f := range batch {
		outcomes[i] = f.outcome
	}
	return contained("reporting deliveries", func() error {
		stopped, err := r.outbox.Report(ctx, outcomes)
		for _, w := range stopped {
			r.logger.Warn("webhook disabled", "webhook", w.ID, "workspace", w.Workspace, "reason", w.Reason)
		}
		return err
	})
}

// wait waits for d or until end is closed, and reports whether it waited for all of d.
func wait(d time.Duration, end <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
		return false
	}
}
