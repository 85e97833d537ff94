package acceptance

import (
	"net/http"
	"strings"
	"testing"
)

func TestHeaders_431_whenTheyAreTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	requests := map[string]func() request{
		"public":   func() request { return w.create(t, `{"name":"k","scopes":["a:b"]}`) },
		"internal": func() request { return w.verify(`{"key":"k"}`) },
	}
	for name, right := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			filled := func(kibibytes int) answer {
				r := right()
				set("X-Filler", strings.Repeat("x", kibibytes<<10))(&r)
				return do(t, r)
			}
			if a := filled(20); a.status != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("20 KiB of headers are answered %d %s, want 431", a.status, a.body)
			}
			if a := filled(14); a.status >= http.StatusBadRequest {
				t.Errorf("14 KiB of headers are answered %d %s", a.status, a.body)
			}
		})
	}
}
