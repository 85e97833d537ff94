package acceptance

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func profiled(cfg *config.Config) { cfg.PProf = true }

func profile(at, query string) request {
	return request{method: http.MethodGet, url: at + "/debug/pprof/" + query, header: http.Header{}}
}

func TestProfile_200_onTheInternalListenerWhenAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, profiled)
	for _, name := range []string{"heap", "allocs", "goroutine"} {
		mustBeProfile(t, name, do(t, profile(w.internal, name)))
	}
	if a := do(t, profile(w.internal, "goroutine?debug=1")); !strings.HasPrefix(a.body, "goroutine profile: ") {
		t.Errorf("the text is %.40q", a.body)
	}
}

func TestProfile_401_withoutTheInternalToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *config.Config) { profiled(cfg); cfg.InternalToken = "0123456789abcdef0123456789abcdef" })
	mustBe(t, do(t, profile(w.internal, "heap")), 401, "4010", "Invalid or expired token")
}

func TestProfile_404(t *testing.T) {
	t.Parallel()
	off, on := newWorld(t, nil), newWorld(t, profiled)
	for name, r := range map[string]request{
		"if disabled":                        profile(off.internal, "heap"),
		"on the public listener":             profile(on.public, "heap"),
		"of an unknown name":                 profile(on.internal, "secrets"),
		"without a name":                     profile(on.internal, ""),
		"of the command line":                profile(on.internal, "cmdline"),
		"on the public listener if disabled": profile(off.public, "heap"),
		"of the CPU, if disabled":            profile(off.internal, "profile?seconds=1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustBe(t, do(t, r), 404, "4041", "No such endpoint")
		})
	}
}

// A process can take only one CPU profile at a time, so no other test may take
// one.
func TestCPUProfile_200And503Meanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, profiled)
	answers := make(chan answer, 2)
	for range cap(answers) {
		begin(t, profile(w.internal, "profile?seconds=2"), answers)
	}
	mustBe(t, <-answers, 503, "5030", "Service temporarily unavailable")
	mustBeProfile(t, "profile", <-answers)
}

func mustBeProfile(t *testing.T, name string, a answer) {
	t.Helper()
	zipped, err := gzip.NewReader(strings.NewReader(a.body))
	if a.status != http.StatusOK || err != nil {
		t.Errorf("%s: %d, %v", name, a.status, err)
		return
	}
	if text, err := io.ReadAll(zipped); err != nil || !bytes.Contains(text, []byte("runtime")) {
		t.Errorf("%s is no profile: %v", name, err)
	}
}
