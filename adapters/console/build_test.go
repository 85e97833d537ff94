package console

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root     = "../.."
	packages = root + "/.cache/typescript/node_modules"
	document = root + "/adapters/httpapi/openapi/openapi.json"
)

// node runs Node.js, which tools/node.sh fetches with the packages.
func node(t *testing.T, arguments ...string) {
	t.Helper()
	if _, err := os.Stat(packages + "/preact"); err != nil {
		t.Fatal("the packages that build the console are not on this machine; to fetch them, run: make node")
	}
	path, err := filepath.Abs(root + "/.cache/node/bin/node")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath("node"); err != nil {
			t.Fatal("Node.js is not on this machine; to fetch it, run: make node")
		}
	}
	if output, err := exec.CommandContext(t.Context(), path, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

func TestDist_IsBuiltFromTheSources(t *testing.T) {
	t.Parallel()
	node(t, "app/build.mjs", "--check")
}

func TestSources_FitTheDocument(t *testing.T) {
	t.Parallel()
	node(t, packages+"/openapi-typescript/bin/cli.js", document, "-o", root+"/.cache/console/openapi.d.ts")
	node(t, packages+"/typescript/bin/tsc", "--project", "app")
}

func TestSources_KeepNothingAndWriteNoHTML(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|localStorage|sessionStorage|indexedDB|document\.cookie|\beval\(|new Function|console\.\w`)
	names, err := filepath.Glob("app/src/*.ts*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := forbidden.Find(text); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
	}
}

// narrow is half-width punctuation next to Chinese or Japanese text.
var narrow = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}][,:;!?()]|[,:;!?()][\p{Han}\p{Hiragana}\p{Katakana}]`)

var placeholder = regexp.MustCompile(`\{\w+\}`)

func TestLocales_AreCompleteAndDiffer(t *testing.T) {
	t.Parallel()
	english := readLocale(t, "en")
	for _, language := range []string{"zh", "zh-Hant", "ja", "vi"} {
		messages := readLocale(t, language)
		same := 0
		for id, want := range english {
			got, ok := messages[id]
			if !ok || strings.TrimSpace(got) == "" {
				t.Errorf("%s lacks %s", language, id)
				continue
			}
			if got == want {
				same++
			}
			if a, b := placeholdersOf(want), placeholdersOf(got); !slices.Equal(a, b) {
				t.Errorf("%s of %s has the placeholders %v, want %v", id, language, b, a)
			}
			if found := narrow.FindString(got); found != "" {
				t.Errorf("%s of %s has %q", id, language, found)
			}
			if !strings.HasSuffix(want, ".") && strings.HasSuffix(got, "。") {
				t.Errorf("%s of %s ends with a period, unlike in English", id, language)
			}
		}
		for id := range messages {
			if _, ok := english[id]; !ok {
				t.Errorf("%s has %s, which English lacks", language, id)
			}
		}
		if same > 15 {
			t.Errorf("%d messages of %s are in English", same, language)
		}
	}
}

func TestLocales_HaveNoMessageThatIsNeverUsed(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	names, err := filepath.Glob("app/src/*.ts*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(text)
	}
	for id := range readLocale(t, "en") {
		base := strings.TrimSuffix(strings.TrimSuffix(id, "_one"), "_other")
		if !strings.HasPrefix(id, "type_") && !strings.Contains(sources.String(), "'"+base+"'") && !strings.Contains(sources.String(), `"`+base+`"`) {
			t.Errorf("%s is not used", id)
		}
	}
}

func placeholdersOf(message string) []string {
	found := placeholder.FindAllString(message, -1)
	slices.Sort(found)
	return found
}

func readLocale(t *testing.T, language string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("app/locales/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(text, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}
