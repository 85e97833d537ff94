package pgtest

import (
	"strings"
	"testing"
)

func TestParseAdmin(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ given, want string }{
		"a missing sslmode is disable": {"postgres://u:p@h:1/x", "postgres://u:p@h:1/db?sslmode=disable"},
		"a given sslmode is kept":      {"postgres://h/x?sslmode=require", "postgres://h/db?sslmode=require"},
		"other parameters are kept":    {"postgresql://h/x?application_name=a", "postgresql://h/db?application_name=a&sslmode=disable"},
		"the database may be missing":  {"postgres://h", "postgres://h/db?sslmode=disable"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := parseAdmin(c.given)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.url("db"); got != c.want {
				t.Errorf("url = %s, want %s", got, c.want)
			}
		})
	}
}

func TestParseAdmin_RejectsWithoutQuotingThePassword(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]string{
		"keywords and values": "host=h password=hunter2",
		"another scheme":      "mysql://u:hunter2@h/x",
		"a malformed URL":     "postgres://u:hunter2@h:port/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseAdmin(given)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes the password: %v", err)
			}
		})
	}
}
