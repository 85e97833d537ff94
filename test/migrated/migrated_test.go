package migrated_test

import (
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/migrated"
	"github.com/slaunchx/apikeys/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDatabasesHaveTheCurrentSchema(t *testing.T) {
	t.Parallel()
	for name, newDatabase := range map[string]func(t testing.TB) string{
		"PostgreSQL": migrated.PostgreSQL,
		"SQLite":     migrated.SQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := newDatabase(t), newDatabase(t)
			if one == other {
				t.Fatalf("two databases are one, %s", one)
			}
			for _, location := range []string{one, other} {
				migrations, err := apikeys.Migrations(t.Context(), config.Config{DatabaseURL: config.Secret(location)})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range migrations {
					if !m.Applied {
						t.Errorf("%s is not applied to %s", m.Name, strings.SplitN(location, ":", 2)[0])
					}
				}
				if len(migrations) == 0 {
					t.Error("there are no migrations")
				}
			}
		})
	}
}
