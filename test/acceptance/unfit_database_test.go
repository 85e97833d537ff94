package acceptance

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver that creates the databases

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/pooler"
	"github.com/slaunchx/apikeys/test/serving"
)

// A database that the store cannot use is an error in the configuration,
// whatever its schema and whether or not the service may migrate it.
func TestNew_RejectsADatabaseThatTheStoreCannotUse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		location func(t *testing.T) string
		problem  string
	}{
		"behind a pooler in transaction mode": {func(t *testing.T) string {
			return pooler.Start(t, pgtest.NewDatabase(t), pooler.Transaction, 25).URL()
		}, "use session mode"},
		"in SQL_ASCII": {func(t *testing.T) string { return newDatabaseIn(t, "SQL_ASCII") }, "ENCODING 'UTF8'"},
		"in LATIN1":    {func(t *testing.T) string { return newDatabaseIn(t, "LATIN1") }, "encoding is LATIN1"},
		"in EUC_JP":    {func(t *testing.T) string { return newDatabaseIn(t, "EUC_JP") }, "encoding is EUC_JP"},
	}
	for name, c := range cases {
		for _, migrate := range []string{config.MigrateAuto, config.MigrateOff} {
			t.Run(name+", APIKEYS_MIGRATE="+migrate, func(t *testing.T) {
				t.Parallel()
				cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
				cfg.DatabaseURL, cfg.Migrate = config.Secret(c.location(t)), migrate
				service, err := apikeys.New(t.Context(), cfg)
				if err == nil {
					_ = service.Close()
				}
				requireFault(t, err, "APIKEYS_DATABASE_URL", c.problem)
				requireFault(t, apikeys.Migrate(t.Context(), cfg), "APIKEYS_DATABASE_URL", c.problem)
			})
		}
	}
}

func requireFault(t *testing.T, err error, variable, problem string) {
	t.Helper()
	faults, ok := errors.AsType[config.Faults](err)
	if !ok || len(faults) != 1 || faults[0].Variable != variable || !strings.Contains(faults[0].Problem, problem) {
		t.Errorf("error = %v, want one fault of %s that says %q", err, variable, problem)
	}
}

// newDatabaseIn returns the URL of a new database with this encoding, which is
// dropped when t ends.
func newDatabaseIn(t *testing.T, encoding string) string {
	t.Helper()
	beside := pgtest.NewDatabase(t)
	db := sqlx.MustConnect("postgres", beside)
	u, err := url.Parse(beside)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_" + strings.ToLower(encoding)
	db.MustExecContext(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING '`+encoding+`'`)
	t.Cleanup(func() {
		db.MustExec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		_ = db.Close()
	})
	u.Path = "/" + name
	return u.String()
}
