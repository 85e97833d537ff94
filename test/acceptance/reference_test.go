package acceptance

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// page sends a request for a page, which is not part of the document.
func page(t *testing.T, method, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestReference_200_OnBothListenersWithoutAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, listener := range []string{w.public, w.internal} {
		res, body := page(t, http.MethodGet, listener+"/docs")
		if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-cache" || res.Header.Get("X-Request-Id") == "" {
			t.Errorf("GET /docs: %d %v", res.StatusCode, res.Header)
		}
		if !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("Content-Security-Policy = %q", res.Header.Get("Content-Security-Policy"))
		}
		head, none := page(t, http.MethodHead, listener+"/docs")
		if head.StatusCode != http.StatusOK || none != "" || head.ContentLength != int64(len(body)) {
			t.Errorf("HEAD /docs: %d, length %d of %d, %q", head.StatusCode, head.ContentLength, len(body), none)
		}
		assets := regexp.MustCompile(`"(docs/[^"]+)"`).FindAllStringSubmatch(body, -1)
		if len(assets) == 0 {
			t.Errorf("the page has no assets:\n%s", body)
		}
		for _, asset := range assets {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				res, body := page(t, method, listener+"/"+asset[1])
				if res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || (body == "") != (method == http.MethodHead) {
					t.Errorf("%s /%s: %d %v", method, asset[1], res.StatusCode, res.Header)
				}
			}
		}
	}
}

func TestReference_404_ForOtherFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, listener := range []string{w.public, w.internal} {
		for _, path := range []string{"/docs/", "/docs/page.html", "/docs/reference.js", "/docs/..%2Fpage.go", "/docs/a/b"} {
			a := do(t, request{method: http.MethodGet, url: listener + path, header: http.Header{}})
			mustBe(t, a, 404, "4041", "No such endpoint")
		}
	}
}

func TestReference_405_ForOtherMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, listener := range []string{w.public, w.internal} {
		for _, path := range []string{"/docs", "/docs/x"} {
			for _, method := range []string{http.MethodPost, http.MethodOptions} {
				res, body := page(t, method, listener+path)
				if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" || !strings.Contains(body, "4050") {
					t.Errorf("%s %s: %d, Allow %q, %s", method, path, res.StatusCode, res.Header.Get("Allow"), body)
				}
			}
		}
	}
}
