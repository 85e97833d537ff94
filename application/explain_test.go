package application_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// newExplained returns the permission check of keys, and the use case that collects
// their usage.
func newExplained(t *testing.T, keys *memory.KeyRepository, lifetime *application.Lifetime) (*application.Authorize, *application.Usage) {
	t.Helper()
	hasher := newHasher(t)
	usage := application.NewUsage(keys, hasher, clock, slog.New(slog.DiscardHandler))
	return application.NewAuthorize(uncached{keys}, hasher, usage, nil, clock, lifetime), usage
}

func TestExplain_FindsTheKeyBySecretAndByID(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, domain.KeySpec{Name: "k", Scopes: []string{"a:b"}, ExpiresAt: now.Add(time.Hour)})
	checks, _ := newExplained(t, keys, new(application.Lifetime))
	_, ofNone := forged(t, secret.KeyID())
	for name, tc := range map[string]struct {
		question domain.Question
		want     domain.Verdict
	}{
		"by secret":      {domain.Question{Check: domain.Check{Secret: secret}}, domain.VerdictOK},
		"by ID":          {domain.Question{ByID: true, KeyID: secret.KeyID()}, domain.VerdictOK},
		"at a time":      {domain.Question{ByID: true, KeyID: secret.KeyID(), At: now.Add(time.Hour)}, domain.VerdictExpired},
		"unknown secret": {domain.Question{Check: domain.Check{Secret: ofNone}}, domain.VerdictNotFound},
		"unknown ID":     {domain.Question{ByID: true, KeyID: ofNone.KeyID()}, domain.VerdictNotFound},
		"malformed":      {domain.Question{}, domain.VerdictNotFound},
	} {
		got, err := checks.Explain(t.Context(), tc.question)
		if err != nil || got.Verdict != tc.want {
			t.Errorf("%s: %s, %v, want %s", name, got.Verdict, err, tc.want)
		}
	}
}

func TestExplain_IsNoUse(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	secret := createdIn(t, keys, domain.KeySpec{Name: "k", Scopes: []string{"a:b"}})
	checks, usage := newExplained(t, keys, new(application.Lifetime))
	got, err := checks.Explain(t.Context(), domain.Question{Check: domain.Check{Secret: secret}})
	if err != nil || !got.Allowed() {
		t.Fatalf("%+v, %v", got, err)
	}
	if pending := usage.Stats().Pending; pending != 0 {
		t.Errorf("%d uses are queued", pending)
	}
}

func TestExplain_GivesNoAnswerWithoutTheStore(t *testing.T) {
	t.Parallel()
	source := uncached{&failingKeys{err: domain.ErrUnavailable}}
	checks := application.NewAuthorize(source, newHasher(t), nil, nil, clock, new(application.Lifetime))
	if got, err := checks.Explain(context.Background(), domain.Question{ByID: true, KeyID: "sk_live_0000000000000000"}); !errors.Is(err, domain.ErrUnavailable) || got.Verdict != "" {
		t.Errorf("%+v, %v", got, err)
	}
	closed := new(application.Lifetime)
	closed.End()
	closedChecks, _ := newExplained(t, memory.NewKeyRepository(), closed)
	if _, err := closedChecks.Explain(context.Background(), domain.Question{}); !errors.Is(err, application.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
