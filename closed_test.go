package apikeys_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// opened contains parts of a service from before it was closed.
type opened struct {
	ws      *apikeys.Workspace
	created apikeys.CreatedKey
}

// workspaceAfterClose calls every method of a Workspace except ID.
var workspaceAfterClose = map[string]func(ctx context.Context, o opened) error{
	"CreateKey": func(ctx context.Context, o opened) error {
		_, err := o.ws.CreateKey(ctx, apikeys.KeySpec{})
		return err
	},
	"ImportKeys": func(ctx context.Context, o opened) error {
		_, err := o.ws.ImportKeys(ctx, []apikeys.ForeignKeySpec{{}}, false)
		return err
	},
	"GetKey": func(ctx context.Context, o opened) error {
		_, err := o.ws.GetKey(ctx, o.created.Key.ID())
		return err
	},
	"ListKeys": func(ctx context.Context, o opened) error {
		_, err := o.ws.ListKeys(ctx, domain.KeyFilter{}, domain.Order{}, domain.Page{})
		return err
	},
	"UpdateKey": func(ctx context.Context, o opened) error {
		_, err := o.ws.UpdateKey(ctx, o.created.Key.ID(), apikeys.KeyPatch{}, nil)
		return err
	},
	"RotateKey": func(ctx context.Context, o opened) error {
		_, err := o.ws.RotateKey(ctx, o.created.Key.ID(), 0)
		return err
	},
	"DisableKey": func(ctx context.Context, o opened) error { return o.ws.DisableKey(ctx, o.created.Key.ID()) },
	"EnableKey":  func(ctx context.Context, o opened) error { return o.ws.EnableKey(ctx, o.created.Key.ID()) },
	"DeleteKey":  func(ctx context.Context, o opened) error { return o.ws.DeleteKey(ctx, o.created.Key.ID()) },
	"KeyUsage": func(ctx context.Context, o opened) error {
		_, err := o.ws.KeyUsage(ctx, o.created.Key.ID(), domain.DayRange{})
		return err
	},
	"KeyLimits": func(ctx context.Context, o opened) error {
		_, err := o.ws.KeyLimits(ctx, o.created.Key.ID())
		return err
	},
	"KeyEvents": func(ctx context.Context, o opened) error {
		_, err := o.ws.KeyEvents(ctx, o.created.Key.ID(), domain.Page{})
		return err
	},
	"CreateWebhook": func(ctx context.Context, o opened) error {
		_, err := o.ws.CreateWebhook(ctx, domain.WebhookSpec{})
		return err
	},
	"GetWebhook": func(ctx context.Context, o opened) error {
		_, err := o.ws.GetWebhook(ctx, "wh_1")
		return err
	},
	"ListWebhooks": func(ctx context.Context, o opened) error {
		_, err := o.ws.ListWebhooks(ctx, domain.Page{})
		return err
	},
	"UpdateWebhook": func(ctx context.Context, o opened) error {
		_, err := o.ws.UpdateWebhook(ctx, "wh_1", domain.WebhookPatch{})
		return err
	},
	"RotateWebhook": func(ctx context.Context, o opened) error {
		_, err := o.ws.RotateWebhook(ctx, "wh_1")
		return err
	},
	"DeleteWebhook": func(ctx context.Context, o opened) error { return o.ws.DeleteWebhook(ctx, "wh_1") },
	"TestWebhook":   func(ctx context.Context, o opened) error { return o.ws.TestWebhook(ctx, "wh_1") },
	"WebhookEvents": func(ctx context.Context, o opened) error {
		_, err := o.ws.WebhookEvents(ctx, "wh_1", domain.Page{})
		return err
	},
	"ListDeliveries": func(ctx context.Context, o opened) error {
		_, err := o.ws.ListDeliveries(ctx, "wh_1", "", domain.Page{})
		return err
	},
	"RetryDelivery": func(ctx context.Context, o opened) error { return o.ws.RetryDelivery(ctx, "wh_1", "dlv_1") },
}

// afterClose calls every method of a Service except Close, and returns the
// results: an error, or the status line of a response.
var afterClose = map[string]func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error{
	"Authorize": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		decision, err := s.Authorize(ctx, apikeys.Check{Secret: created.Secret, Scopes: []domain.Scope{"payment:read"}})
		if decision.Allowed() {
			return errors.New("it allows what was asked")
		}
		return err
	},
	"Explain": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		_, err := s.Explain(ctx, apikeys.Question{KeyID: created.Key.ID()})
		return err
	},
	"ComparePeppers": func(ctx context.Context, s *apikeys.Service, _ apikeys.CreatedKey) error {
		return s.ComparePeppers(ctx)
	},
	"Workspace": func(ctx context.Context, s *apikeys.Service, _ apikeys.CreatedKey) error {
		actor, _ := serving.Owner{}.Authenticate(ctx, "")
		_, err := s.Workspace(ctx, actor, "ws_1", domain.Origin{})
		return err
	},
	"Operator": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		_, err := s.Operator("tool").ListKeys(ctx, domain.KeyFilter{}, domain.Order{}, domain.Page{})
		if errors.Is(err, apikeys.ErrClosed) {
			_, err = s.Operator("tool").FindKey(ctx, created.Key.ID())
		}
		return err
	},
	"OperatorWorkspace": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		return s.OperatorWorkspace("tool", "ws_1", domain.Origin{}).DisableKey(ctx, created.Key.ID())
	},
	"Ready": func(ctx context.Context, s *apikeys.Service, _ apikeys.CreatedKey) error {
		return s.Ready(ctx)
	},
	"Run": func(ctx context.Context, s *apikeys.Service, _ apikeys.CreatedKey) error {
		return s.Run(ctx)
	},
	"Handler": func(ctx context.Context, s *apikeys.Service, _ apikeys.CreatedKey) error {
		return answered(ctx, s.Handler(), http.MethodGet, "/web/v1/workspaces/ws_1/api-keys", http.Header{
			"Authorization": {"Bearer x"}, "X-Client-Hash": {"d"}, "X-Workspace-Id": {"ws_1"},
		})
	},
	"InternalHandler": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		return answered(ctx, s.InternalHandler(), http.MethodGet, "/internal/v1/authorize", withKey(created))
	},
	"Require": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		e := echo.New()
		e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) }, s.Require("payment:read"))
		return answered(ctx, e, http.MethodGet, "/", withKey(created))
	},
	"RequireHTTP": func(ctx context.Context, s *apikeys.Service, created apikeys.CreatedKey) error {
		behind := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		return answered(ctx, s.RequireHTTP("payment:read")(behind), http.MethodGet, "/", withKey(created))
	},
}

