package webhooks

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

const (
	// lease is how long a claimed delivery belongs to a sender. It is longer than an
	// attempt and its report, and short enough that a sender that died is replaced
	// within 60 s.
	lease = 45 * time.Second
	// startLimit is the maximum age of a lease at the start of an attempt, so that the
	// attempt ends before the lease.
	startLimit = lease - attemptTimeout - 2*reportTimeout
	// claimPerWebhook bounds how many deliveries of one webhook a claim returns, unless
	// the previous claim returned that many; see atOnce.
	claimPerWebhook = 2
	claimTimeout    = 5 * time.Second
	// claimSpacing is the minimum time between two claims.
	claimSpacing = 20 * time.Millisecond
	// pollInterval is how long a delivery may wait that another process has stored, or
	// that has become due.
	pollInterval = time.Second
	maxPoll      = 15 * time.Second // after failed claims
	// drainTimeout is how long attempts may go on after the service was told to stop.
	drainTimeout = 1500 * time.Millisecond
	// unadmittedDelay is the time until the next attempt of a delivery that was claimed
	// but not admitted, and whose webhook the next claim cannot exclude.
	unadmittedDelay = time.Second
	// unopenedDelay is the time until the next attempt of a delivery whose secret could
	// not be opened.
	unopenedDelay = 5 * time.Minute
)

// Sender sends due deliveries. Any number of processes may have one. It is safe for
// concurrent use.
type Sender struct {
	outbox   ports.Outbox
	sealer   ports.SecretSealer
	keyIDs   []string
	now      func() time.Time
	random   func() float64
	logger   *slog.Logger
	insecure bool
	client   *http.Client

	// Upkeep last counted the sealing keys in use at sealed, and has logged the missing
	// ones in named.
	sealed time.Time
	named  map[string]bool

	wake     chan struct{}
	damaged  damagedSecrets
	counters counters
}

// New returns a sender that does nothing yet.
func New(o Options) *Sender {
	return &Sender{
		outbox: o.Outbox, sealer: o.Sealer, keyIDs: o.KeyIDs, now: o.Now, random: o.random(), logger: o.Logger, insecure: o.Insecure,
		client: newClient(o), wake: make(chan struct{}, 1),
	}
}

// Wake tells the sender that deliveries may be due, so that they need not wait for the
// next poll. It never blocks.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends due deliveries until ctx ends. It then waits up to 1.5 s for the attempts
// in flight, and cancels the rest. Without a sealing key it sends nothing.
func (s *Sender) Run(ctx context.Context) {
	if s.current() == "" {
		return
	}
	defer s.client.CloseIdleConnections()
	working, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	l := &loop{
		Sender: s, working: working, roster: newRoster(), reporter: newReporter(s.outbox, s.logger),
		claims: make(chan claim, 1), ends: make(chan end),
	}
	defer l.reporter.end()
	l.run(ctx)
	defer time.AfterFunc(drainTimeout, abandon).Stop()
	l.drain()
}

// loop is the state of one call of Run. Only that goroutine uses its fields.
type loop struct {
	*Sender
	working  context.Context // of attempts
	roster   *roster
	reporter *reporter

	claims   chan claim
	claiming bool
	last     time.Time          // of the last claim
	next     time.Time          // when to claim again
	failures int                // claims in a row
	asked    int                // deliveries of each webhook, by the claim in flight
	busy     []domain.WebhookID // had as many due as the last claim asked for
	found    int                // webhooks, by the last claim
	stale    bool               // something has happened since the claim in flight began

	ends chan end
}

// claim is the result of a claim that began at at.
type claim struct {
	due []ports.DueDelivery
	err error
	at  time.Time
}

// end is a finished attempt with its delivery.
type end struct {
	due    ports.DueDelivery
	ticket ticket
	attempted
	took  time.Duration
	until time.Time // the end of the lease
}

func (l *loop) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(l.claim(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-l.wake:
			l.soon()
		case c := <-l.claims:
			l.take(c)
		case e := <-l.ends:
			l.finish(e)
			l.soon()
		}
	}
}

// drain waits for everything in flight.
func (l *loop) drain() {
	for l.claiming || l.roster.inFlight > 0 {
		select {
		case c := <-l.claims:
			l.claiming = false
			for _, due := range c.due {
				l.giveBack(due, c.at, 0)
			}
		case e := <-l.ends:
			l.finish(e)
		}
	}
}

// soon makes the loop claim as soon as it may.
func (l *loop) soon() {
	l.stale = l.claiming
	if at := l.last.Add(claimSpacing); l.failures == 0 && at.Before(l.next) {
		l.next = at
	}
}

