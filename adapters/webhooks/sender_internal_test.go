package webhooks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func TestSender_DeliversWhatThePublicLibraryVerifies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, secret := b.webhook(t, "http://receiver/hook", keys)
		public, err := standardwebhooks.NewWebhook(secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		var id atomic.Pointer[string]
		b.receive(t, "receiver", func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if err := public.Verify(body, r.Header); err != nil {
				t.Error(err)
			}
			got := r.Header.Get(headerID)
			id.Store(&got)
			rw.WriteHeader(http.StatusNoContent)
		})
		s, _ := b.send(t, b, keys)
		pass(time.Minute)
		b.notify(t, w, 1)
		pass(2 * time.Second)
		d := b.expectOne(t, w, domain.DeliveryDelivered, 1, 204)
		if got := id.Load(); got == nil || *got != string(d.ID) {
			t.Errorf("the id is %v, want %s", got, d.ID)
		}
		if stats := s.Stats(); stats.Attempts["delivered"] != 1 {
			t.Errorf("the stats are %+v", stats)
		}
	})
}

func TestSender_WakesForAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://receiver", keys)
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) {})
		s, _ := b.send(t, b, keys)
		pass(time.Minute + pollInterval/2) // half-way between two polls
		b.notify(t, w, 1)
		begun := time.Now()
		s.Wake()
		pass(100 * time.Millisecond)
		if d := b.expectOne(t, w, domain.DeliveryDelivered, 1, 200); d.LastAttemptAt.Sub(begun) > claimSpacing+reportDelay+time.Millisecond {
			t.Errorf("delivered %v after the change", d.LastAttemptAt.Sub(begun))
		}
	})
}

func TestSender_HangingReceiversHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		var mu sync.Mutex
		latest := map[string]time.Duration{}
		begun := time.Now()
		webhooks := make([]*domain.Webhook, 100)
		for i := range webhooks {
			host := fmt.Sprint("receiver", i)
			webhooks[i], _ = b.webhook(t, "http://"+host, keys)
			handle := hang
			if i >= 10 {
				handle = func(http.ResponseWriter, *http.Request) {
					<-time.After(20 * time.Millisecond)
					mu.Lock()
					defer mu.Unlock()
					latest[host] = time.Since(begun)
				}
			}
			b.receive(t, host, handle)
			b.notify(t, webhooks[i], 20)
		}
		s, _ := b.send(t, b, keys)
		pass(5 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(latest) != 90 {
			t.Errorf("%d receivers got something, want 90", len(latest))
		}
		for host, took := range latest {
			if took > time.Second {
				t.Errorf("%s had everything after %v", host, took)
			}
		}
		if got := s.Stats().Attempts["delivered"]; got != 90*20 {
			t.Errorf("%d were delivered, want %d", got, 90*20)
		}
	})
}

func TestSender_CatchesUpWithOneBusyWebhook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const backlog = 1000
		b, keys := newBubble(), ring(t, "s1")
		begun, last := time.Now(), time.Duration(0)
		received, inFlight, most := 0, 0, 0
		b.receive(t, "busy.example", func(w http.ResponseWriter, _ *http.Request) {
			b.mu.Lock()
			inFlight++
			most = max(most, inFlight)
			b.mu.Unlock()
			pass(10 * time.Millisecond)
			b.mu.Lock()
			defer b.mu.Unlock()
			inFlight--
			received, last = received+1, time.Since(begun)
			w.WriteHeader(http.StatusNoContent)
		})
		w, _ := b.webhook(t, "http://busy.example/", keys)
		b.notify(t, w, backlog)
		_, stop := b.send(t, b, keys)
		pass(time.Minute)
		stop()
		if received != backlog || last > 3*time.Second || most > maxWindow {
			t.Errorf("%d of %d were received, the last after %v, and up to %d at once", received, backlog, last, most)
		}
		if _, rest, _ := strings.Cut(b.logged(), "WARN"); rest != "" {
			t.Errorf("logged %s", rest)
		}
	})
}

