package hostile

import (
	"io"
	"net"
	"strings"
	"testing"
)

const expecting = "Content-Length: 12\r\nExpect: 100-continue\r\n"

func TestContinue_IsSentToAuthorizedClients(t *testing.T) {
	t.Parallel()
	w := dial(t, start(t, nil).public)
	w.send(t, create(expecting, ""))
	if got, err := w.response(); got != "100" {
		t.Fatalf("got %s, %v, want 100", got, err)
	}
	w.send(t, `{"name":"k"}`+last)
	if got := strings.Join(w.responses(t), " "); got != "201 200 closed" {
		t.Errorf("got %s, want 201 200 closed", got)
	}
}

// If such a client sends data anyway, it is read as the announced body, never as a
// request.
func TestContinue_IsNotSentToOthers(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, tt := range map[string]struct{ head, want string }{
		"no token":                 {strings.Replace(create(expecting, ""), "Authorization", "X-Other", 1), "401"},
		"another workspace":        {strings.ReplaceAll(create(expecting, ""), "ws_1", "ws_2"), "403"},
		"a body that is too large": {create("Content-Length: 99999999\r\nExpect: 100-continue\r\n", ""), "413"},
		"an unknown expectation":   {create("Content-Length: 12\r\nExpect: "+marker+"\r\n", ""), "417"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, s.public)
			w.send(t, tt.head)
			if got, err := w.response(); got != tt.want {
				t.Fatalf("got %s, %v, want %s", got, err, tt.want)
			}
			_, _ = io.WriteString(w, last) // the service may have closed the connection
			_ = w.Conn.(*net.TCPConn).CloseWrite()
			if got := strings.Join(w.responses(t), " "); got != "closed" {
				t.Errorf("then got %s", got)
			}
		})
	}
}
