package routers_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/examples/routers"
)

// Middleware for net/http is also middleware for chi.
func Example_chi() {
	service, secret := newService()
	defer service.Close()

	r := chi.NewRouter()
	r.With(service.RequireHTTP("payment:read")).Get("/payments/{id}", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := apikeys.IdentityFrom(r.Context())
		fmt.Fprintf(w, "payment %s of %s", chi.URLParam(r, "id"), caller.Workspace)
	})
	r.With(service.RequireHTTP("payment:write")).Post("/payments/{id}", http.NotFound)

	call(r, http.MethodGet, secret)
	call(r, http.MethodPost, secret)
	call(r, http.MethodGet, "")
	// Output:
	// 200 payment 42 of ws_1
	// 403 {"success":false,"code":"4032","message":"API key lacks a required scope"}
	// 401 {"success":false,"code":"4011","message":"Invalid API key"}
}

func Example_gin() {
	service, secret := newService()
	defer service.Close()

	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/payments/:id", routers.RequireGin(service, "payment:read"), func(c *gin.Context) {
		caller, _ := apikeys.IdentityFrom(c.Request.Context())
		c.String(http.StatusOK, "payment %s of %s", c.Param("id"), caller.Workspace)
	})
	r.POST("/payments/:id", routers.RequireGin(service, "payment:write"), func(c *gin.Context) {
		c.String(http.StatusOK, "must not be reached")
	})

	call(r, http.MethodGet, secret)
	call(r, http.MethodPost, secret)
	call(r, http.MethodGet, "")
	// Output:
	// 200 payment 42 of ws_1
	// 403 {"success":false,"code":"4032","message":"API key lacks a required scope"}
	// 401 {"success":false,"code":"4011","message":"Invalid API key"}
}

// The management API is a handler, which any router can mount.
func Example_mount() {
	service, _ := newService()
	defer service.Close()

	r := chi.NewRouter()
	r.Mount("/keys", http.StripPrefix("/keys", service.Handler()))

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/keys/web/v1/workspaces/ws_1/api-keys", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 401 {"success":false,"code":"4010","message":"Invalid or expired token"}
}

// newService returns a service on memory, and the secret of a key that may read
// payments.
func newService() (service *apikeys.Service, secret string) {
	pepper, err := apikeys.NewPepper("p1")
	if err != nil {
		log.Fatal(err)
	}
	cfg := config.Default()
	cfg.DatabaseURL = "memory://"
	cfg.Peppers = config.Secret(pepper)
	ctx := context.Background()
	service, err = apikeys.New(ctx, cfg, apikeys.WithAuthenticator(sessions{}))
	if err != nil {
		log.Fatal(err)
	}
	ws := service.OperatorWorkspace("example", "ws_1", domain.Origin{})
	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read"}})
	if err != nil {
		log.Fatal(err)
	}
	return service, created.Secret.Reveal()
}

type sessions struct{}

// Authenticate implements apikeys.Authenticator.
func (sessions) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{}, domain.ErrInvalidToken
}

func call(handler http.Handler, method, secret string) {
	r := httptest.NewRequest(method, "/payments/42", nil)
	if secret != "" {
		r.Header.Set("X-Api-Key", secret)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}
