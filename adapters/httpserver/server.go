package httpserver

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds limit what one client may take of a server.
type Bounds struct {
	ReadHeader time.Duration // from the start of a request to the end of its header
	Read       time.Duration // from the start of a request to the end of its body
	Write      time.Duration // from the end of the header to the end of the response
	Idle       time.Duration // between two requests of a connection
	// Connections is how many connections may be open; 0 means no limit.
	// Further ones wait in the queue of the operating system.
	Connections int
}

// DefaultBounds returns the bounds of a server with that many connections. No
// request outlasts [DrainTimeout], not even one whose client reads its response
// slowly.
func DefaultBounds(connections int) Bounds {
	return Bounds{
		ReadHeader:  5 * time.Second,
		Read:        10 * time.Second,
		Write:       15 * time.Second,
		Idle:        60 * time.Second,
		Connections: connections,
	}
}

// maxHeaderBytes admits a token of 8 KiB beside the other headers.
const maxHeaderBytes = 16 << 10

// Server serves HTTP/1.1 on one listener.
type Server struct {
	http        http.Server
	connections int
}

// New returns a server of h within bounds.
func New(h http.Handler, bounds Bounds, logger *slog.Logger) *Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // no HTTP/2: nothing here bounds its streams
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

// Serve serves the connections of l until [Drain]. It always returns an error.
func (s *Server) Serve(l net.Listener) error {
	return s.http.Serve(limited(l, s.connections))
}

// CloseUnlessFramed returns next, with every request whose end a proxy may see
// elsewhere made the last of its connection, as RFC 9112 section 6.1 requires:
// one with both Transfer-Encoding and Content-Length, and one of HTTP/1.0 with
// Transfer-Encoding. net/http hides the Content-Length, so every chunked request
// and every one of HTTP/1.0 is the last.
func CloseUnlessFramed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