func withKey(created apikeys.CreatedKey) http.Header {
	return http.Header{"X-Api-Key": {created.Secret.Reveal()}}
}

// answered returns ErrClosed for a 503, and an error that describes any other
// response.
func answered(ctx context.Context, h http.Handler, method, path string, header http.Header) error {
	r := httptest.NewRequestWithContext(ctx, method, path, http.NoBody)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == http.StatusServiceUnavailable {
		return apikeys.ErrClosed
	}
	return errors.New(http.StatusText(w.Code) + ": " + w.Body.String())
}

func TestService_ReturnsErrClosedOnceClosed(t *testing.T) {
	t.Parallel()
	for store, opts := range map[string][]apikeys.Option{
		"on memory://":             nil,
		"on a store of the caller": {apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository()})},
	} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			service := startable(t, serving.Config(), opts...)
			actor, _ := serving.Owner{}.Authenticate(t.Context(), "")
			ws, err := service.Workspace(t.Context(), actor, "ws_1", domain.Origin{})
			if err != nil {
				t.Fatal(err)
			}
			created, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // closing again changes nothing
				if err := service.Close(); err != nil {
					t.Fatal(err)
				}
			}
			for method, call := range afterClose {
				t.Run(method, func(t *testing.T) {
					t.Parallel()
					if err := call(t.Context(), service, created); !errors.Is(err, apikeys.ErrClosed) {
						t.Errorf("%s of a closed service: %v, want ErrClosed", method, err)
					}
				})
			}
			for method, call := range workspaceAfterClose {
				t.Run(method, func(t *testing.T) {
					t.Parallel()
					if err := call(t.Context(), opened{ws, created}); !errors.Is(err, apikeys.ErrClosed) {
						t.Errorf("%s of a workspace of a closed service: %v, want ErrClosed", method, err)
					}
				})
			}
		})
	}
}

func TestService_EveryMethodReturnsErrClosedOnceClosed(t *testing.T) {
	t.Parallel()
	service := reflect.TypeFor[*apikeys.Service]()
	stateless := []string{"Close", "Text"}
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		if _, tested := afterClose[name]; !tested && !slices.Contains(stateless, name) {
			t.Errorf("nobody knows what %s of a closed service does", name)
		}
	}
	ws := reflect.TypeFor[*apikeys.Workspace]()
	for i := range ws.NumMethod() {
		name := ws.Method(i).Name
		if _, tested := workspaceAfterClose[name]; !tested && name != "ID" {
			t.Errorf("nobody knows what %s of a workspace of a closed service does", name)
		}
	}
}

func TestNew_RefusesNil(t *testing.T) {
	t.Parallel()
	var absent *memory.KeyRepository
	for want, option := range map[string]apikeys.Option{
		"option 2 of 2 is nil":                                  nil,
		"Keys of WithStore was given nil":                       apikeys.WithStore(apikeys.Store{}),
		"Keys of WithStore was given a nil *memory.":            apikeys.WithStore(apikeys.Store{Keys: absent}),
		"Changes of WithStore was given a nil *memory.":         apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository(), Changes: absent}),
		"Foreign of WithStore was given a nil *memory.":         apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository(), Foreign: absent}),
		"Webhooks of WithStore was given a nil *memory.":        apikeys.WithStore(apikeys.Store{Keys: memory.NewKeyRepository(), Webhooks: (*memory.WebhookStore)(nil)}),
		"WithReadinessCheck was given a nil func(":              apikeys.WithReadinessCheck(nil),
		"WithWorkspaceRoles was given nil":                      apikeys.WithWorkspaceRoles(nil),
		"WithAuthenticator was given nil":                       apikeys.WithAuthenticator(nil),
		"WithRequestAuthenticator was given nil":                apikeys.WithRequestAuthenticator(nil),
		"WithClock was given a nil func() time.Time":            apikeys.WithClock(nil),
		"WithLogger was given a nil *slog.Logger":               apikeys.WithLogger(nil),
		"WithListening was given a nil func(apikeys.Listeners)": apikeys.WithListening(nil),
		"WithTracerProvider was given nil":                      apikeys.WithTracerProvider(nil),
		"WithReferencePages was given nil":                      apikeys.WithReferencePages(nil, nil),
		"WithMetrics was given nil":                             apikeys.WithMetrics(nil),
		"WithMetrics was given a nil *telemetry.Metrics":        apikeys.WithMetrics((*telemetry.Metrics)(nil)),
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			service, err := apikeys.New(t.Context(), serving.Config(), apikeys.WithAuthenticator(serving.Owner{}), option)
			if err == nil {
				t.Error(service.Close())
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("New() = %v, want an error with %q", err, want)
			}
		})
	}
}
