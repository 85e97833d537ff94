package release

import (
	"runtime/debug"
	"testing"
)

func TestVersion_PrefersTheNameItIsGiven(t *testing.T) {
	t.Parallel()
	if got := Version("v9.8.7"); got != "v9.8.7" {
		t.Errorf("Version() = %q, want v9.8.7", got)
	}
	if got := Version(""); got == "" {
		t.Error("Version() of an unnamed release is empty")
	}
}

func TestModuleVersion_FindsThisModuleInAnyProgram(t *testing.T) {
	t.Parallel()
	this, other := debug.Module{Path: modulePath, Version: "v1.2.3"}, debug.Module{Path: "example.com/shop", Version: "v4.5.6"}
	cases := map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"the command of this module":    {debug.BuildInfo{Main: this}, "v1.2.3"},
		"a program that embeds it":      {debug.BuildInfo{Main: other, Deps: []*debug.Module{&this}}, "v1.2.3"},
		"a build that tells no modules": {debug.BuildInfo{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := moduleVersion(&c.info); got != c.want {
				t.Errorf("moduleVersion() = %q, want %q", got, c.want)
			}
		})
	}
}
