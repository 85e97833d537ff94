// Package asset serves embedded files that never change under their names.
package asset

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// mediaTypes are the types of files by extension.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// File is a file that never changes, in the content codings in which it is sent. It
// is safe for concurrent use.
type File struct {
	Name   string // its extension determines the media type
	Gzip   []byte
	Brotli []byte // nil if not available
}

// ServeHTTP serves the file in the smallest coding that the request accepts. Caches
// may keep it for a year.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", mediaTypes[path.Ext(f.Name)])
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	accepted := r.Header.Values("Accept-Encoding")
	switch {
	case f.Brotli != nil && accepts(accepted, "br"):
		send(w, "br", f.Brotli)
	case accepts(accepted, "gzip", "x-gzip"):
		send(w, "gzip", f.Gzip)
	case r.Method != http.MethodHead:
		content, err := gzip.NewReader(bytes.NewReader(f.Gzip))
		if err != nil {
			panic(err) // it is embedded
		}
		_, _ = io.Copy(w, content) //nolint:gosec // it is embedded, and of a known size
	}
}

func send(w http.ResponseWriter, coding string, content []byte) {
	w.Header().Set("Content-Encoding", coding)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content)
}

// accepts reports whether Accept-Encoding (RFC 9110 section 12.5.3) allows a coding,
// which may have several names. A coding that is not listed is allowed by "*".
func accepts(values []string, names ...string) bool {
	var others bool
	for element := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(strings.TrimSpace(element), ";")
		name, weight, _ := strings.Cut(strings.TrimSpace(parameters), "=")
		allowed := true
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			allowed = err == nil && q > 0
		}
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "*" {
			others = allowed
		}
		for _, name := range names {
			if coding == name {
				return allowed
			}
		}
	}
	return others
}
