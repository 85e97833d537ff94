// Package console is the page on which workspace owners manage their API keys and
// webhooks in a browser. Everything it needs is embedded: "make console" builds dist
// from the sources in app. Its Content-Security-Policy allows no other host, no inline
// code and no eval.
package console

import (
	"embed"
	"html"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/slaunchx/apikeys/adapters/internal/asset"
)

//go:embed dist
var dist embed.FS

// demoName is the path at which a page for development serves its token.
const demoName = "demo-token.txt"

// Page is the console. It is safe for concurrent use.
type Page struct {
	policy  string
	origins string // for an attribute of the page
	shared  bool   // with the pages of other origins
	demo    string // the token that the page offers; empty if none
}

// New returns the page. Pages of the given origins (scheme://host, as browsers send
// them) may frame it and send it the token of its user by postMessage.
func New(origins []string) *Page {
	ancestors := "'none'"
	if len(origins) > 0 {
		ancestors = strings.Join(origins, " ")
	}
	return &Page{
		policy: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; " +
			"frame-ancestors " + ancestors,
		origins: html.EscapeString(strings.Join(origins, " ")),
		shared:  len(origins) > 0,
	}
}

// NewDemo returns a page for development, on which a button signs the user in with
// token. Anyone who can open the page gets the token, so the listener must be on a
// loopback address. [Page.File] describes how other sites are kept from it.
func NewDemo(origins []string, token string) *Page {
	p := New(origins)
	p.demo = token
	return p
}

// File returns the handler for a path below /console, which is empty or begins with a
// slash, and false if there is nothing at that path. A path without a dot is a view of
// the page.
//
// The token of [NewDemo] is served only to the page itself: not to a page of another
// site, not under a host name other than a loopback one (DNS rebinding), and not
// through a proxy.
func (p *Page) File(name string) (http.Handler, bool) {
	if !strings.Contains(name, ".") {
		return p.view(name), true
	}
	base, isBelow := strings.CutPrefix(name, "/")
	if base == demoName && p.demo != "" {
		return http.HandlerFunc(p.serveDemo), true
	}
	file, ok := load().assets[base]
	return file, ok && isBelow
}

// view returns the handler of the page. Its URLs are relative, so that it works
// behind http.StripPrefix.
func (p *Page) view(name string) http.Handler {
	home := "console/"
	if depth := strings.Count(name, "/"); depth == 1 {
		home = "./"
	} else if depth > 1 {
		home = strings.Repeat("../", depth-1)
	}
	page := strings.NewReplacer("{home}", home, "{origins}", p.origins, "{demo}", strconv.FormatBool(p.demo != "")).Replace(load().html)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(page)))
		h.Set("Content-Security-Policy", p.policy)
		h.Set("Cache-Control", "no-cache")
		if !p.shared {
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(page))
	})
}

func (p *Page) serveDemo(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	if !fromOwnPage(r) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(p.demo)))
	_, _ = w.Write([]byte(p.demo))
}

// fromOwnPage reports whether a script of this origin sent the request, from this
// machine.
func fromOwnPage(r *http.Request) bool {
	for _, name := range [...]string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return r.Header.Get("Sec-Fetch-Site") == "same-origin" && loopback(host) &&
		err == nil && peer.Addr().Unmap().IsLoopback()
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") { // RFC 6761 section 6.3
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// built are the files of dist. Their names contain a part of their digests.
type built struct {
	html   string
	assets map[string]*asset.File
}

var load = sync.OnceValue(func() built {
	b := built{html: read("page.html"), assets: map[string]*asset.File{}}
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".gz"); ok {
			b.assets[name] = &asset.File{Name: name, Gzip: []byte(read(name + ".gz")), Brotli: []byte(read(name + ".br"))}
		}
	}
	return b
})

func read(name string) string {
	content, err := fs.ReadFile(dist, "dist/"+name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(content)
}
