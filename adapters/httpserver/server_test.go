package httpserver

import (
	"log/slog"
	"net/http"
	"testing"
)

func TestServer_LimitsEveryConnection(t *testing.T) {
	t.Parallel()
	server := &New(http.NotFoundHandler(), DefaultBounds(0), slog.New(slog.DiscardHandler)).http
	const tokenBytes = 8 << 10 // the longest token, which must fit with the other headers
	switch {
	case server.ReadHeaderTimeout <= 0, server.ReadTimeout <= 0, server.WriteTimeout <= 0, server.IdleTimeout <= 0:
		t.Error("a client may take unlimited time")
	case server.ReadHeaderTimeout >= server.ReadTimeout:
		t.Error("slow headers leave no time for a body")
	case server.ReadTimeout >= server.WriteTimeout:
		t.Error("a slow body leaves no time for a response")
	// net/http counts the write timeout from the end of the headers.
	case server.ReadHeaderTimeout+server.WriteTimeout > DrainTimeout:
		t.Error("a request can take longer than DrainTimeout")
	case server.MaxHeaderBytes < 2*tokenBytes, server.MaxHeaderBytes > http.DefaultMaxHeaderBytes/16:
		t.Errorf("headers of %d bytes are accepted", server.MaxHeaderBytes)
	}
}
