package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"testing"

	"github.com/slaunchx/apikeys/test/serving"
)

func TestVersionLine_SaysWhatWasBuilt(t *testing.T) {
	t.Parallel()
	installed := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}}
	cloned := &debug.BuildInfo{GoVersion: "go1.26.8", Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc123"},
		{Key: "vcs.modified", Value: "true"},
	}}
	cases := map[string]struct {
		released string
		info     *debug.BuildInfo
		want     string
	}{
		"installed by go install":   {"", installed, "apikeys v1.2.3 go1.26.8"},
		"a release":                 {"v1.3.0", installed, "apikeys v1.3.0 go1.26.8"},
		"from a clone with changes": {"", cloned, "apikeys (devel) commit abc123 (modified) go1.26.8"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := versionLine(tc.released, tc.info); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestServe_ReportsItsReleaseAsAMetric(t *testing.T) {
	t.Parallel()
	service := startDev(t, filepath.Join(t.TempDir(), "dev"))
	t.Cleanup(func() { service.stop(t) })
	url := regexp.MustCompile(`http://[^/]+`).FindString(service.check) + "/metrics"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, text := serving.Exchange(t, http.DefaultClient, r)
	expect(t, text, `(?m)^apikeys_build_info\{.*version="`+releasedAs+`"\} 1$`)
}
