// Package apikeys issues, manages and checks API keys that belong to
// workspaces.
//
// A [Service] does all of this. The following service stores its keys in a SQLite file
// and accepts the bearer tokens that the program's own authenticator knows:
//
//	pepper, err := apikeys.NewPepper("p1") // once: keys are lost without it
//
//	cfg := config.Default()
//	cfg.DatabaseURL = "sqlite:///var/lib/shop/keys.db"
//	cfg.Peppers = config.Secret(pepper)
//	service, err := apikeys.New(ctx, cfg, apikeys.WithAuthenticator(sessions))
//	defer service.Close()
//
// Managing keys requires a [Workspace], which proves that the actor owns it.
// The secret of a key is returned once, when it is created or rotated:
//
//	ws, err := service.Workspace(ctx, actor, "ws_1", domain.Origin{})
//	created, err := ws.CreateKey(ctx, apikeys.KeySpec{Name: "Production Key", Scopes: []string{"payment:read"}})
//	fmt.Println(created.Secret.Reveal())
//
// Check a presented key with [Service.Authorize], or protect routes with
// [Service.Require] (echo), [Service.RequireHTTP] (net/http) or package
// adapters/grpcauth, and get the caller from [IdentityFrom]:
//
//	mux.Handle("GET /payments", service.RequireHTTP("payment:read")(payments))
//
// [Service.Run] serves the HTTP contract. To serve it from your own server, mount
// [Service.Handler] and [Service.InternalHandler].
//
// Keys that were checked before are cached in memory. A change takes effect in
// the process that made it before the call returns, and in every other process
// within 1 s while the database is reachable. While it is not, the cache is
// used for at most the configured OutageGrace.
//
// By default a service measures and traces nothing. [WithMetrics] accepts the metrics
// of package adapters/telemetry, for Prometheus, and [WithTracerProvider] accepts any
// provider of OpenTelemetry. Importing this package registers nothing on
// [net/http.DefaultServeMux].
//
// A service that only checks keys does not need the store or the peppers: it can
// call the internal listener with package client, which has the same Authorize
// method.
package apikeys
