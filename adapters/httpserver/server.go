package httpserver

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds limit the resources that one client may use.
type Bounds struct {
	ReadHeader time.Duration // from the start of a request to the end of its header
	Read       time.Duration // from the start of a request to the end of its body
	Write      time.Duration // from the end of the header to the end of the response
	Idle       time.Duration // between two requests of a connection
	// Connections is the number of connections that may be open; 0 means no
	// limit. Further connections wait in the operating system's queue.
	Connections int
}

// DefaultBounds returns the default timeouts with the given limit of connections.
// With them no request takes longer than [DrainTimeout], even if its client reads
// the response slowly.
func DefaultBounds(connections int) Bounds {
	return Bounds{
		ReadHeader:  5 * time.Second,
		Read:        10 * time.Second,
		Write:       15 * time.Second,
		Idle:        60 * time.Second,
		Connections: connections,
	}
}

// maxHeaderBytes leaves room for a token of 8 KiB and the other headers.
const maxHeaderBytes = 16 << 10

// Server serves HTTP/1.1 on one listener.
type Server struct {
	http        http.Server
	connections int
}

// New returns a server that serves h within bounds.
func New(h http.Handler, bounds Bounds, logger *slog.Logger) *Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // no HTTP/2, because the number of its streams is not limited
	return &Server{
		connections: bounds.Connections,
		http: http.Server{
			Handler:                      h,
			Protocols:                    &protocols,
			ReadHeaderTimeout:            bounds.ReadHeader,
			ReadTimeout:                  bounds.Read,
			WriteTimeout:                 bounds.Write,
			IdleTimeout:                  bounds.Idle,
			MaxHeaderBytes:               maxHeaderBytes,
			DisableGeneralOptionsHandler: true, // h answers OPTIONS * itself
			ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		},
	}
}

// Serve serves the connections of l until [Drain]. It always returns a non-nil
// error.
func (s *Server) Serve(l net.Listener) error {
	return s.http.Serve(Limited(l, s.connections))
}

// CloseUnlessFramed returns a handler that calls next and closes the connection
// after a request whose end a proxy may determine differently. RFC 9112 section
// 6.1 requires that for a request with both Transfer-Encoding and Content-Length,
// and for an HTTP/1.0 request with Transfer-Encoding. Because net/http hides the
// Content-Length, the connection is closed after every chunked request and every
// HTTP/1.0 request.
func CloseUnlessFramed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
