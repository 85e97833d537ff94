package apikeys_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/test/serving"
)

// blocking is a repository whose creates wait until they are released.
type blocking struct {
	ports.KeyRepository
	entered, proceed chan struct{}
}

func (b blocking) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	close(b.entered)
	<-b.proceed
	return b.KeyRepository.Create(ctx, key, event, options)
}

func startable(t *testing.T, cfg config.Config, opts ...apikeys.Option) *apikeys.Service {
	t.Helper()
	service, err := apikeys.New(t.Context(), cfg, append([]apikeys.Option{
		apikeys.WithAuthenticator(serving.Owner{}),
		apikeys.WithLogger(slog.New(slog.DiscardHandler)),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, service)
	return service
}

func closeAtEnd(t *testing.T, service *apikeys.Service) {
	t.Helper()
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNew_RejectsAnInvalidConfiguration(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*config.Config){
		"negative connections":                      func(c *config.Config) { c.MaxConnections = -1 },
		"an internal address that others can reach": func(c *config.Config) { c.InternalAddr = "0.0.0.0:0" },
		"a short internal token":                    func(c *config.Config) { c.InternalToken = "abc" },
		"an unknown Migrate":                        func(c *config.Config) { c.Migrate = "yes" },
		"no room in the cache":                      func(c *config.Config) { c.CacheKeys = 0 },
		"a negative cap":                            func(c *config.Config) { c.MaxKeysPerWorkspace = -1 },
		"malformed peppers":                         func(c *config.Config) { c.Peppers = "p1" },
		"no tokens, and no options":                 nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := serving.Config()
			options := []apikeys.Option{apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository()})}
			if spoil != nil {
				spoil(&cfg)
				options = append(options, apikeys.WithAuthenticator(serving.Owner{}))
			}
			service, err := apikeys.New(t.Context(), cfg, options...)
			var faults config.Faults
			if !errors.As(err, &faults) || spoil != nil && len(faults) != 1 {
				t.Errorf("New() = %v, %v", service, err)
			}
		})
	}
}

func TestRun_LetsRequestsInFlightFinish(t *testing.T) {
	t.Parallel()
	store := blocking{memory.NewKeyRepository(), make(chan struct{}), make(chan struct{})}
	listening := make(chan apikeys.Listeners, 1)
	service := startable(t, serving.Config(), apikeys.WithStore(apikeys.Store{Keys: store}),
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
	if status, _ := call(t, http.MethodGet, "http://"+at.Internal.String()+"/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("readyz while stopping = %d, want 503", status)
	}
	close(store.proceed)
	if status := <-created; status != http.StatusCreated {
		t.Errorf("the request under way was answered %d, want 201", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run() = %v", err)
	}
}

// awaitNotReady returns once the service has begun to stop.
func awaitNotReady(t *testing.T, service *apikeys.Service) {
	t.Helper()
	for service.Ready(t.Context()) == nil {
		if t.Context().Err() != nil {
			t.Fatal("still ready")
		}
	}
}

func TestRun_NamesTheVariableOfAnAddressInUse(t *testing.T) {
	t.Parallel()
	listening := make(chan apikeys.Listeners, 1)
	first := startable(t, serving.Config(), apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }))
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- first.Run(ctx) }()
	cfg := serving.Config()
	cfg.Addr = (<-listening).Public.String()
	if err := startable(t, cfg).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "APIKEYS_ADDR") {
		t.Errorf("Run() = %v, want an error that names APIKEYS_ADDR", err)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestReady_CallsTheChecksOfTheCaller(t *testing.T) {
	t.Parallel()
	want := errors.New("no keys yet")
	service := startable(t, serving.Config(),
		apikeys.WithReadinessCheck(func(context.Context) error { return nil }),
		apikeys.WithReadinessCheck(func(context.Context) error { return want }))
	if err := service.Ready(t.Context()); !errors.Is(err, want) {
		t.Errorf("Ready() = %v, want %v", err, want)
	}
}

func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	req.Header = http.Header{
		"Authorization":  {"Bearer x"},
		"Content-Type":   {"application/json"},
		"X-Client-Hash":  {"device-1"},
		"X-Workspace-Id": {"ws_1"},
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(text)
}

func TestClose_EndsRun(t *testing.T) {
	t.Parallel()
	listening := make(chan apikeys.Listeners, 1)
	service := startable(t, serving.Config(), apikeys.WithListening(func(l apikeys.Listeners) { listening <- l }))
	stopped := make(chan error, 1)
	go func() { stopped <- service.Run(t.Context()) }()
	<-listening
	if err := service.Close(); err != nil {
		t.Error(err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run() = %v", err)
	}
	if err := service.Run(t.Context()); err == nil {
		t.Error("a closed service runs")
	}
}
