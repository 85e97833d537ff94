package extauthz_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// held is an authenticator that keeps requests in flight until they may proceed.
type held struct{ entered, proceed chan struct{} }

func (h held) Authenticate(context.Context, string) (domain.Actor, error) {
	close(h.entered)
	<-h.proceed
	return domain.Actor{}, domain.ErrInvalidToken
}

// askEnvoys makes one call with that internal token about a request without a key,
// and returns the status with which the request is denied.
func askEnvoys(t *testing.T, addr, token string) int {
	t.Helper()
	connection, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-internal-token", token)
	response, err := authv3.NewAuthorizationClient(connection).Check(ctx, &authv3.CheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if code := response.GetDeniedResponse().GetBody(); token == "" && !strings.Contains(code, `"4010"`) {
		t.Errorf("without the token: %s", code)
	}
	return int(response.GetDeniedResponse().GetStatus().GetCode())
}

// While the public listener drains, requests in flight at other programs are still
// checked.
func TestRun_ServesEnvoyUntilThePublicSideIsDrained(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Addr, cfg.InternalAddr, cfg.ExtAuthzAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.DatabaseURL = "memory://"
	cfg.Peppers = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	cfg.InternalToken = token
	inFlight := held{make(chan struct{}), make(chan struct{})}
	listening := make(chan apikeys.Listeners, 1)
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithAuthenticator(inFlight), apikeys.WithExtAuthz(extauthz.New),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)), apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(ctx) }()
	at := <-listening

	answered := make(chan int, 1)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at.Public.String()+"/web/v1/workspaces/ws_1/api-keys", http.NoBody)
		r.Header.Set("Authorization", "Bearer t")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	<-inFlight.entered
	stop()
	for service.Ready(t.Context()) == nil {
		if t.Context().Err() != nil {
			t.Fatal("still ready")
		}
	}
	for _, sent := range []string{"", token} {
		if status := askEnvoys(t, at.ExtAuthz.String(), sent); status != http.StatusUnauthorized {
			t.Errorf("a check while stopping is answered %d, want 401", status)
		}
	}
	close(inFlight.proceed)
	if status := <-answered; status != http.StatusUnauthorized {
		t.Errorf("the request in flight was answered %d, want 401", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run() = %v", err)
	}
}
