// Package client is the Go client of an API-key service that runs in another
// process. It links neither a store nor a server.
//
// A [Manager] creates, lists, changes and rotates the keys of workspaces through
// the service's public listener:
//
//	m, err := client.NewManager(client.ManagerOptions{
//		BaseURL:    "https://keys.example.com",
//		Token:      tokens, // func(context.Context) (string, error)
//		ClientHash: "billing-portal",
//	})
//	…
//	created, err := m.Workspace("ws_1").CreateKey(ctx, client.KeySpec{
//		Name: "Checkout", Scopes: []string{"payment:read"},
//	})
//	…
//	deliver(created.Secret.Reveal()) // a secret that is printed or logged is redacted
//
// A [Client] checks keys through the service's internal listener. It gives the same
// decisions as an embedded service, through the same method:
//
//	Authorize(ctx context.Context, check domain.Check) (domain.Decision, error)
//
// An error is not a decision: the caller must deny the request. The client never
// approves on its own, neither while the service is down nor on an inconsistent
// response, and reuses an approval only if [Options.CacheFor] allows it.
package client