func TestSender_RetriesByTheSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://receiver", keys)
		begun := time.Now()
		var at []time.Duration
		b.receive(t, "receiver", func(rw http.ResponseWriter, _ *http.Request) {
			at = append(at, time.Since(begun).Truncate(time.Second))
			rw.WriteHeader(http.StatusInternalServerError)
		})
		b.notify(t, w, 1)
		b.send(t, b, keys)
		pass(3 * time.Hour)
		b.expectOne(t, w, domain.DeliveryPending, 5, 500)
		want := []time.Duration{0, 5 * time.Second, 5 * time.Minute, 35 * time.Minute, 2*time.Hour + 35*time.Minute}
		if len(at) != len(want) {
			t.Fatalf("attempts were made at %v, want %v", at, want)
		}
		for i := range want {
			if late := at[i] - want[i]; late < 0 || late > 15*time.Second {
				t.Errorf("attempt %d was made at %v, want %v", i+1, at[i], want[i])
			}
		}
	})
}

func TestSender_DisablesWhatIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://receiver", keys)
		b.receive(t, "receiver", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) })
		b.notify(t, w, 3)
		b.send(t, b, keys)
		pass(time.Minute)
		got, err := b.Webhook(t.Context(), w.Workspace, w.ID)
		if err != nil || got.Enabled || got.DisabledReason != domain.DisabledGone {
			t.Errorf("the webhook is %+v, %v", got, err)
		}
		if !strings.Contains(b.logged(), string(w.ID)) {
			t.Error("the log does not say so")
		}
	})
}

func TestSender_ReplacesOneThatDied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://receiver", keys)
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) {})
		b.notify(t, w, 1)
		if due, err := b.Claim(t.Context(), ports.ClaimRequest{Limit: 1, PerWebhook: 1, Lease: lease}); err != nil || len(due) != 1 {
			t.Fatalf("claimed %v, %v", due, err)
		}
		died := time.Now()
		b.send(t, b, keys)
		pass(2 * time.Minute)
		if d := b.expectOne(t, w, domain.DeliveryDelivered, 1, 200); d.LastAttemptAt.Sub(died) > time.Minute || d.LastAttemptAt.Sub(died) < lease {
			t.Errorf("delivered %v after the other sender has died", d.LastAttemptAt.Sub(died))
		}
	})
}

func TestSender_SeveralNeverSendTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		var requests atomic.Int64
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) { requests.Add(1) })
		w, _ := b.webhook(t, "http://receiver", keys)
		for range 4 {
			b.send(t, b, keys)
		}
		b.notify(t, w, 100)
		pass(time.Minute)
		if got := requests.Load(); got != 100 {
			t.Errorf("%d requests for 100 deliveries", got)
		}
	})
}

func TestSender_FinishesWhatIsInFlightWhenStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		slow, _ := b.webhook(t, "http://slow", keys)
		hanging, _ := b.webhook(t, "http://hanging", keys)
		b.receive(t, "slow", func(http.ResponseWriter, *http.Request) { <-time.After(time.Second) })
		b.receive(t, "hanging", hang)
		b.notify(t, slow, 1)
		b.notify(t, hanging, 1)
		_, stop := b.send(t, b, keys)
		pass(100 * time.Millisecond)
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		b.expectOne(t, slow, domain.DeliveryDelivered, 1, 200)
		if d := b.expectOne(t, hanging, domain.DeliveryPending, 0, 0); d.NextAttemptAt.Before(time.Now()) || d.NextAttemptAt.After(time.Now().Add(5*time.Second)) {
			t.Errorf("the interrupted delivery is due in %v", time.Until(d.NextAttemptAt))
		}
	})
}

func TestSender_PostponesWhatItCannotSign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, old := newBubble(), ring(t, "lost-key")
		w, secret := b.webhook(t, "http://receiver", old)
		var requests atomic.Int64
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) { requests.Add(1) })
		b.notify(t, w, 1)
		s, stop := b.send(t, b, ring(t, "new"))
		defer b.keepUp(t, s)()
		pass(time.Hour)
		if requests.Load() != 0 {
			t.Error("something was sent")
		}
		b.expectOne(t, w, domain.DeliveryPending, 0, 0)
		named := fmt.Sprintf("sealingKey=lost-key webhooks=1 first=\"[%s in %s]\"", w.ID, w.Workspace)
		if log := b.logged(); strings.Count(log, named) != 1 || strings.Contains(log, secret.Reveal()) || strings.Count(log, "\n") > 2 {
			t.Errorf("the log is\n%s", log)
		}
		if got := s.Stats().Attempts["unopened"]; got < 11 || got > 13 {
			t.Errorf("tried to open the secret %d times in an hour", got)
		}
		stop()
		b.send(t, b, ring(t, "new", "lost-key"))
		pass(6 * time.Minute)
		b.expectOne(t, w, domain.DeliveryDelivered, 1, 200)
	})
}

