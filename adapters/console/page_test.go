package console

import (
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func get(t *testing.T, p *Page, name string, change func(r *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	file, ok := p.File(name)
	if !ok {
		t.Fatalf("there is no file %q", name)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/console"+name, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	file.ServeHTTP(w, r)
	return w
}

// inPage are the URLs in the page.
var inPage = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestPage_FindsItsAssetsFromEveryView(t *testing.T) {
	t.Parallel()
	p := New(nil)
	for _, view := range []string{"", "/", "/ws_1", "/ws_1/", "/ws_1/new", "/ws_1/keys/sk_live_4fKpLr9Xw2Qb7ZtN/edit"} {
		urls := inPage.FindAllStringSubmatch(get(t, p, view, nil).Body.String(), -1)
		if len(urls) != 3 {
			t.Fatalf("the page at %q has the URLs %q", view, urls)
		}
		for _, url := range urls {
			at := path.Dir("/console" + view)
			if strings.HasSuffix(view, "/") {
				at = "/console" + strings.TrimSuffix(view, "/")
			}
			name, below := strings.CutPrefix(path.Join(at, url[1]), "/console/")
			if !below {
				t.Errorf("at %q, the page refers to %s, outside of /console", view, url[1])
				continue
			}
			w := get(t, p, "/"+name, nil)
			if w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s has the headers %v", name, w.Header())
			}
		}
	}
}

func TestPage_HasNoOtherFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/page.html", "/main.js", "/../page.go", "/.", "/ws_1/icon.svg", "/ws.1", "/" + demoName, "main.css", demoName} {
		if _, ok := New(nil).File(name); ok {
			t.Errorf("there is a file %q", name)
		}
	}
	for name := range load().assets {
		if _, ok := New(nil).File("/ws_1/" + name); ok {
			t.Errorf("%s is also elsewhere", name)
		}
	}
}

func TestPage_AllowsNothingOfAnotherOriginNorInline(t *testing.T) {
	t.Parallel()
	w := get(t, New(nil), "", nil)
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("the policy %q allows too much", policy)
	}
	if page := w.Body.String(); strings.Contains(page, "<script>") || strings.Contains(page, "<style") || strings.Contains(page, "style=") || strings.Contains(page, "{") {
		t.Errorf("the page has inline code or an unreplaced name:\n%s", page)
	}
	for name, want := range map[string]string{"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestPage_MayBeFramedByExactlyTheGivenOrigins(t *testing.T) {
	t.Parallel()
	w := get(t, New([]string{"https://portal.example", "http://localhost:3000"}), "/ws_1", nil)
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; frame-ancestors https://portal.example http://localhost:3000") {
		t.Errorf("the policy is %q", policy)
	}
	if page := w.Body.String(); !strings.Contains(page, `data-origins="https://portal.example http://localhost:3000"`) || !strings.Contains(page, `data-demo="false"`) {
		t.Errorf("the page does not know them:\n%s", page)
	}
	if got := w.Header().Get("Cross-Origin-Opener-Policy"); got != "" {
		t.Errorf("Cross-Origin-Opener-Policy = %q, with which a portal that opens the page could not reach it", got)
	}
}

func TestNewDemo_GivesItsTokenOnlyToItsOwnPageOnThisMachine(t *testing.T) {
	t.Parallel()
	const token = "demo.token.of-the-test"
	p := NewDemo(nil, token)
	if !strings.Contains(get(t, p, "", nil).Body.String(), `data-demo="true"`) {
		t.Error("the page does not offer it")
	}
	for name, tc := range map[string]struct {
		change func(r *http.Request)
		given  bool
	}{
		"its own page":                 {func(*http.Request) {}, true},
		"by name":                      {func(r *http.Request) { r.Host = "localhost:8080" }, true},
		"over IPv6":                    {func(r *http.Request) { r.Host, r.RemoteAddr = "[::1]:8080", "[::1]:40000" }, true},
		"without a port":               {func(r *http.Request) { r.Host = "[::1]" }, true},
		"a page of another site":       {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, false},
		"another port of this host":    {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, false},
		"the address bar":              {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") }, false},
		"no browser":                   {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, false},
		"a name that was rebound":      {func(r *http.Request) { r.Host = "evil.example:8080" }, false},
		"a name like that of the host": {func(r *http.Request) { r.Host = "localhost.evil.example" }, false},
		"another machine":              {func(r *http.Request) { r.RemoteAddr = "192.0.2.7:40000" }, false},
		"through a proxy":              {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7") }, false},
		"through another proxy":        {func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := get(t, p, "/"+demoName, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				tc.change(r)
			})
			if got := w.Body.String() == token; got != tc.given || !got && (w.Code != http.StatusForbidden || w.Body.Len() > 0) {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q", got)
			}
		})
	}
}

func TestAssets_AreCompressedBothWays(t *testing.T) {
	t.Parallel()
	var first int
	for name, file := range load().assets {
		for _, coding := range []string{"br", "gzip"} {
			w := get(t, New(nil), "/"+name, func(r *http.Request) { r.Header.Set("Accept-Encoding", coding) })
			if w.Header().Get("Content-Encoding") != coding || w.Header().Get("Content-Type") == "" || w.Body.Len() == 0 {
				t.Errorf("%s with %s: %v, %d bytes", name, coding, w.Header(), w.Body.Len())
			}
		}
		if !regexp.MustCompile(`^[a-zA-Z-]+\.[0-9A-Za-z]{8}\.(js|css|svg|txt)$`).MatchString(name) {
			t.Errorf("%s is not a hashed name", name)
		}
		if strings.HasPrefix(name, "main.") || strings.HasPrefix(name, "ja.") {
			first += len(file.Gzip)
		}
	}
	if first > 60_000 {
		t.Errorf("the first load is %d bytes with gzip, want at most 60,000", first)
	}
}
