package hostile

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPipeline_IsAnsweredInOrder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	w := dial(t, s.public)
	const requests = 200
	var all strings.Builder
	for i := range requests {
		fmt.Fprintf(&all, "GET %s HTTP/1.1\r\n%sX-Request-Id: %d\r\n\r\n", keysPath, caller, i)
	}
	w.send(t, all.String()+last)
	for i := range requests {
		res, err := http.ReadResponse(w.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Header.Get("X-Request-Id"); res.StatusCode != http.StatusOK || got != fmt.Sprint(i) {
			t.Fatalf("response %d is %d to request %s", i, res.StatusCode, got)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(w.responses(t), " "); got != "200 closed" {
		t.Errorf("the last responses are %s", got)
	}
}
