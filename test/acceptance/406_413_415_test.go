package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestCreateKey_406(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, accept := range []string{"text/html", "application/json;q=0", "application/xml, */*;q=0", "nonsense"} {
		// The content type is wrong too: what the client accepts is judged first.
		a := do(t, w.create(t, `{"name":"k"}`, set("Accept", accept), set("Content-Type", "text/plain")))
		mustBe(t, a, 406, "4060", "Response type not available")
	}
}

func TestCreateKey_415(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, change := range map[string]func(*request){
		"none":            without("Content-Type"),
		"a form":          set("Content-Type", "application/x-www-form-urlencoded"),
		"another charset": set("Content-Type", "application/json; charset=utf-16"),
		"two":             set("Content-Type", "application/json", "application/json"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A header is missing too: the content type is judged first.
			a := do(t, w.create(t, `{"name":"k"}`, change, without("X-Client-Hash")))
			mustBe(t, a, 415, "4150", "Content-Type must be application/json")
		})
	}
}

func TestCreateKey_413_declared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	// The token is missing too: the declared size is judged first.
	a := do(t, w.create(t, strings.Repeat(" ", 64<<10+1), without("Authorization")))
	mustBe(t, a, 413, "4130", "Request body is too large")
}

func TestCreateKey_413_outgrown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.create(t, "")
	// A reader of unknown size is sent in chunks.
	body := io.MultiReader(bytes.NewReader(make([]byte, 64<<10)), strings.NewReader("x"))
	req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, answer{status: res.StatusCode, header: res.Header, body: string(text)}, 413, "4130", "Request body is too large")
}

func TestCreateKey_201_takesABodyOf64KiB(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	body := `{"name":"k"}`
	if a := do(t, w.create(t, body+strings.Repeat(" ", 64<<10-len(body)))); a.status != http.StatusCreated {
		t.Errorf("answer = %d %s", a.status, a.body)
	}
}
