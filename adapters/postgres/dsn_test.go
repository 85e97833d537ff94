package postgres

import (
	"fmt"
	"strings"
	"testing"
)

func TestReadDSN_Hosts(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://u:p%40ss@a/keys":                         "a:5432",
		"postgres://u:p%40ss@a:1/keys":                       "a:1",
		"postgres://u:p%40ss@[2001:db8::1]:1/keys":           "[2001:db8::1]:1",
		"postgres://u:p%40ss@a:1,b:2/keys":                   "a:1, b:2",
		"postgres://u:p%40ss@a:1,b:/keys":                    "a:1, b:5432",
		"postgres://u:p%40ss@a,b:2/keys":                     "a:2, b:2",
		"postgres://u:p%40ss@a,b/keys":                       "a:5432, b:5432",
		"postgres://u:p%40ss@a:1,b:2,c:3/keys":               "a:1, b:2, c:3",
		"postgres://u:p%40ss@/keys?host=a,b&port=1,2":        "a:1, b:2",
		"postgres://u:p%40ss@/keys?host=/run/pg":             "/run/pg:5432",
		"host=a,b port=1,2 user=u password=p@ss dbname=keys": "a:1, b:2",
	} {
		separator := "&"
		switch {
		case strings.HasPrefix(url, "host="):
			separator = " "
		case !strings.Contains(url, "?"):
			separator = "?"
		}
		cfg, problem := readDSN(url + separator + "sslmode=disable")
		if got := hostsOf(cfg); problem != "" || got != want {
			t.Errorf("%s leads to %s, want %s; %s", url, got, want, problem)
		}
		if got := fmt.Sprint(cfg.User, " ", cfg.Password, " ", cfg.Database); got != "u p@ss keys" {
			t.Errorf("%s gives %s", url, got)
		}
	}
}
