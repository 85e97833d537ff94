package apikeys_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/extauthz"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/serving"
)

func withExtAuthz() config.Config {
	cfg := onLoopback()
	cfg.ExtAuthzAddr = "127.0.0.1:0"
	return cfg
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

func TestNew_RefusesAnAddressForEnvoyThatNothingServes(t *testing.T) {
	t.Parallel()
	_, err := apikeys.New(t.Context(), withExtAuthz(), apikeys.WithAuthenticator(serving.Owner{}))
	var faults config.Faults
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), "APIKEYS_EXT_AUTHZ_ADDR") {
		t.Errorf("New() = %v, want a fault of APIKEYS_EXT_AUTHZ_ADDR", err)
	}
}

func TestRun_NamesTheVariableOfEnvoysAddress(t *testing.T) {
	t.Parallel()
	cfg := withExtAuthz()
	cfg.ExtAuthzAddr = "192.0.2.1:1"
	cfg.InternalToken = config.Secret(strings.Repeat("t", 32))
	err := startable(t, cfg, apikeys.WithExtAuthz(extauthz.New)).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "APIKEYS_EXT_AUTHZ_ADDR") {
		t.Errorf("Run() = %v, want an error that names APIKEYS_EXT_AUTHZ_ADDR", err)
	}
}

// While the public listener drains, requests in flight elsewhere still ask for
// permission.
func TestRun_ServesEnvoyUntilThePublicSideIsDrained(t *testing.T) {
	t.Parallel()
	cfg := withExtAuthz()
	cfg.InternalToken = config.Secret(strings.Repeat("t", 32))
	store := blocking{memory.NewKeyRepository(), make(chan struct{}), make(chan struct{})}
	listening := make(chan apikeys.Listeners, 1)
	service := startable(t, cfg, apikeys.WithStore(apikeys.Store{Keys: store}), apikeys.WithExtAuthz(extauthz.New),
		apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }))
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(ctx) }()
	at := <-listening

	created := make(chan int, 1)
	go func() {
		status, _ := call(t, http.MethodPost, "http://"+at.Public.String()+"/web/v1/workspaces/ws_1/api-keys", `{"name":"k"}`)
		created <- status
	}()
	<-store.entered
	stop()
	awaitNotReady(t, service)
	for _, token := range []string{"", cfg.InternalToken.Reveal()} {
		if status := askEnvoys(t, at.ExtAuthz.String(), token); status != http.StatusUnauthorized {
			t.Errorf("a check while stopping is answered %d, want 401", status)
		}
	}
	close(store.proceed)
	if status := <-created; status != http.StatusCreated {
		t.Errorf("the request in flight was answered %d, want 201", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run() = %v", err)
	}
}
