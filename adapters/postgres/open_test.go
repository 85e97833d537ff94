package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
)

func TestOpen_RejectsWithoutShowingThePassword(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ dsn, says string }{
		"a URL without sslmode":  {"postgres://u:hunter2@db:5432/keys", "sslmode"},
		"pairs without sslmode":  {"host=db user=u password=hunter2 dbname=keys", "sslmode"},
		"an unknown sslmode":     {"postgres://u:hunter2@db/keys?sslmode=hunter2", "cannot be read"},
		"a malformed URL":        {"postgres://u:hunter2@db:port/keys?sslmode=disable", "cannot be read"},
		"a password that splits": {"host=db password=a hunter2 sslmode=disable", "cannot be read"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), c.dsn)
			if err == nil {
				t.Fatal("Open succeeds")
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Open gives %q", err)
			}
		})
	}
}

func TestFind_IsUnavailableWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	address := listener.Addr().String()
	_ = listener.Close()
	repo := openUnmigrated(t, "postgres://u@"+address+"/keys?sslmode=disable")

	if _, err := repo.Find(t.Context(), "sk_live_0000000000000000"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Find gives %v, want ErrUnavailable", err)
	}
	if err := repo.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ready gives %v, want ErrUnavailable", err)
	}
}

func TestFind_IsUnavailableWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()
	repo := openUnmigrated(t, "postgres://u@"+listen(t).Addr().String()+"/keys?sslmode=disable&connect_timeout=3600")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err := repo.Find(ctx, "sk_live_0000000000000000")
	if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Find gives %v, want ErrUnavailable by the deadline", err)
	}
}

// listen accepts connections, in the backlog of the kernel, and sends nothing.
func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}
