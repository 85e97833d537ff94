package acceptance

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/logbook"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

var silent = apikeys.WithLogger(slog.New(slog.DiscardHandler))

// onPostgres returns the configuration of a service on that database, with the
// URL changed by change.
func onPostgres(t *testing.T, dsn string, change func(u *url.URL)) config.Config {
	t.Helper()
	cfg := serving.ConfigTrusting(t, jwttest.NewIssuer(t))
	cfg.DatabaseURL = changedURL(t, dsn, change)
	return cfg
}

func changedURL(t *testing.T, dsn string, change func(u *url.URL)) config.Secret {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return config.Secret(u.String())
}

func setOption(name, value string) func(u *url.URL) {
	return func(u *url.URL) {
		query := u.Query()
		query.Set(name, value)
		u.RawQuery = query.Encode()
	}
}

func stranger(u *url.URL) { u.User = url.UserPassword("stranger", "hunter2") }

// mustBeFault fails the test unless err is one fault of that variable that
// contains wants and no password.
func mustBeFault(t *testing.T, err error, variable string, wants ...string) {
	t.Helper()
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Variable != variable {
		t.Fatalf("got %v, want one fault of %s", err, variable)
	}
	for _, want := range wants {
		if !strings.Contains(faults[0].Problem, want) {
			t.Errorf("got %q, want %q in it", faults[0].Problem, want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestStart_DatabaseThatRefusesIsInvalidConfiguration(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	cases := map[string]struct {
		change func(u *url.URL)
		wants  []string
	}{
		"a wrong password":         {stranger, []string{"wrong password", `"stranger"`, "127.0.0.1:"}},
		"an unknown database":      {func(u *url.URL) { u.Path = "/elsewhere" }, []string{`database "elsewhere"`, "127.0.0.1:", "CREATE DATABASE"}},
		"a server without TLS":     {setOption("sslmode", "require"), []string{"does not offer TLS", "127.0.0.1:"}},
		"an unknown option":        {setOption("pgbouncer", "true"), []string{"pgbouncer", "remove it"}},
		"channel binding required": {setOption("channel_binding", "require"), []string{"channel_binding", "sslmode=verify-full"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, migrate := range []string{config.MigrateAuto, config.MigrateOff} {
				cfg := onPostgres(t, dsn, tc.change)
				cfg.Migrate = migrate
				service, err := apikeys.New(t.Context(), cfg, silent)
				if err == nil {
					_ = service.Close()
				}
				mustBeFault(t, err, "APIKEYS_DATABASE_URL", tc.wants...)
			}
			cfg := onPostgres(t, dsn, tc.change)
			mustBeFault(t, errors.Join(apikeys.ValidateStorage(cfg), apikeys.Migrate(t.Context(), cfg)), "APIKEYS_DATABASE_URL", tc.wants...)
			_, err := apikeys.Migrations(t.Context(), cfg)
			mustBeFault(t, err, "APIKEYS_DATABASE_URL", tc.wants...)
		})
	}
}

func TestStart_StandbyThatRefusesIsInvalidConfiguration(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	cfg := onPostgres(t, dsn, func(*url.URL) {})
	cfg.ReadDatabaseURL = changedURL(t, dsn, stranger)
	service, err := apikeys.New(t.Context(), cfg, silent)
	if err == nil {
		_ = service.Close()
	}
	mustBeFault(t, err, "APIKEYS_READ_DATABASE_URL", "wrong password", `"stranger"`)
	if err := apikeys.Migrate(t.Context(), cfg); err != nil {
		t.Errorf("Migrate, which does not use the standby: %v", err)
	}
	await(t, "Migrations, which does not use the standby", func() bool {
		_, err := apikeys.Migrations(t.Context(), cfg)
		return err == nil
	})
}

func TestStart_RoleThatMustNotMakeTablesIsInvalidConfiguration(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.NewDatabase(t)
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.MustExecContext(t.Context(), `REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE stranger LOGIN PASSWORD 'hunter2'`)
	cfg := onPostgres(t, dsn, stranger)
	service, err := apikeys.New(t.Context(), cfg, silent)
	if err == nil {
		_ = service.Close()
	}
	wants := []string{`"stranger"`, "permission denied for schema public", "OWNER TO"}
	mustBeFault(t, err, "APIKEYS_DATABASE_URL", wants...)
	mustBeFault(t, apikeys.Migrate(t.Context(), cfg), "APIKEYS_DATABASE_URL", wants...)
}

// The service waits for a server that is down at the start. It logs each new
// error, because the first one may no longer be the cause.
func TestStart_DatabaseThatIsDownIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.NewDatabase(t)
	server.Stop(pgtest.Fast)
	var log logbook.Book
	start := func(change func(u *url.URL)) *apikeys.Service {
		service, err := apikeys.New(t.Context(), onPostgres(t, dsn, change), apikeys.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatalf("New() = %v of a server that is down", err)
		}
		t.Cleanup(func() { _ = service.Close() })
		return service
	}
	known, unknown := start(func(*url.URL) {}), start(stranger)
	server.Restart()
	await(t, "the service to be ready", func() bool { return known.Ready(t.Context()) == nil })
	await(t, "the wrong password to be logged", func() bool { return strings.Contains(log.String(), "wrong password") })
	if err := unknown.Ready(t.Context()); err == nil {
		t.Error("a service that its database refuses is ready")
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the password is logged:\n%s", log.String())
	}
}

// await polls until done.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}
