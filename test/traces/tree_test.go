package traces_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// trees are the spans below those of a create and a get, without the spans that only
// the first statement of a connection needs.
var trees = map[string]struct{ create, get []string }{
	"sqlite":   {create: []string{"write", ".INSERT", ".INSERT", ".INSERT", ".INSERT", ".INSERT"}, get: []string{"SELECT"}},
	"postgres": {create: []string{"WITH"}, get: []string{"SELECT"}},
}

func withoutFirsts(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"CONNECT", "PREPARE"}, strings.TrimLeft(name, "."))
	})
}

func TestTraces_LeadFromRequestToStatements(t *testing.T) {
	t.Parallel()
	for store, want := range trees {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := newTraced(t, stores[store](t))
			id, _ := s.create(t, `{"name":"k"}`, header{"X-Request-Id": s.id("create-" + store)})
			s.manage(t, http.MethodGet, "/"+id, "", header{"X-Request-Id": s.id("get-" + store)})
			s.sent(t)

			create, get := received.request(t, s.id("create-"+store)), received.request(t, s.id("get-"+store))
			if diff := cmp.Diff(want.create, withoutFirsts(received.below(create))); diff != "" {
				t.Errorf("below the create (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.get, withoutFirsts(received.below(get))); diff != "" {
				t.Errorf("below the get (-want +got):\n%s", diff)
			}
			if create.Name != "POST /web/v1/workspaces/:workspaceId/api-keys" || create.trace() == get.trace() {
				t.Errorf("%q is in the trace of %q", create.Name, get.Name)
			}
			for name, value := range map[string]string{
				"service.name":         "apikeys",
				"http.request.method":  "GET",
				"http.route":           "/web/v1/workspaces/:workspaceId/api-keys/:keyId",
				"apikeys.code":         "2000",
				"apikeys.workspace_id": workspace,
				"apikeys.account_id":   "acc-7",
				"apikeys.api_key_id":   id,
			} {
				if get.attributes[name] != value {
					t.Errorf("%s of the get is %q, want %q", name, get.attributes[name], value)
				}
			}
		})
	}
}

func TestTraces_ContainNoRequestOrStoredData(t *testing.T) {
	t.Parallel()
	for store := range trees {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := newTraced(t, stores[store](t))
			traceparent := header{"Tracestate": "vendor=hunter2", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Baggage": "user=hunter2"}
			id, secret := s.create(t, `{"name":"hunter2","scopes":["hunter2:read"],"ipWhitelist":["203.0.113.77"]}`, traceparent)
			s.manage(t, http.MethodPost, "", `{"name":"hunter2","unknown":"hunter2"}`, traceparent)
			s.manage(t, http.MethodPatch, "/"+id, `{"name":"hunter2 again"}`, traceparent)
			s.manage(t, http.MethodGet, "?q=hunter2", "", traceparent)
			s.manage(t, http.MethodGet, "/"+id+"/events", "", nil)
			s.manage(t, http.MethodGet, "/"+secret, "", nil)
			s.verify(t, secret, traceparent)
			_, rotated := newSecret(t, s.manage(t, http.MethodPost, "/"+id+"/rotate", "", header{"Idempotency-Key": "hunter2", "Content-Type": ""}))
			s.sent(t)

			if !received.contains(id) {
				t.Fatal("the traces lack the key")
			}
			for _, text := range []string{"hunter2", "203.0.113.77", secret, rotated} {
				for _, encoding := range []string{text, hex.EncodeToString([]byte(text)), base64.StdEncoding.EncodeToString([]byte(text))} {
					if received.contains(encoding) {
						t.Errorf("the traces contain %q", encoding)
					}
				}
			}
		})
	}
}
