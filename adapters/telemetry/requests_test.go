package telemetry_test

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestObserveRequest_CountsConcurrentRequestsExactly(t *testing.T) {
	t.Parallel()
	m := attached(t, sources())
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
	statuses := []int{200, 204, 401, 403, 503}
	const goroutines, each = 8, 50
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				for _, method := range methods {
					for _, status := range statuses {
						m.ObserveRequest(t.Context(), "/livez", method, status, time.Millisecond)
					}
				}
			}
		})
	}
	wg.Wait()
	series := 0
	for _, s := range samples(t, scrape(t, m)) {
		if s.name != "apikeys_http_requests_total" {
			continue
		}
		series++
		if s.value != goroutines*each {
			t.Errorf("%v counted %v, want %d", s.labels, s.value, goroutines*each)
		}
	}
	if want := len(methods) * len(statuses); series != want {
		t.Errorf("%d series, want %d", series, want)
	}
}
