package fault

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// spentLimit is a limit of a key.
type spentLimit struct {
	text    string // for people
	limit   int64
	seconds int64 // the length of a window, or 0 if it does not end
	// again is what may be granted again in a window, because a failover lost its grant.
	again map[int64]int64
}

func (l spentLimit) window(at time.Time) int64 {
	if l.seconds == 0 {
		return 0
	}
	return at.Unix() / l.seconds
}

// most returns what may be admitted from the first to the last window.
func (l spentLimit) most(first, last int64) int64 {
	most := (last - first + 1) * l.limit
	for window, again := range l.again {
		if first <= window && window <= last {
			most += again
		}
	}
	return most
}

// spentKey is a key with limits.
type spentKey struct {
	members string
	limits  []spentLimit
	secret  string
	cost    int64 // of a check by a client

	mu                       sync.Mutex
	admitted                 []spentCheck
	refused, failed, unknown int
}

// spentCheck is a check that was admitted, at some time from sent to received.
type spentCheck struct {
	sent, received time.Time
	cost           int64
}

// newSpentKeys has keys with limits that are leased one by one, and in larger shares.
func newSpentKeys() []*spentKey {
	return []*spentKey{
		{
			members: `"rateLimits":[{"name":"second","limit":20,"windowSeconds":1}]`,
			limits:  []spentLimit{{text: "20/1s", limit: 20, seconds: 1}},
		},
		{
			members: `"rateLimits":[{"name":"minute","limit":400,"windowSeconds":60}]`,
			limits:  []spentLimit{{text: "400/60s", limit: 400, seconds: 60}},
		},
		{
			members: `"quota":{"limit":1000,"period":"DAY"}`,
			limits:  []spentLimit{{text: "1000/DAY", limit: 1000, seconds: 86_400}},
		},
		{
			members: `"rateLimits":[{"name":"second","limit":200,"windowSeconds":1},{"name":"minute","limit":600,"windowSeconds":60}],"quota":{"limit":5000,"period":"DAY"}`,
			limits: []spentLimit{
				{text: "200/1s", limit: 200, seconds: 1},
				{text: "600/60s", limit: 600, seconds: 60},
				{text: "5000/DAY", limit: 5000, seconds: 86_400},
			},
		},
		{
			members: fmt.Sprintf(`"quota":{"limit":%d,"period":"TOTAL"}`, totalLimit),
			limits:  []spentLimit{{text: "100000/TOTAL", limit: totalLimit}},
		},
	}
}

// spend sends a check to p, and notes the result. An error is the caller's to judge.
func (k *spentKey) spend(ctx context.Context, p *world, cost int64) (a answer, err error) {
	sent := time.Now()
	a, err = p.ask(ctx, http.MethodPost, p.internal+"/internal/v1/api-keys/verify", fmt.Sprintf(`{"key":%q,"cost":%d}`, k.secret, cost))
	received := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err != nil:
		k.unknown++
	case allowed(a):
		k.admitted = append(k.admitted, spentCheck{sent, received, cost})
	case a.status == http.StatusServiceUnavailable:
		k.failed++
	default:
		k.refused++
	}
	return a, err
}

func (k *spentKey) spent() (sum int64) {
	for _, c := range k.admitted {
		sum += c.cost
	}
	return sum
}

// mustNotExceed checks that no window, and no sequence of windows, admitted more than
// its limit. The clock of the server is that of this machine, so a check was spent in a
// window from that of its request to that of its response. A check that may belong to
// either of two windows counts in sequences that contain both.
func (k *spentKey) mustNotExceed(t *testing.T, limit spentLimit) {
	t.Helper()
	type span struct{ first, last int64 }
	spent := map[span]int64{}
	windows := map[int64]int64{} // what certainly belongs to one
	for _, c := range k.admitted {
		s := span{limit.window(c.sent), limit.window(c.received)}
		spent[s] += c.cost
		if s.first == s.last {
			windows[s.first] += c.cost
		}
	}
	for from := range spent {
		for to := range spent {
			var sum int64
			for s, cost := range spent {
				if s.first >= from.first && s.last <= to.last {
					sum += cost
				}
			}
			n := to.last - from.first + 1
			if most := limit.most(from.first, to.last); n > 0 && sum > most {
				t.Errorf("%s: %d admitted in %d windows, want at most %d", limit.text, sum, n, most)
				return
			}
		}
	}
	full := 0
	for _, sum := range windows {
		if sum == limit.limit {
			full++
		}
	}
	t.Logf("%s: %d admitted in %d windows, exactly the limit in %d of them; %d refused, %d not judged, %d without a response",
		limit.text, k.spent(), len(windows), full, k.refused, k.failed, k.unknown)
}
