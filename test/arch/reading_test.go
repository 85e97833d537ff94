package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// step matches a row of "Reading the code" in CONTRIBUTING.md: a file and the
// function in it to begin at.
var step = regexp.MustCompile("(?m)^\\| `([a-z0-9_/]+\\.go)` `([A-Za-z]+)` \\|")

func TestContributing_ReadsFunctionsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps := step.FindAllStringSubmatch(string(text), -1)
	if len(steps) < 10 {
		t.Fatalf("only %d steps are read", len(steps))
	}
	for _, s := range steps {
		source, err := os.ReadFile(filepath.Join(moduleRoot(t), filepath.FromSlash(s[1])))
		if err != nil {
			t.Error(err)
			continue
		}
		if !regexp.MustCompile(`(?m)^func (\([^)]+\) )?` + s[2] + `[(\[]`).Match(source) {
			t.Errorf("%s has no function %s", s[1], s[2])
		}
	}
}
