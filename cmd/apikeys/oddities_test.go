package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys/config"
)

// oddities are ways in which a value may be written wrongly, and the resulting
// errors. The tests of config have more of them.
var oddities = map[string]struct {
	spoil func(value string) string
	want  string
}{
	"a space before":        {func(v string) string { return " " + v }, "begins with a space; remove it"},
	"a line feed after":     {func(v string) string { return v + "\n" }, "ends with a line feed; remove it"},
	"a Windows line ending": {func(v string) string { return v + "\r" }, "ends with a carriage return"},
	"quotes":                {func(v string) string { return `"` + v + `"` }, "is in quotes, which would be part of the value; remove them"},
	"single quotes":         {func(v string) string { return "'" + v + "'" }, "is in quotes, which would be part of the value; remove them"},
}

// saneValue returns a value that Parse accepts for the field.
func saneValue(field reflect.StructField) string {
	switch field.Type.Kind() {
	case reflect.Int:
		return "10"
	case reflect.Int64:
		return "10s"
	case reflect.Bool:
		return "true"
	}
	return "hunter2"
}

// unsetAll unsets every variable of the service until the test ends.
func unsetAll(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix) {
			t.Setenv(name, value) // to have it set again afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// serveRefuses returns the output of serve with an invalid configuration.
func serveRefuses(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), append([]string{"serve"}, args...), &out, &out); code != exitConfiguration {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	return out.String()
}

func TestServe_JudgesEveryVariableAlike(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	fields := reflect.VisibleFields(reflect.TypeFor[config.Config]())
	for name, odd := range oddities {
		for _, field := range fields {
			t.Setenv(field.Tag.Get("env"), odd.spoil(saneValue(field)))
		}
		said := serveRefuses(t)
		for _, field := range fields {
			variable := field.Tag.Get("env")
			if strings.Count(said, variable+": ") != 1 || !strings.Contains(said, "  "+variable+": "+odd.want) {
				t.Errorf("%s with %s: want once %s, got\n%s", variable, name, odd.want, said)
			}
		}
		if strings.Contains(said, "hunter2") {
			t.Errorf("%s: a value is shown:\n%s", name, said)
		}
	}
}

func TestServe_JudgesEveryFlagAlike(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	fields := reflect.VisibleFields(reflect.TypeFor[config.Config]())
	for name, odd := range oddities {
		var args []string
		for _, field := range fields {
			args = append(args, "--"+field.Tag.Get("name")+"="+odd.spoil(saneValue(field)))
		}
		said := serveRefuses(t, args...)
		for _, field := range fields {
			if variable := field.Tag.Get("env"); !strings.Contains(said, "  "+variable+": "+odd.want) {
				t.Errorf("%s with %s: want %s, got\n%s", variable, name, odd.want, said)
			}
		}
	}
}

func TestServe_JudgesEverySecretFileAlike(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	dir := t.TempDir()
	for name, odd := range oddities {
		if name == "a Windows line ending" {
			continue // the one that ends a file is no part of the value
		}
		var variables []string
		for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
			if _, secret := field.Tag.Lookup("secret"); !secret {
				continue
			}
			variable := field.Tag.Get("env")
			variables = append(variables, variable)
			path := filepath.Join(dir, variable)
			if err := os.WriteFile(path, []byte(odd.spoil("hunter2")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv(variable+fileSuffix, path)
		}
		said := serveRefuses(t)
		for _, variable := range variables {
			want := "  " + variable + ": as read from " + variable + fileSuffix + ", " + odd.want
			if !strings.Contains(said, want) {
				t.Errorf("with %s: want %s, got\n%s", name, want, said)
			}
		}
		if strings.Contains(said, "hunter2") {
			t.Errorf("%s: a value is shown:\n%s", name, said)
		}
	}
}

func TestServe_JudgesThePathOfASecretFile(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	t.Setenv("APIKEYS_PEPPERS_FILE", `"/run/secrets/peppers"`)
	const want = "APIKEYS_PEPPERS: cannot be read from APIKEYS_PEPPERS_FILE, which is in quotes"
	if said := serveRefuses(t); !strings.Contains(said, want) {
		t.Errorf("want %s, got\n%s", want, said)
	}
}

func TestSettings_EmptyCountsAsUnset(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	var flags []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		t.Setenv(field.Tag.Get("env"), "")
		flags = append(flags, "--"+field.Tag.Get("name")+"=")
	}
	for name, args := range map[string][]string{"variables": nil, "flags": flags} {
		parsed, given := parseServe(t, args)
		if given.faults != nil {
			t.Errorf("empty %s are faults:\n%v", name, given.faults)
		}
		if diff := cmp.Diff(config.Default(), config.Config(parsed.Serve.Settings), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("empty %s give other settings than Default (-Default +got):\n%s", name, diff)
		}
	}
}

func TestSettings_ListsTakeSpacesAndRepeatedFlags(t *testing.T) { //nolint:paralleltest // it sets the environment of the process
	unsetAll(t)
	t.Setenv("APIKEYS_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
	for want, args := range map[string][]string{
		"10.0.0.0/8 fd00::/8":                   nil,
		"192.0.2.1/32 192.0.2.2/32 fd00::1/128": {"--trusted-proxies=192.0.2.1/32 , 192.0.2.2/32", "--trusted-proxies", "fd00::1/128"},
	} {
		parsed, given := parseServe(t, args)
		if got := strings.Join(parsed.Serve.Settings.TrustedProxies, " "); got != want || given.faults != nil {
			t.Errorf("%q gives %q, %v, want %q", args, got, given.faults, want)
		}
	}
}

// parseServe parses the command line of serve.
func parseServe(t *testing.T, args []string) (parsed cli, given inputs) {
	t.Helper()
	parser, err := kong.New(&parsed, given.typed()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve"}, args...)); err != nil {
		t.Fatal(err)
	}
	return parsed, given
}
