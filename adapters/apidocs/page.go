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
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets
var assets embed.FS

// The URLs of the listeners in the document. The page shows the operations of one.
const (
	PublicServer   = "http://localhost:8080"
	InternalServer = "http://127.0.0.1:8081"
)

// policy is the Content-Security-Policy of the page. Swagger UI has its icons in
// data: URLs of its style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mediaTypes are the types of the assets by extension.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

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

// files are the assets by hashed name, and the page with those names.
type files struct {
	html   string
	assets map[string]*asset
}

var load = sync.OnceValue(func() files {
	f := files{assets: map[string]*asset{}}
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
		a := &asset{compressed: content, mediaType: mediaTypes[path.Ext(name)]}
		hashed := hashedName(name, content)
		f.assets[hashed] = a
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

// hashedName returns the name with a part of the digest of the content, so that the
// asset of that name never changes.
func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
}

// asset is a file that never changes.
type asset struct {
	compressed []byte // with gzip
	mediaType  string
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(a.compressed)))
		_, _ = w.Write(a.compressed)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	content, err := gzip.NewReader(bytes.NewReader(a.compressed))
	if err != nil {
		panic(err) // it is embedded
	}
	_, _ = io.Copy(w, content) //nolint:gosec // it is embedded, and of a known size
}

// acceptsGzip reports whether Accept-Encoding (RFC 9110 section 12.5.3) allows
// gzip. A coding that is not listed is allowed by "*".
func acceptsGzip(values []string) bool {
	var others bool
	for element := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(strings.TrimSpace(element), ";")
		name, weight, _ := strings.Cut(strings.TrimSpace(parameters), "=")
		allowed := true
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			allowed = err == nil && q > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return allowed
		case "*":
			others = allowed
		}
	}
	return others
}
