package hostile

import (
	"io"
	"net"
	"strings"
	"testing"
)

const expecting = "Content-Length: 12\r\nExpect: 100-continue\r\n"

func TestContinue_IsSaidToWhoMaySend(t *testing.T) {
	t.Parallel()
	w := dial(t, start(t, nil).public)
	w.send(t, create(expecting, ""))
	if got, err := w.answer(); got != "100" {
		t.Fatalf("answered %s, %v, want 100", got, err)
	}
	w.send(t, `{"name":"k"}`+last)
	if got := strings.Join(w.answers(t), " "); got != "201 200 closed" {
		t.Errorf("answered %s, want 201 200 closed", got)
	}
}

// What such a client sends all the same is read as the body that it announced,
// never as a request.
func TestContinue_IsNotSaidToAnybodyElse(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for name, tt := range map[string]struct{ head, want string }{
		"no token":                      {strings.Replace(create(expecting, ""), "Authorization", "X-Other", 1), "401"},
		"another workspace":             {strings.ReplaceAll(create(expecting, ""), "ws_1", "ws_2"), "403"},
		"a body that is too large":      {create("Content-Length: 99999999\r\nExpect: 100-continue\r\n", ""), "413"},
		"an expectation nobody has met": {create("Content-Length: 12\r\nExpect: "+marker+"\r\n", ""), "417"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, s.public)
			w.send(t, tt.head)
			if got, err := w.answer(); got != tt.want {
				t.Fatalf("answered %s, %v, want %s", got, err, tt.want)
			}
			_, _ = io.WriteString(w, last) // who answers may be gone
			_ = w.Conn.(*net.TCPConn).CloseWrite()
			if got := strings.Join(w.answers(t), " "); got != "closed" {
				t.Errorf("then answered %s", got)
			}
		})
	}
}