// flaky is an outbox that fails and panics at first.
type flaky struct {
	ports.Outbox
	claims, reports atomic.Int64
}

func (f *flaky) Claim(ctx context.Context, request ports.ClaimRequest) ([]ports.DueDelivery, error) {
	switch f.claims.Add(1) {
	case 1:
		return nil, domain.ErrUnavailable
	case 2:
		panic("claim")
	}
	return f.Outbox.Claim(ctx, request)
}

func (f *flaky) Report(ctx context.Context, outcomes []ports.Outcome) ([]ports.StoppedWebhook, error) {
	switch f.reports.Add(1) {
	case 1:
		return nil, domain.ErrUnavailable
	case 2:
		panic("report")
	}
	return f.Outbox.Report(ctx, outcomes)
}

func TestSender_GoesOnAfterFailuresAndPanicsOfTheOutbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://receiver", keys)
		var requests atomic.Int64
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) { requests.Add(1) })
		b.notify(t, w, 1)
		b.send(t, &flaky{Outbox: b}, keys)
		pass(30 * time.Second)
		b.expectOne(t, w, domain.DeliveryDelivered, 1, 200)
		if got := requests.Load(); got != 1 {
			t.Errorf("%d requests", got)
		}
	})
}

func TestSender_PollsOnceASecondWhileThereIsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		counted := &flaky{Outbox: b}
		counted.claims.Store(2)
		b.send(t, counted, keys)
		pass(time.Minute)
		if got := counted.claims.Load() - 2; got < 59 || got > 61 {
			t.Errorf("%d claims in a minute", got)
		}
	})
}

func TestSender_ClaimsSeldomWhileAnOldURLHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://old", keys)
		b.receive(t, "old", hang)
		b.receive(t, "new", func(http.ResponseWriter, *http.Request) {})
		b.notify(t, w, 1)
		counted := &flaky{Outbox: b}
		counted.claims.Store(2)
		b.send(t, counted, keys)
		pass(time.Second)
		url := "http://new"
		err := b.UpdateWebhook(t.Context(), w.Workspace, w.ID, func(w *domain.Webhook) (domain.Event, error) {
			return w.Revise(domain.WebhookRevision{URL: &url}, eventID(t), domain.Author{AccountID: "acc_1"}, time.Now()), nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.notify(t, w, 1)
		pass(time.Minute)
		for _, d := range b.deliveries(t, w) {
			if d.Status != domain.DeliveryDelivered || d.Attempts != 1 {
				t.Errorf("%+v", d)
			}
		}
		if got := counted.claims.Load() - 2; got > 150 {
			t.Errorf("%d claims in a minute", got)
		}
	})
}

func TestSender_DoesNotCallAHostThatIsDownAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		w, _ := b.webhook(t, "http://nowhere", keys)
		b.notify(t, w, 100)
		s, _ := b.send(t, b, keys)
		pass(4 * time.Second)
		if stats := s.Stats(); stats.PausedHosts != 1 || stats.Attempts["unreachable"] > 10 {
			t.Errorf("the stats are %+v", stats)
		}
	})
}

// The sealed secret of another webhook stands for any that does not open although its
// key is there.
func TestSender_NamesTheWebhookWhoseSecretIsDamaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, keys := newBubble(), ring(t, "a")
		one, _ := b.webhook(t, "http://receiver", keys)
		two, _ := b.webhook(t, "http://receiver", keys)
		err := b.UpdateWebhook(t.Context(), one.Workspace, one.ID, func(found *domain.Webhook) (domain.Event, error) {
			return found.Rotate(two.Secrets[0], eventID(t), domain.Author{AccountID: "acc_1"}, time.Now()), nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.receive(t, "receiver", func(http.ResponseWriter, *http.Request) {})
		b.notify(t, one, 3)
		b.notify(t, two, 1)
		b.send(t, b, keys)
		pass(time.Minute)
		b.expectOne(t, two, domain.DeliveryDelivered, 1, 200)
		if log := b.logged(); strings.Count(log, string(one.ID)) != 1 || strings.Contains(log, string(two.ID)) {
			t.Errorf("the log is\n%s", log)
		}
	})
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }
