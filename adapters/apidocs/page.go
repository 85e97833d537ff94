// Package apidocs is the reference page of the HTTP API: Swagger UI with the
// document that the listener serves. Everything it needs is embedded, and its
// Content-Security-Policy allows no other host, no inline code and no eval.
package apidocs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/slaunchx/apikeys/adapters/internal/asset"
)

//go:embed assets
var assets embed.FS

// The URLs of the listeners in the document. The page shows the operations of one.
const (
	PublicServer   = "http://localhost:8080"
	InternalServer = "http://127.0.0.1:8081"
)

// policy is the Content-Security-Policy of the page. Swagger UI's style sheet contains
// its icons as data: URLs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Page is the reference page of one listener. It is safe for concurrent use.
type Page struct {
	html []byte
}

// New returns the page for the listener with the given URL in the document,
// [PublicServer] or [InternalServer].
func New(server string) *Page {
	html := strings.ReplaceAll(load().html, "{server}", server)
	return &Page{html: []byte(html)}
}

// File returns the handler of the asset with the given name, or of the page itself
// if name is empty, and false if there is no such asset.
func (p *Page) File(name string) (http.Handler, bool) {
	if name == "" {
		return http.HandlerFunc(p.serve), true
	}
	a, ok := load().assets[name]
	return a, ok
}

func (p *Page) serve(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(p.html)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(p.html)
}

// files are the assets by hashed name, and the page that refers to them by these names.
type files struct {
	html   string
	assets map[string]*asset.File
}

var load = sync.OnceValue(func() files {
	f := files{assets: map[string]*asset.File{}}
	entries, err := fs.ReadDir(assets, "assets")
	if err != nil {
		panic(err) // they are embedded
	}
	var names []string // as the page writes them, and as they are
	for _, entry := range entries {
		content, err := fs.ReadFile(assets, "assets/"+entry.Name())
		if err != nil {
			panic(err)
		}
		name, compressed := strings.CutSuffix(entry.Name(), ".gz")
		if name == "page.html" {
			f.html = string(content)
			continue
		}
		if !compressed {
			content = compress(content)
		}
		hashed := hashedName(name, content)
		f.assets[hashed] = &asset.File{Name: hashed, Gzip: content}
		names = append(names, "{"+name+"}", hashed)
	}
	f.html = strings.NewReplacer(names...).Replace(f.html)
	return f
})

func compress(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// hashedName returns name with a part of the digest of content, so that the asset with
// that name never changes.
func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
}