// claim starts a claim if it is time, and returns how long to wait.
func (l *loop) claim(ctx context.Context) time.Duration {
	now := time.Now()
	if l.claiming || l.roster.free() == 0 || l.reporter.unreported() >= maxUnreported {
		return pollInterval // or until something has ended
	}
	if now.Before(l.next) {
		return l.next.Sub(now)
	}
	l.claiming, l.last, l.stale, l.asked = true, now, false, l.roster.atOnce(l.busy, l.found)
	request := ports.ClaimRequest{Limit: l.roster.free(), PerWebhook: l.asked, Lease: lease, Except: l.roster.full(now)}
	l.counters.observe(l.roster)
	go func() {
		c := claim{at: now}
		ctx, cancel := context.WithTimeout(ctx, claimTimeout)
		defer cancel()
		c.err = contained("claiming deliveries", func() (err error) {
			c.due, err = l.outbox.Claim(ctx, request)
			return err
		})
		l.claims <- c
	}()
	return pollInterval
}

// take starts the attempts of a claim.
func (l *loop) take(c claim) {
	l.claiming = false
	if c.err != nil {
		if l.failures++; l.failures == 1 {
			l.logger.Warn("cannot claim deliveries to webhooks, retrying", "error", c.err)
		}
		l.next = l.last.Add(min(pollInterval<<min(l.failures-1, 4), maxPoll))
		return
	}
	l.failures = 0
	l.busy, l.found = busyWebhooks(c.due, l.asked)
	l.next = l.last.Add(claimSpacing)
	if len(c.due) == 0 && !l.stale {
		l.next = l.last.Add(pollInterval)
	}
	for _, due := range c.due {
		l.start(due, c.at)
	}
}

// busyWebhooks returns the webhooks of which a claim returned as many deliveries as it
// asked for, and the number of all webhooks in the claim.
func busyWebhooks(claimed []ports.DueDelivery, asked int) (busy []domain.WebhookID, found int) {
	of := map[domain.WebhookID]int{}
	for _, due := range claimed {
		if of[due.Webhook]++; of[due.Webhook] == asked {
			busy = append(busy, due.Webhook)
		}
	}
	return busy, len(of)
}

func (l *loop) start(due ports.DueDelivery, claimed time.Time) {
	now := time.Now()
	if now.Sub(claimed) > startLimit {
		return // another sender may claim the delivery before the attempt would end
	}
	host := hostOf(due.URL)
	t, ok := l.roster.admit(due.Webhook, host, now)
	if !ok {
		delay := unadmittedDelay
		if l.roster.knows(due.Webhook, host) {
			delay = 0
		}
		l.giveBack(due, claimed, delay)
		return
	}
	go func() {
		e := end{due: due, ticket: t, until: claimed.Add(lease)}
		err := contained("sending to a webhook", func() error {
			e.attempted = l.open(l.working, due)
			return nil
		})
		if err != nil {
			e.attempted = attempted{result: resultBroken, err: err}
			l.logger.Error("webhook", "webhook", due.Webhook, "delivery", due.ID, "error", err)
		}
		e.took = time.Since(now)
		l.ends <- e
	}()
}

// open opens the secrets of a delivery and sends it. If only the previous secret cannot
// be opened, the delivery is sent without its signature.
func (s *Sender) open(ctx context.Context, due ports.DueDelivery) attempted {
	var secrets []domain.WebhookSecret
	for i, sealed := range due.Secrets {
		secret, err := s.opened(due.Webhook, sealed)
		if err == nil {
			secrets = append(secrets, secret)
			continue
		}
		if i == 0 {
			return attempted{result: resultUnopened, err: err}
		}
	}
	if len(secrets) == 0 {
		return attempted{result: resultUnopened, err: errors.New("webhook without a secret")}
	}
	return s.attempt(ctx, due, secrets)
}

// finish counts, logs and reports a finished attempt.
func (l *loop) finish(e end) {
	l.roster.end(e.ticket, e.result, e.took, time.Now())
	l.counters.count(e.result, e.took)
	l.logger.Debug("webhook attempt", "webhook", e.due.Webhook, "delivery", e.due.ID, "attempt", e.due.Attempts+1,
		"result", string(e.result), "status", e.status, "took", e.took, "error", e.err)
	if e.result == resultForbidden {
		l.logger.Warn("webhook refused: its host has an address that must not be called", "webhook", e.due.Webhook, "workspace", e.due.Workspace, "error", e.err)
	}
	l.report(l.outcome(e.due, e.attempted), e.until)
}

// giveBack ends the lease of a delivery that was not sent.
func (l *loop) giveBack(due ports.DueDelivery, claimed time.Time, after time.Duration) {
	l.report(ports.Outcome{Delivery: due.ID, Webhook: due.Webhook, Claim: due.Claim, Kind: ports.OutcomeReturned, RetryAfter: after}, claimed.Add(lease))
}

func (l *loop) report(o ports.Outcome, until time.Time) {
	var err error
	if o.EventID, err = domain.NewEventID(l.now(), rand.Reader); err != nil {
		l.logger.Error("cannot report what became of a delivery", "error", err)
		return
	}
	l.reporter.add(finished{outcome: o, until: until})
}

// hostOf returns the host and port of a URL. All URLs with the same host and port share
// a breaker.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port)
}
