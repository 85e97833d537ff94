package apikeys

import (
	"log/slog"
	"net/http"
	"time"
)

// The largest header section admits a token of 8 KiB beside the other headers.
// No request, not one whose client is slow to take the answer, outlasts the
// time for draining.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	drainTimeout      = 20 * time.Second
)

// bounds are what the connections of one listener are held to.
type bounds struct {
	readHeader, read, write, idle time.Duration
	connections                   int // 0: any number
}

func boundsWith(connections int) bounds {
	return bounds{
		readHeader:  readHeaderTimeout,
		read:        readTimeout,
		write:       writeTimeout,
		idle:        idleTimeout,
		connections: connections,
	}
}

func (b bounds) server(h http.Handler, logger *slog.Logger) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // and no HTTP/2, whose streams nothing here bounds
	return &http.Server{
		Handler:                      h,
		Protocols:                    &protocols,
		ReadHeaderTimeout:            b.readHeader,
		ReadTimeout:                  b.read,
		WriteTimeout:                 b.write,
		IdleTimeout:                  b.idle,
		MaxHeaderBytes:               maxHeaderBytes,
		DisableGeneralOptionsHandler: true, // the API answers OPTIONS * itself
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// closeUnlessFramed answers a request whose end a proxy may see elsewhere as
// the last of its connection, as RFC 9112 section 6.1 has it: one that came in
// chunks with a Content-Length beside, and one of HTTP/1.0 in chunks. net/http
// hides what was beside, so all that come in chunks, or by HTTP/1.0, are last.
func closeUnlessFramed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
