package hostile

import (
	"strings"
	"sync/atomic"
	"testing"
)

// exchange is a request and the expected statuses of the responses to it and to a
// valid request after it, ending with "closed" for the closed connection.
type exchange struct{ sent, want string }

// check performs the exchanges, and checks that the log has at most one line per
// response.
func (s *service) check(t *testing.T, exchanges map[string]exchange) {
	t.Helper()
	var responses atomic.Int64
	t.Run("each", func(t *testing.T) {
		for name, tt := range exchanges {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := dial(t, s.public)
				w.send(t, tt.sent+last)
				got := w.responses(t)
				responses.Add(int64(len(got) - 1))
				if got := strings.Join(got, " "); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		}
	})
	if lines := s.log.requests(); lines == 0 || int64(lines) > responses.Load() {
		t.Errorf("%d responses have %d lines in the log", responses.Load(), lines)
	}
}
