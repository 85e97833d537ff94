package supply

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// instruction is an instruction of a Dockerfile, with its stage.
type instruction struct{ stage, name, rest string }

// instructions parses a Dockerfile. It supports comments and continuation lines,
// but not here-documents.
func instructions(t *testing.T, path string) (all []instruction) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stage := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\\\n", " "), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, ok := strings.Cut(line, " ")
		if !ok || name != strings.ToUpper(name) {
			t.Fatalf("%q is not an instruction", line)
		}
		if name == "FROM" {
			stage = strings.TrimSpace(rest)
		}
		all = append(all, instruction{stage, name, strings.TrimSpace(rest)})
	}
	return all
}

// inImage returns the arguments of the last stage's instructions by name.
func inImage(all []instruction) map[string][]string {
	arguments := map[string][]string{}
	for _, i := range all {
		if i.stage == all[len(all)-1].stage {
			arguments[i.name] = append(arguments[i.name], i.rest)
		}
	}
	return arguments
}

func TestDockerfile_ImageIsTheBinaryAndLittleElse(t *testing.T) {
	t.Parallel()
	image := inImage(instructions(t, "../../Dockerfile"))
	for name, want := range map[string]string{
		"FROM":        `scratch`,
		"USER":        `65532:65532`,
		"EXPOSE":      `8080`,
		"ENTRYPOINT":  `["/apikeys"]`,
		"CMD":         `["serve"]`,
		"WORKDIR":     `/var/lib/apikeys`,
		"HEALTHCHECK": `--interval=10s --timeout=5s --start-period=30s CMD ["/apikeys", "healthcheck"]`,
	} {
		if got := image[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(image["COPY"]) != 3 {
		t.Errorf("%d COPY instructions, want root certificates, an empty folder and the binary: %q", len(image["COPY"]), image["COPY"])
	}
	for name := range image {
		if slices.Contains([]string{"RUN", "ADD", "ENV", "ARG", "SHELL", "VOLUME"}, name) {
			t.Errorf("the image has %s", name)
		}
	}
}

func TestDockerfile_BuildsAsTheMakefileDoes(t *testing.T) {
	t.Parallel()
	var ran []string
	for _, i := range instructions(t, "../../Dockerfile") {
		if i.name == "RUN" {
			ran = append(ran, i.rest)
		}
	}
	if !slices.Contains(ran, "GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION=$VERSION") {
		t.Errorf("make build is missing: %q", ran)
	}
}

func TestDockerfile_UsesTheGoReleaseOfTheModule(t *testing.T) {
	t.Parallel()
	first := instructions(t, "../../Dockerfile")[0]
	pinned, ok := strings.CutPrefix(first.rest, "GO_VERSION=")
	language := goDirective(t)
	if first.name != "ARG" || !ok || !strings.HasPrefix(pinned, strings.TrimSuffix(language, ".0")+".") {
		t.Errorf("the first instruction is %s %s, want ARG GO_VERSION= with %s", first.name, first.rest, language)
	}
}

// goDirective returns the Go release in go.mod.
func goDirective(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\ngo ")
	directive, _, _ := strings.Cut(after, "\n")
	return directive
}

func TestDockerignore_ExcludesKeysAndHistory(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{".git", ".apikeys-dev", "**/.apikeys-dev", "**/*.db"} {
		if !slices.Contains(lines, want) {
			t.Errorf("%s is not ignored", want)
		}
	}
}
