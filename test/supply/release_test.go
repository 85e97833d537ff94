package supply

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// release is what a .goreleaser.yaml of version 2 may have, as far as ours has
// it: a member that is not here is misspelt, or new and to be added.
type release struct {
	Version     int
	ProjectName string `yaml:"project_name"`
	Builds      []struct {
		ID, Main, Binary                  string
		Env, Flags, Ldflags, Goos, Goarch []string
		Ignore                            []map[string]string
		ModTimestamp                      string `yaml:"mod_timestamp"`
	}
	Archives []struct {
		Formats         []string
		NameTemplate    string            `yaml:"name_template"`
		BuildsInfo      map[string]string `yaml:"builds_info"`
		FormatOverrides []struct {
			Goos    string
			Formats []string
		} `yaml:"format_overrides"`
		Files []struct {
			Src  string
			Info map[string]string
		}
	}
	SBOMs []struct {
		Artifacts, Cmd  string
		Args, Documents []string
	} `yaml:"sboms"`
	Checksum struct {
		NameTemplate string `yaml:"name_template"`
		Algorithm    string
	}
	Changelog struct{ Disable bool }
	Release   struct {
		Draft      bool
		Prerelease string
	}
}

func readRelease(t *testing.T) (r release) {
	t.Helper()
	text, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRelease_IsOneStaticBuildWithChecksumsAndAListOfParts(t *testing.T) {
	t.Parallel()
	r := readRelease(t)
	if r.Version != 2 || r.ProjectName != "apikeys" || len(r.Builds) != 1 {
		t.Fatalf("version %d of %s with %d builds", r.Version, r.ProjectName, len(r.Builds))
	}
	b := r.Builds[0]
	got := []any{b.Main, b.Binary, b.Env, b.Flags, b.Ldflags, b.ModTimestamp, r.Checksum.Algorithm, len(r.SBOMs), r.Release.Draft}
	want := []any{
		"./cmd/apikeys", "apikeys",
		[]string{"CGO_ENABLED=0"},
		[]string{"-trimpath", "-buildvcs=false"},
		[]string{"-s -w -X main.version={{ .Tag }}"},
		"{{ .CommitTimestamp }}", "sha256", 1, true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := r.SBOMs[0]; s.Artifacts != "binary" || s.Cmd != "cyclonedx-gomod" || !slices.Contains(s.Args, "$artifact") || !slices.Contains(s.Args, "$document") {
		t.Errorf("the list of parts is made by %+v", s)
	}
}

func TestRelease_BuildsAsTheMakefileDoes(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	b := readRelease(t).Builds[0]
	flags, _, _ := strings.Cut(b.Ldflags[0], " -X ")
	for _, part := range []string{strings.Join(b.Env, " ") + " $(GO) build " + strings.Join(b.Flags, " "), "-ldflags='" + flags, "-X main.version=$(VERSION)"} {
		if !strings.Contains(string(makefile), part) {
			t.Errorf("the Makefile does not have %s", part)
		}
	}
}

func TestRelease_ShipsOnlyFilesThatThereAre(t *testing.T) {
	t.Parallel()
	for _, archive := range readRelease(t).Archives {
		if len(archive.Files) == 0 {
			t.Error("an archive without a licence")
		}
		for _, file := range archive.Files {
			if _, err := os.Stat("../../" + file.Src); err != nil {
				t.Error(err)
			}
		}
	}
}
