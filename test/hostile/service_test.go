package hostile

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/logbook"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// marker is part of what tests send, and must not appear in logs and responses.
const marker = "MARKED-b7f3"

// service is a running service with its log.
type service struct {
	public, internal string // host:port
	log              *log
}

// start runs a service until the test ends. At the end the service must be alive,
// and its log must not contain the marker.
func start(t *testing.T, change func(*config.Config)) *service {
	t.Helper()
	cfg := serving.Config()
	cfg.ManagementRate = 0
	if change != nil {
		change(&cfg)
	}
	s := &service{log: &log{}}
	t.Cleanup(func() {
		if s.log.Contains(marker) {
			t.Error("the log contains the marker")
		}
	})
	running := serving.Start(t, cfg,
		apikeys.WithAuthenticator(serving.Owner{}),
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	s.public, s.internal = running.Public, running.Internal
	t.Cleanup(func() { s.mustBeAlive(t) })
	return s
}

// mustBeAlive fails the test unless both listeners respond.
func (s *service) mustBeAlive(t *testing.T) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for _, url := range []string{"http://" + s.public + "/openapi.yaml", "http://" + s.internal + "/readyz"} {
		res, err := client.Get(url)
		if err != nil {
			t.Errorf("the service is not alive: %v", err)
			continue
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", url, res.StatusCode)
		}
	}
}

// patience is how long a test waits before it gives up.
const patience = time.Minute

// log is the log of a service.
type log struct{ logbook.Book }

// requests returns the number of request lines in the log.
func (l *log) requests() int { return l.Count(`"msg":"request"`) }
