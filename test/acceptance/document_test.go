package acceptance

import (
	"net/http"
	"os"
	"testing"
)

// documents are the formats of the contract, by path.
var documents = map[string]struct{ file, mediaType string }{
	"/openapi.json": {"../../adapters/httpapi/openapi/openapi.json", "application/json; charset=utf-8"},
	"/openapi.yaml": {"../../adapters/httpapi/openapi/openapi.yaml", "application/yaml"},
}

func TestDocument_200_onBothListenersForAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for path, document := range documents {
		want, err := os.ReadFile(document.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, listener := range []string{w.public, w.internal} {
			a := do(t, request{method: http.MethodGet, url: listener + path, header: http.Header{}})
			if a.status != http.StatusOK || a.body != string(want) {
				t.Errorf("%s: %d with %d bytes, want the file's %d", path, a.status, len(a.body), len(want))
			}
			for name, want := range map[string]string{"Content-Type": document.mediaType, "Cache-Control": "no-store"} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %s = %q, want %q", path, name, got, want)
				}
			}
		}
	}
}

func TestDocument_405(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for path := range documents {
		a := do(t, request{method: http.MethodPost, url: w.public + path, header: http.Header{}})
		mustBe(t, a, 405, "4050", "Method not allowed")
		if got := a.header.Get("Allow"); got != "GET" {
			t.Errorf("%s: Allow = %q, want GET", path, got)
		}
	}
}
