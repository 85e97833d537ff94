package config_test

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

var update = flag.Bool("update", false, "rewrite the table of variables in README.md")

const (
	readme     = "../README.md"
	tableBegin = "<!-- config:begin -->\n"
	tableEnd   = "<!-- config:end -->"
)

func TestREADME_ListsEveryVariableOfTheStruct(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), tableBegin)
	got, after, ended := strings.Cut(rest, tableEnd)
	if !begun || !ended {
		t.Fatalf("%s has no block between %q and %q", readme, tableBegin, tableEnd)
	}
	want := variablesTable()
	if *update {
		if err := os.WriteFile(readme, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table is not that of the struct; run go test ./config -update (-want +got):\n%s", diff)
	}
}

// variablesTable renders the struct as a table in Markdown.
func variablesTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		variable := "`" + field.Tag.Get("env") + "`"
		if _, secret := field.Tag.Lookup("secret"); secret {
			variable += " *(secret)*"
		}
		meaning := strings.ReplaceAll(field.Tag.Get("help"), "|", `\|`)
		b.WriteString("| " + variable + " | " + defaultCell(field.Tag) + " | " + meaning + " |\n")
	}
	return b.String()
}

func defaultCell(tag reflect.StructTag) string {
	if value, ok := tag.Lookup("default"); ok {
		return "`" + value + "`"
	}
	if alternative, needed := tag.Lookup("needed"); needed {
		if alternative != "" {
			return "required, or `" + alternative + "`"
		}
		return "required"
	}
	return "none"
}

func TestConfig_TagsEveryFieldForTheCommandLineAndTheTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		for _, key := range []string{"name", "env", "help", "group"} {
			if field.Tag.Get(key) == "" {
				t.Errorf("%s has no %s", field.Name, key)
			}
		}
		variable := field.Tag.Get("env")
		if want := "APIKEYS_" + strings.ToUpper(strings.ReplaceAll(field.Tag.Get("name"), "-", "_")); variable != want {
			t.Errorf("%s is set by the variable %s, want %s as its flag", field.Name, variable, want)
		}
		if seen[variable] {
			t.Errorf("%s sets two fields", variable)
		}
		seen[variable] = true
		if _, secret := field.Tag.Lookup("secret"); secret != (field.Type == reflect.TypeFor[config.Secret]()) {
			t.Errorf("%s is a secret by its tag or by its type, but not by both", field.Name)
		}
	}
}
