package httpapi

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/i18n"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

// panicking is an authorizer whose store panics in a goroutine of its own.
type panicking struct{}

func (panicking) Do(context.Context, domain.Check) (domain.Decision, error) {
	return domain.NotFound(), application.Contained("reading a key", func() error { panic("the marked value") })
}

func TestCheckServerOptions_TellPanicsFromOtherErrors(t *testing.T) {
	t.Parallel()
	messages, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(Options{Authorizer: panicking{}, Messages: messages}).CheckServerOptions().Authorize(t.Context(), domain.Check{})
	if !errors.Is(err, keycheck.ErrPanicked) || !strings.Contains(err.Error(), "checkserver_test.go") || strings.Contains(err.Error(), "marked") {
		t.Errorf("Authorize() = %v, want ErrPanicked with the stack", err)
	}
}
