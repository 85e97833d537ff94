package main

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// An embedder may serve http.DefaultServeMux to anyone, and may have flags of its own.
func TestImport_RegistersNothingGlobal(t *testing.T) {
	t.Parallel()
	if !reflect.DeepEqual(http.DefaultServeMux, new(http.ServeMux)) {
		_, pattern := http.DefaultServeMux.Handler(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/vars", nil))
		t.Errorf("the module registers handlers on http.DefaultServeMux, such as %q", pattern)
	}
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			t.Errorf("the module defines the flag -%s", f.Name)
		}
	})
}
