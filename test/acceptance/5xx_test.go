package acceptance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/logbook"
)

// failing is a repository whose writes and reads fail on demand.
type failing struct {
	ports.KeyRepository
	fail func() error
}

func (f failing) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	return f.fail()
}

func (f failing) Find(context.Context, domain.KeyID) (*domain.APIKey, error) { return nil, f.fail() }

func failingWorld(t *testing.T, fail func() error, opts ...apikeys.Option) *world {
	t.Helper()
	return newWorld(t, nil, append(opts, apikeys.WithStore(apikeys.Store{Keys: failing{memory.NewKeyRepository(), fail}}))...)
}

func TestCreateKey_500(t *testing.T) {
	t.Parallel()
	w := failingWorld(t, func() error { return errors.New("column \"name\" is on fire") })
	a := do(t, w.create(t, `{"name":"k"}`))
	mustBe(t, a, 500, "5000", "Internal error")
}

func TestCreateKey_500_aPanicIsAnsweredAndLoggedWithoutItsValue(t *testing.T) {
	t.Parallel()
	var log logbook.Book
	w := failingWorld(t, func() error { panic("the marked value") },
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	a := do(t, w.create(t, `{"name":"k"}`, set("X-Request-Id", "r-panic")))
	mustBe(t, a, 500, "5000", "Internal error")
	text := log.String()
	for _, want := range []string{`"msg":"panic"`, `"requestId":"r-panic"`, "failing.Create"} {
		if !strings.Contains(text, want) {
			t.Errorf("log lacks %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "the marked value") {
		t.Error("the panic's value is in the log")
	}
	if a := do(t, request{method: "GET", url: w.internal + "/livez", header: nil}); a.status != 200 {
		t.Errorf("livez after the panic = %d", a.status)
	}
}

func TestCreateKey_503(t *testing.T) {
	t.Parallel()
	w := failingWorld(t, func() error { return fmt.Errorf("connect: %w", domain.ErrUnavailable) })
	for _, r := range []request{
		w.create(t, `{"name":"k"}`),
		w.verify(`{"key":"` + unknownSecret(t) + `"}`),
	} {
		a := do(t, r)
		mustBe(t, a, 503, "5030", "Service temporarily unavailable")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After = %q", a.header.Get("Retry-After"))
		}
	}
}
