package config_test

import (
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func TestValidate_RejectsADatabaseLocation(t *testing.T) {
	t.Parallel()
	const variable = "APIKEYS_DATABASE_URL: "
	cases := map[string]struct{ location, want string }{
		"an empty one":                       {"", "is empty"},
		"a bare path":                        {"apikeys.db", "is not a URL"},
		"an unknown kind":                    {"mysql://host/db", "names an unknown kind of database"},
		"memory with a name":                 {"memory://keys", "has text after memory://"},
		"SQLite without a file":              {"sqlite://", "names no file"},
		"SQLite with options":                {"sqlite://keys.db?mode=ro", "has one of ? # %"},
		"SQLite in memory":                   {"sqlite://:memory:", "names an in-memory database of SQLite"},
		"PostgreSQL without sslmode":         {"postgres://u:hunter2@h/db", "has no sslmode"},
		"PostgreSQL with sslmode twice":      {"postgres://u:hunter2@h/db?sslmode=disable&sslmode=require", "has sslmode more than once"},
		"PostgreSQL with an unknown sslmode": {"postgres://u:hunter2@h/db?sslmode=on", "has an unknown sslmode"},
		"PostgreSQL with malformed options":  {"postgres://u:hunter2@h/db?a;b", "has options that cannot be read"},
		"PostgreSQL with a malformed URL":    {"postgres://u:hunter2%@h/db?sslmode=disable", "is not a URL; percent-encode"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.DatabaseURL = config.Secret(tc.location)
			checkFaults(t, c.Validate(), []string{variable + tc.want})
		})
	}
}

func TestDatabase_SplitsALocationForItsStore(t *testing.T) {
	t.Parallel()
	cases := map[config.Secret]struct {
		kind     config.Store
		location string
	}{
		"sqlite:///var/keys.db":             {config.StoreSQLite, "/var/keys.db"},
		"sqlite://keys.db":                  {config.StoreSQLite, "keys.db"},
		"postgres://h/db?sslmode=disable":   {config.StorePostgres, "postgres://h/db?sslmode=disable"},
		"postgresql://h/db?sslmode=disable": {config.StorePostgres, "postgresql://h/db?sslmode=disable"},
		"memory://":                         {config.StoreMemory, ""},
		"mysql://h/db":                      {"", ""},
	}
	for in, want := range cases {
		kind, location := config.Config{DatabaseURL: in}.Database()
		if kind != want.kind || location.Reveal() != want.location {
			t.Errorf("%s: got %q %q, want %q %q", in.Reveal(), kind, location.Reveal(), want.kind, want.location)
		}
	}
}
