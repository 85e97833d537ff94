package apikeys_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys"
)

func ExampleService_Require() {
	ctx := context.Background()
	service, err := newService(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()
	key, err := newKey(ctx, service, "payment:read")
	if err != nil {
		fmt.Println(err)
		return
	}

	e := echo.New()
	payments := func(c echo.Context) error {
		caller, _ := apikeys.IdentityFrom(c.Request().Context())
		return c.String(http.StatusOK, "payments of "+string(caller.Workspace))
	}
	e.GET("/payments", payments, service.Require("payment:read"))
	e.POST("/payments", payments, service.Require("payment:write"))

	ask(e, http.MethodGet, key)
	ask(e, http.MethodPost, key)
	ask(e, http.MethodGet, "")
	// Output:
	// 200 payments of ws_1
	// 403 {"success":false,"code":"4032","message":"API key lacks a required scope"}
	// 401 {"success":false,"code":"4011","message":"Invalid API key"}
}

func ExampleService_RequireHTTP() {
	ctx := context.Background()
	service, err := newService(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()
	key, err := newKey(ctx, service, "payment:read")
	if err != nil {
		fmt.Println(err)
		return
	}

	payments := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := apikeys.IdentityFrom(r.Context())
		fmt.Fprint(w, "payments of ", caller.Workspace)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /payments", service.RequireHTTP("payment:read")(payments))
	mux.Handle("POST /payments", service.RequireHTTP("payment:write")(payments))

	ask(mux, http.MethodGet, key)
	ask(mux, http.MethodPost, key)
	ask(mux, http.MethodGet, "")
	// Output:
	// 200 payments of ws_1
	// 403 {"success":false,"code":"4032","message":"API key lacks a required scope"}
	// 401 {"success":false,"code":"4011","message":"Invalid API key"}
}

// ask prints the response to a request for /payments.
func ask(h http.Handler, method, key string) {
	r := httptest.NewRequest(method, "/payments", http.NoBody)
	if key != "" {
		r.Header.Set("X-Api-Key", key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}
