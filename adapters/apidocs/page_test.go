package apidocs

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "take the assets from the package of npm")

// packages is where tools/node.sh puts the packages of npm, whose digests it checks.
const packages = "../../.cache/typescript/node_modules/swagger-ui-dist/"

// taken lists the assets that consist of files of swagger-ui-dist, one after the other.
var taken = map[string][]string{
	"assets/swagger-ui-bundle.js.gz": {"swagger-ui-bundle.js"},
	"assets/swagger-ui.css.gz":       {"swagger-ui.css"},
	"assets/licenses.txt.gz":         {"NOTICE", "LICENSE", "swagger-ui-bundle.js.LICENSE.txt"},
}

func TestAssets_AreThoseOfThePackage(t *testing.T) {
	t.Parallel()
	for name, sources := range taken {
		var want []byte
		for _, source := range sources {
			content, err := os.ReadFile(packages + source)
			if err != nil {
				t.Fatalf("swagger-ui-dist is not on this machine; to fetch it, run: make node (%v)", err)
			}
			want = append(want, content...)
		}
		if *update {
			if err := os.WriteFile(name, compress(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		compressed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(decompress(t, compressed), want) {
			t.Errorf("%s is not that of swagger-ui-dist; run go test ./adapters/apidocs -update", name)
		}
	}
}

func decompress(t *testing.T, compressed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func get(t *testing.T, p *Page, name, accepted string) *httptest.ResponseRecorder {
	t.Helper()
	file, ok := p.File(name)
	if !ok {
		t.Fatalf("there is no file %q", name)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs", nil)
	r.Header.Set("Accept-Encoding", accepted)
	w := httptest.NewRecorder()
	file.ServeHTTP(w, r)
	return w
}

// inPage are the names of the assets in the page.
var inPage = regexp.MustCompile(`"docs/([^"]+)"`)

func assetsOf(t *testing.T, p *Page) (names []string) {
	t.Helper()
	for _, match := range inPage.FindAllStringSubmatch(get(t, p, "", "").Body.String(), -1) {
		names = append(names, match[1])
	}
	if len(names) != 5 {
		t.Fatalf("the page has the assets %q, want 5", names)
	}
	return names
}

func TestPage_HasAllItsAssetsUnderHashedNames(t *testing.T) {
	t.Parallel()
	hashed := regexp.MustCompile(`^[a-z-]+\.[0-9a-f]{16}\.(js|css|txt)$`)
	p := New(PublicServer)
	for _, name := range assetsOf(t, p) {
		w := get(t, p, name, "gzip")
		if !hashed.MatchString(name) || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s has Cache-Control %q", name, w.Header().Get("Cache-Control"))
		}
		if w.Header().Get("Content-Encoding") != "gzip" || !bytes.Equal(decompress(t, w.Body.Bytes()), get(t, p, name, "").Body.Bytes()) {
			t.Errorf("%s differs when it is compressed", name)
		}
		if got := w.Header().Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s has Vary %q", name, got)
		}
	}
	for _, name := range []string{"page.html", "swagger-ui.css", "../page.go", "assets", ".", "reference.js"} {
		if _, ok := p.File(name); ok {
			t.Errorf("there is a file %q", name)
		}
	}
}

func TestPage_AllowsNothingOfAnotherOriginNorInline(t *testing.T) {
	t.Parallel()
	w := get(t, New(PublicServer), "", "")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("the policy %q allows too much", policy)
	}
	if html := w.Body.String(); strings.Contains(html, "<script>") || strings.Contains(html, "style=") || strings.Contains(html, "{") {
		t.Errorf("the page has inline code or an unreplaced name:\n%s", html)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control = %q", got)
	}
}

func TestPage_KnowsItsListener(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../httpapi/openapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []string{PublicServer, InternalServer} {
		if !strings.Contains(get(t, New(server), "", "").Body.String(), `data-server="`+server+`"`) {
			t.Errorf("the page does not name %s", server)
		}
		if !strings.Contains(string(document), "url: "+server+"\n") {
			t.Errorf("the document has no server %s", server)
		}
	}
}
