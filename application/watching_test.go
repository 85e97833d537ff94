package application_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func rateLimit(seconds int64) domain.Limit {
	limits, faults := domain.ParseRateLimits([]domain.RateLimitSpec{{Name: "default", Limit: 9, WindowSeconds: seconds}})
	if faults != nil {
		panic(faults)
	}
	return limits[0]
}

func quota(period domain.Period) domain.Limit {
	limit, faults := domain.ParseQuota(domain.QuotaSpec{Limit: 10, Period: string(period)})
	if faults != nil {
		panic(faults)
	}
	return limit
}

var hourly, monthly = rateLimit(3600), quota(domain.PeriodMonth)

// running runs uc, in a synctest bubble, until the returned function is called.
func running(t *testing.T, uc *application.Warnings) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go uc.Run(ctx)
	return cancel
}

// spend makes a check of a key with limits. The limit with the index refusing refuses
// the check, or none does if refusing is negative.
func spend(t *testing.T, uc *application.Warnings, id domain.KeyID, refusing int, limits ...domain.Limit) {
	t.Helper()
	states, got, err := uc.Watching(&limiter{refusing: refusing}).Spend(t.Context(), &application.LimitedKey{ID: id, Limits: limits}, 1, now)
	if err != nil || got != refusing || len(states) != len(limits) {
		t.Fatalf("Spend = %v, %d, %v", states, got, err)
	}
}

// refuse has limit refuse a check, and returns the body of the delivery.
func refuse(t *testing.T, w *warnedWorld, uc *application.Warnings, id domain.KeyID, limit domain.Limit) string {
	t.Helper()
	spend(t, uc, id, 0, limit)
	synctest.Wait()
	return bodyOf(t, w)
}

func TestWatching_ReportsTheFirstRefusalOfALongWindow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limit       domain.Limit
		every, last time.Duration // of the refusals
		want        int
	}{
		"a second":               {rateLimit(1), time.Second, time.Minute, 0},
		"a second below an hour": {rateLimit(3599), 20 * time.Minute, 5 * time.Hour, 0},
		"an hour":                {rateLimit(3600), 20 * time.Minute, 5 * time.Hour, 6},
		"a day":                  {rateLimit(86_400), time.Hour, 3 * day, 4},
		"a quota of a day":       {quota(domain.PeriodDay), time.Hour, 3 * day, 4},
		"a quota of a month":     {quota(domain.PeriodMonth), 6 * time.Hour, 90 * day, 4}, // March to June, and so all 31 days of May
		"a quota of all time":    {quota(domain.PeriodTotal), day, 200 * day, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWarnedWorld(t, now)
				id := w.key(t, time.Time{})
				w.webhook(t, workspace, causedByNobody...)
				one, two := w.replica(), w.replica()
				defer running(t, one)()
				defer running(t, two)()
				got, third := 0, w.replica()
				for ; !w.at.After(now.Add(tc.last)); w.at = w.at.Add(tc.every) {
					for _, uc := range []*application.Warnings{one, two, one} {
						spend(t, uc, id, 0, tc.limit)
					}
					stop := running(t, third)
					spend(t, third, id, 0, tc.limit) // just started
					synctest.Wait()
					stop()
					synctest.Wait()
					third = w.replica()
					for _, d := range w.received(t) {
						if got++; d.Type != domain.WebhookKeyLimitReached {
							t.Errorf("the event is %s", d.Type)
						}
					}
					w.sweep(t)
				}
				if got != tc.want {
					t.Errorf("%d deliveries, want %d", got, tc.want)
				}
			})
		})
	}
}

// The clock of the store determines the windows. The clocks of these replicas are 10
// minutes apart, so that each sees another hour.
func TestWatching_ReportsAWindowOfTheStoreOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, now)
		id := w.key(t, time.Time{})
		w.webhook(t, workspace, causedByNobody...)
		behind, ahead := w.replica(), w.replica()
		defer running(t, behind)()
		defer running(t, ahead)()
		hour := now.Truncate(time.Hour)
		got := map[time.Time]int{}
		for _, start := range []time.Time{hour, hour.Add(time.Hour), hour.Add(2 * time.Hour)} {
			for _, replica := range []struct {
				uc *application.Warnings
				at time.Time
			}{{behind, start.Add(-5 * time.Minute)}, {ahead, start.Add(5 * time.Minute)}, {behind, start.Add(50 * time.Minute)}, {ahead, start.Add(time.Hour)}} {
				w.at = replica.at
				limiter := &limiter{refusing: 0, start: start}
				if _, _, err := replica.uc.Watching(limiter).Spend(t.Context(), &application.LimitedKey{ID: id, Limits: []domain.Limit{hourly}}, 1, w.at); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			w.at = start.Add(3 * time.Hour)
			got[start] = len(w.received(t))
		}
		if diff := cmp.Diff(map[time.Time]int{hour: 1, hour.Add(time.Hour): 1, hour.Add(2 * time.Hour): 1}, got); diff != "" {
			t.Errorf("deliveries by window of the store (-want +got):\n%s", diff)
		}
	})
}

func TestWatching_TellsLimitsAndKeysApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, now)
		one, two, gone := w.key(t, time.Time{}), w.key(t, time.Time{}), w.key(t, time.Time{})
		deleted(t, w, gone)
		w.webhook(t, workspace, causedByNobody...)
		w.webhook(t, workspace, domain.WebhookKeyExpired)
		uc := w.replica()
		defer running(t, uc)()
		short := rateLimit(60)
		short.Name = "burst"
		limits := []domain.Limit{hourly, short, monthly}
		for range 2 {
			spend(t, uc, one, -1, limits...)
			spend(t, uc, one, 1, limits...)
			spend(t, uc, gone, 0, limits...)
			if _, _, err := uc.Watching(&limiter{err: domain.ErrUnavailable}).Spend(t.Context(), &application.LimitedKey{ID: one, Limits: limits}, 1, now); err == nil {
				t.Error("the limiter's error is lost")
			}
		}
		synctest.Wait()
		if got := w.received(t); len(got) != 0 {
			t.Errorf("deliveries without a refusal that is reported: %d, the first %s", len(got), got[0].Body)
		}
		for range 2 {
			spend(t, uc, one, 0, limits...)
			spend(t, uc, one, 2, limits...)
			spend(t, uc, two, 2, limits...)
		}
		synctest.Wait()
		got := map[string]int{}
		for _, d := range w.received(t) {
			for _, limit := range limits {
				for _, id := range []domain.KeyID{one, two} {
					if strings.Contains(string(d.Body), `"name":"`+limit.Name+`"`) && strings.Contains(string(d.Body), string(id)) {
						got[limit.Name+string(id)]++
					}
				}
			}
		}
		if diff := cmp.Diff(map[string]int{"default" + string(one): 1, "quota" + string(one): 1, "quota" + string(two): 1}, got); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
	})
}

func TestWatching_TriesAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, now)
		id := w.key(t, time.Time{})
		w.webhook(t, workspace, causedByNobody...)
		store := &flakyWebhooks{WebhookStore: w.hooks}
		store.failing.Store(true)
		var logs bytes.Buffer
		uc := w.replicaOn(store, slog.NewTextHandler(&logs, nil))
		defer running(t, uc)()
		spend(t, uc, id, 0, hourly)
		synctest.Wait()
		if got := w.received(t); len(got) != 0 || !strings.Contains(logs.String(), "cannot report that a limit was reached") {
			t.Errorf("%d deliveries, logged %q", len(got), logs.String())
		}
		store.failing.Store(false)
		w.at = w.at.Add(time.Minute - time.Second)
		spend(t, uc, id, 0, hourly)
		synctest.Wait()
		if got := w.received(t); len(got) != 0 {
			t.Errorf("%d deliveries within a minute of the failure", len(got))
		}
		w.at = w.at.Add(time.Second)
		refuse(t, w, uc, id, hourly)
	})
}

// The queue holds 1024 refusals. None is running: a check that waited would deadlock.
func TestWatching_DelaysNoCheckAndForgetsWhatItDiscards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWarnedWorld(t, now)
		id := w.key(t, time.Time{})
		w.webhook(t, workspace, causedByNobody...)
		uc := w.replica()
		for i := range 1024 {
			spend(t, uc, domain.KeyID(fmt.Sprint("sk_live_unknown", i)), 0, hourly)
		}
		spend(t, uc, id, 0, hourly)
		defer running(t, uc)()
		synctest.Wait()
		if got := w.received(t); len(got) != 0 {
			t.Errorf("%d deliveries for keys that do not exist", len(got))
		}
		refuse(t, w, uc, id, hourly)
	})
}
