package acceptance

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func TestConsole_200_OnThePublicListenerOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.ConsoleOrigins = []string{portalOrigin} })
	for _, path := range []string{"/console", "/console/", "/console/ws_1", "/console/ws_1/keys/sk_live_4fKpLr9Xw2Qb7ZtN"} {
		res, body := page(t, http.MethodGet, w.public+path)
		if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-cache" || res.Header.Get("X-Request-Id") == "" {
			t.Errorf("GET %s: %d %v", path, res.StatusCode, res.Header)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors "+portalOrigin) {
			t.Errorf("Content-Security-Policy = %q", policy)
		}
		head, none := page(t, http.MethodHead, w.public+path)
		if head.StatusCode != http.StatusOK || none != "" || head.ContentLength != int64(len(body)) {
			t.Errorf("HEAD %s: %d, length %d of %d, %q", path, head.StatusCode, head.ContentLength, len(body), none)
		}
		if res, _ := page(t, http.MethodGet, w.internal+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("the internal listener serves %s: %d", path, res.StatusCode)
		}
	}
	_, body := page(t, http.MethodGet, w.public+"/console")
	assets := regexp.MustCompile(`"(console/[^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(assets) != 3 {
		t.Errorf("the page has the assets %q", assets)
	}
	for _, asset := range assets {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			res, body := page(t, method, w.public+"/"+asset[1])
			if res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || (body == "") != (method == http.MethodHead) {
				t.Errorf("%s /%s: %d %v", method, asset[1], res.StatusCode, res.Header)
			}
		}
	}
}

func TestConsole_404_ForOtherFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{
		"/console/page.html", "/console/main.js", "/console/..%2Fpage.go", "/console/ws%2e1", "/console//", "/console//ws_1",
		"/consoles", "/console/demo-token.txt",
	} {
		res, body := page(t, http.MethodGet, w.public+path)
		if res.StatusCode != http.StatusNotFound || !strings.Contains(body, `"code":"4041"`) {
			t.Errorf("GET %s: %d %s", path, res.StatusCode, body)
		}
	}
}

func TestConsole_404_IfItIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { cfg.Console = config.ConsoleOff })
	for _, path := range []string{"/console", "/console/ws_1"} {
		if res, _ := page(t, http.MethodGet, w.public+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, res.StatusCode)
		}
	}
}

func TestConsole_405_ForOtherMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{"/console", "/console/ws_1"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			res, _ := page(t, method, w.public+path)
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, res.StatusCode, res.Header.Get("Allow"))
			}
		}
	}
}
