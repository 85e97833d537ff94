package hostile

import (
	"strings"
	"sync/atomic"
	"testing"
)

// exchange is what is sent, and what is answered to it and to a right request
// behind it: statuses, and then that the connection is closed.
type exchange struct{ sent, want string }

// answer holds the service to those exchanges, and to one line in the log for
// each answer at most.
func (s *service) answer(t *testing.T, exchanges map[string]exchange) {
	t.Helper()
	var answers atomic.Int64
	t.Run("each", func(t *testing.T) {
		for name, tt := range exchanges {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := dial(t, s.public)
				w.send(t, tt.sent+last)
				got := w.answers(t)
				answers.Add(int64(len(got) - 1))
				if got := strings.Join(got, " "); got != tt.want {
					t.Errorf("answered %s, want %s", got, tt.want)
				}
			})
		}
	})
	if lines := s.log.requests(); lines == 0 || int64(lines) > answers.Load() {
		t.Errorf("%d answers have %d lines in the log", answers.Load(), lines)
	}
}
