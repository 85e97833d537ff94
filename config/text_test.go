package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

func TestParse(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want any
	}{
		{"to the letter", "to the letter"},
		{`it's "fine"`, `it's "fine"`},
		{"'", "'"},
		{"日本", "日本"},
		{"s3cret", config.Secret("s3cret")},
		{"0", 0},
		{"10", 10},
		{"-10", -10},
		{"true", true},
		{"TRUE", true},
		{"yes", true},
		{"1", true},
		{"False", false},
		{"no", false},
		{"0", false},
		{"0", time.Duration(0)},
		{"1h30m", 90 * time.Minute},
		{"-1s", -time.Second},
		{"a", []string{"a"}},
		{"a,b", []string{"a", "b"}},
		{"a, b ,\tc\n,d", []string{"a", "b", "c", "d"}},
	}
	for _, tc := range cases {
		target := reflect.New(reflect.TypeOf(tc.want))
		err := config.Parse(tc.text, target.Interface())
		if diff := cmp.Diff(tc.want, target.Elem().Interface()); err != nil || diff != "" {
			t.Errorf("Parse(%q, %T) = %v (-want +got):\n%s", tc.text, target.Interface(), err, diff)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text   string
		target any
		want   string
	}{
		{"010", new(int), `is "010"; write a whole number in decimal, without leading zeros`},
		{"-010", new(int), `is "-010"; write a whole number in decimal`},
		{"-0", new(int), `is "-0"; write a whole number in decimal`},
		{"+10", new(int), `is "+10"; write a whole number in decimal`},
		{"0x10", new(int), `is "0x10"; write a whole number in decimal`},
		{"1_000", new(int), `is "1_000"; write a whole number in decimal`},
		{"1e3", new(int), `is "1e3"; write a whole number in decimal`},
		{"99999999999999999999", new(int), `is "99999999999999999999"; write a whole number in decimal`},
		{"٣", new(int), `is "٣"; write a whole number in decimal`},
		{"", new(int), `is ""; write a whole number in decimal`},
		{"on", new(bool), `is "on"; write true or false`},
		{"00", new(bool), `is "00"; write true or false`},
		{"", new(bool), `is ""; write true or false`},
		{"30", new(time.Duration), `is "30"; write a duration with its unit`},
		{"30 s", new(time.Duration), `is "30 s"; write a duration with its unit`},
		{"a,,b", new([]string), "has an empty entry; remove the comma"},
		{"a, ", new([]string), "ends with a space; remove it"},
		{"a,", new([]string), "has an empty entry; remove the comma"},
		{`a,"b"`, new([]string), `has the entry "\"b\"", which is in quotes`},
		{"a", new(float64), "cannot be read into a *float64"},
	}
	for _, tc := range cases {
		err := config.Parse(tc.text, tc.target)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("Parse(%q, %T) = %v, want %s", tc.text, tc.target, err, tc.want)
		}
	}
}

// oddities are ways in which a value may be written wrongly, and the beginning of
// the resulting error.
var oddities = map[string]struct {
	spoil func(value string) string
	want  string
}{
	"a space before":        {func(v string) string { return " " + v }, "begins with a space; remove it"},
	"a space after":         {func(v string) string { return v + " " }, "ends with a space; remove it"},
	"a tab after":           {func(v string) string { return v + "\t" }, "ends with a tab; remove it"},
	"a line feed after":     {func(v string) string { return v + "\n" }, "ends with a line feed; remove it"},
	"a Windows line ending": {func(v string) string { return v + "\r" }, "ends with a carriage return, as in files with Windows line endings; remove it"},
	"a NUL after":           {func(v string) string { return v + "\x00" }, "ends with the invisible character U+0000; remove it"},
	"a no-break space":      {func(v string) string { return v + "\u00a0" }, "ends with the invisible character U+00A0; remove it"},
	"a byte order mark":     {func(v string) string { return "\ufeff" + v }, "begins with the invisible character U+FEFF; remove it"},
	"a zero-width space":    {func(v string) string { return v + "\u200b" }, "ends with the invisible character U+200B; remove it"},
	"quotes":                {func(v string) string { return `"` + v + `"` }, "is in quotes, which would be part of the value; remove them"},
	"single quotes":         {func(v string) string { return "'" + v + "'" }, "is in quotes, which would be part of the value; remove them"},
	"white space alone":     {func(string) string { return " " }, "begins with a space; remove it"},
	"quotes alone":          {func(string) string { return `""` }, "is in quotes, which would be part of the value; remove them"},
}

// plain contains a value of each type of Config's fields.
var plain = map[reflect.Type]string{
	reflect.TypeFor[string]():        "hunter2",
	reflect.TypeFor[config.Secret](): "hunter2",
	reflect.TypeFor[int]():           "10",
	reflect.TypeFor[bool]():          "true",
	reflect.TypeFor[time.Duration](): "30s",
	reflect.TypeFor[[]string]():      "a,b",
}

func TestParse_JudgesEveryVariableAlike(t *testing.T) {
	t.Parallel()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		value, known := plain[field.Type]
		if !known {
			t.Fatalf("%s has the type %v: have Parse read it, and add it here", field.Name, field.Type)
		}
		if err := config.Parse(value, reflect.New(field.Type).Interface()); err != nil {
			t.Errorf("%s of %q: %v", field.Name, value, err)
		}
		for name, odd := range oddities {
			err := config.Parse(odd.spoil(value), reflect.New(field.Type).Interface())
			if err == nil || err.Error() != odd.want {
				t.Errorf("%s with %s: got %v, want %s", field.Name, name, err, odd.want)
			}
		}
	}
}

func TestValidate_JudgesTheTextOfEveryVariableAlike(t *testing.T) {
	t.Parallel()
	for i, field := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		variable := field.Tag.Get("env")
		for name, odd := range oddities {
			c := valid()
			want := odd.want
			switch target := reflect.ValueOf(&c).Elem().Field(i).Addr().Interface().(type) {
			case *string:
				*target = odd.spoil("hunter2")
			case *config.Secret:
				*target = config.Secret(odd.spoil("hunter2"))
			case *[]string:
				*target = []string{odd.spoil("hunter2")}
				want = "has the entry "
			default:
				continue
			}
			problems := problemsOf(c.Validate(), variable)
			if len(problems) != 1 || !strings.HasPrefix(problems[0], want) {
				t.Errorf("%s with %s: got %q, want %s", variable, name, problems, want)
			}
			if _, secret := field.Tag.Lookup("secret"); secret && strings.Contains(strings.Join(problems, ""), "hunter2") {
				t.Errorf("%s with %s is shown: %q", variable, name, problems)
			}
		}
	}
}

// problemsOf returns the problems that err contains for a variable.
func problemsOf(err error, variable string) []string {
	var faults config.Faults
	errors.As(err, &faults)
	var problems []string
	for _, fault := range faults {
		if fault.Variable == variable {
			problems = append(problems, fault.Problem)
		}
	}
	return problems
}
