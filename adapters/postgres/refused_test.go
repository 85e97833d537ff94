package postgres_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/pgtest"
)

// edit returns dsn after a change.
func edit(t *testing.T, dsn string, change func(u *url.URL)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// with returns dsn with one more option.
func with(t *testing.T, dsn, name, value string) string {
	t.Helper()
	return edit(t, dsn, func(u *url.URL) {
		query := u.Query()
		query.Set(name, value)
		u.RawQuery = query.Encode()
	})
}

func execute(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// examine returns the UnfitError of a store on that database, or nil if there is none,
// for example because the database is unavailable.
func examine(t *testing.T, dsn string) error {
	t.Helper()
	repo, err := postgres.Open(t.Context(), dsn)
	if err == nil {
		defer func() { _ = repo.Close() }()
		err = repo.Examine(t.Context())
	}
	if unfit, ok := errors.AsType[*postgres.UnfitError](err); ok {
		return unfit
	}
	if err != nil && !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Examine gives %v, which is neither an UnfitError nor ErrUnavailable", err)
	}
	return nil
}

// mustBeUnfit fails the test unless err is an UnfitError that contains all of
// wants, and not the password.
func mustBeUnfit(t *testing.T, err error, wants ...string) {
	t.Helper()
	unfit, ok := errors.AsType[*postgres.UnfitError](err)
	if !ok {
		t.Fatalf("got %v, which is no UnfitError", err)
	}
	for _, want := range wants {
		if !strings.Contains(unfit.Error(), want) {
			t.Errorf("got %q, want %q in it", unfit, want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %q, which shows the password", err)
	}
}

func TestExamine_ServerThatRefuses(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	parsed, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	host, database := parsed.Host, strings.TrimPrefix(parsed.Path, "/")
	user := func(info *url.Userinfo) string { return edit(t, dsn, func(u *url.URL) { u.User = info }) }
	execute(t, dsn, `REVOKE CONNECT ON DATABASE `+pq.QuoteIdentifier(database)+` FROM PUBLIC`,
		`DROP ROLE IF EXISTS refused`, `CREATE ROLE refused LOGIN PASSWORD 'hunter2'`, `DROP ROLE IF EXISTS "no login"`, `CREATE ROLE "no login" PASSWORD 'hunter2'`)
	t.Cleanup(func() { execute(t, dsn, `DROP ROLE refused`, `DROP ROLE "no login"`) })

	cases := map[string]struct {
		dsn   string
		wants []string
	}{
		"a wrong password":         {user(url.UserPassword("postgres", "hunter2")), []string{"wrong password", `user "postgres"`, host}},
		"no password":              {user(url.User("postgres")), []string{"wrong password, or none", `user "postgres"`, host}},
		"an unknown role":          {user(url.UserPassword("nobody", "hunter2")), []string{"wrong password", `user "nobody"`, host}},
		"a role without login":     {user(url.UserPassword("no login", "hunter2")), []string{`user "no login"`, host, "not permitted to log in"}},
		"a role that must not in":  {user(url.UserPassword("refused", "hunter2")), []string{`user "refused"`, host, database, "permission denied", "GRANT CONNECT"}},
		"an unknown database":      {edit(t, dsn, func(u *url.URL) { u.Path = "/elsewhere" }), []string{`database "elsewhere"`, host, "CREATE DATABASE"}},
		"a server without TLS":     {with(t, dsn, "sslmode", "verify-full"), []string{"sslmode=verify-full", host, "does not offer TLS"}},
		"an option of Prisma":      {with(t, dsn, "pgbouncer", "true"), []string{host, `unrecognized configuration parameter \"pgbouncer\"`, "remove it"}},
		"a value that it rejects":  {with(t, dsn, "work_mem", "lots"), []string{host, "work_mem", "remove it"}},
		"an authority's file":      {with(t, with(t, dsn, "sslmode", "verify-full"), "sslrootcert", "/no/such/file"), []string{"/no/such/file: no such file", "correct its path"}},
		"the same for two hosts":   {edit(t, dsn, func(u *url.URL) { u.Host += "," + u.Host; u.User = url.UserPassword("nobody", "hunter2") }), []string{"wrong password", host + ", " + host}},
		"channel binding required": {with(t, dsn, "channel_binding", "require"), []string{"channel_binding", "sslmode=verify-full"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustBeUnfit(t, examine(t, tc.dsn), tc.wants...)
		})
	}
}

func TestExamine_NothingIsWrong(t *testing.T) {
	t.Parallel()
	dsn := pgtest.NewDatabase(t)
	down := listen(t)
	_ = down.Close()
	execute(t, dsn, `DROP ROLE IF EXISTS crowded`, `CREATE ROLE crowded LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 0`)
	t.Cleanup(func() { execute(t, dsn, `DROP ROLE crowded`) })

	cases := map[string]string{
		"a server that lets in":             dsn,
		"a server that is down":             edit(t, dsn, func(u *url.URL) { u.Host = down.Addr().String() }),
		"a host that has no address":        edit(t, dsn, func(u *url.URL) { u.Host = "nowhere.invalid:5432" }),
		"too many connections":              edit(t, dsn, func(u *url.URL) { u.User = url.UserPassword("crowded", "hunter2") }),
		"one host that is down":             edit(t, dsn, func(u *url.URL) { u.Host += "," + down.Addr().String(); u.User = url.UserPassword("nobody", "hunter2") }),
		"channel binding if possible":       with(t, dsn, "channel_binding", "prefer"),
		"no channel binding":                with(t, dsn, "channel_binding", "disable"),
		"no encryption by GSS":              with(t, dsn, "gssencmode", "disable"),
		"keepalives":                        with(t, with(t, dsn, "keepalives", "1"), "keepalives_idle", "30"),
		"an option that the server knows":   with(t, dsn, "tcp_user_timeout", "10000"),
		"a setting among the options of it": with(t, dsn, "options", "-c work_mem=8MB"),
	}
	for name, dsn := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := examine(t, dsn); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestExamine_ServerThatStarts(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.NewDatabase(t)
	server.Stop(pgtest.Immediate)
	if err := examine(t, dsn); err != nil {
		t.Errorf("a server that is stopped: %v", err)
	}
	server.Restart()
	if err := examine(t, dsn); err != nil {
		t.Errorf("a server that is back: %v", err)
	}
}

func TestExamine_Certificates(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	dsn := server.NewDatabase(t)
	authority := offerTLS(t, dsn, "database.example")
	other := filepath.Join(t.TempDir(), "other.pem")
	certificate, _ := selfSigned(t, "other.example")
	if err := os.WriteFile(other, certificate, 0o600); err != nil {
		t.Fatal(err)
	}

	// A reload takes effect after the response to it.
	deadline := time.Now().Add(time.Minute)
	for examine(t, with(t, dsn, "sslmode", "require")) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the server does not come to offer TLS")
		}
		<-time.After(10 * time.Millisecond)
	}
	verified := with(t, with(t, dsn, "sslmode", "verify-ca"), "sslrootcert", authority)
	if err := examine(t, verified); err != nil {
		t.Errorf("a certificate that is trusted: %v", err)
	}
	mustBeUnfit(t, examine(t, with(t, verified, "sslrootcert", other)),
		"sslmode=verify-ca", "is not trusted", "unknown authority", "sslrootcert=")
	mustBeUnfit(t, examine(t, with(t, verified, "sslmode", "verify-full")),
		"sslmode=verify-full", "is not trusted", "127.0.0.1", "the host as the certificate does")
}

// offerTLS makes the server of dsn offer TLS with a certificate for the given host, and
// returns the path of a copy of the certificate. The server itself writes its files,
// because only its account may.
func offerTLS(t *testing.T, dsn, name string) (path string) {
	t.Helper()
	certificate, key := selfSigned(t, name)
	path = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(content []byte, file string) string {
		return `COPY (SELECT regexp_split_to_table(` + pq.QuoteLiteral(strings.TrimSpace(string(content))) + `, '\n'))
TO PROGRAM 'umask 077; cat > ` + file + `'`
	}
	execute(t, dsn, write(certificate, "server.crt"), write(key, "server.key"), `ALTER SYSTEM SET ssl = on`, `SELECT pg_reload_conf()`)
	return path
}

// selfSigned returns a certificate for the given host, and its key, in PEM.
func selfSigned(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true,

		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// The reason is not lost in the pool: readiness, migrations and logs name it. The store
// counts as unavailable, because an operator may correct it.
func TestRepository_NamesWhyItIsRefused(t *testing.T) {
	t.Parallel()
	dsn := edit(t, pgtest.NewDatabase(t), func(u *url.URL) { u.User = url.UserPassword("nobody", "hunter2") })
	repo := openUnmigrated(t, dsn)
	for name, err := range map[string]error{"Ready": repo.Ready(t.Context()), "Migrate": repo.Migrate(t.Context())} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s gives %v, want ErrUnavailable", name, err)
		}
		mustBeUnfit(t, err, "wrong password", `user "nobody"`)
	}
}

func TestMigrate_RoleThatMustNotMakeTables(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t) // for the role is made once
	dsn := server.NewDatabase(t)
	execute(t, dsn, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`, `CREATE ROLE tenant LOGIN PASSWORD 'hunter2'`)
	repo := openUnmigrated(t, edit(t, dsn, func(u *url.URL) { u.User = url.UserPassword("tenant", "hunter2") }))
	if err := repo.Examine(t.Context()); err != nil {
		t.Errorf("Examine gives %v, though the schema may be somebody else's", err)
	}
	mustBeUnfit(t, repo.Migrate(t.Context()), `user "tenant"`, "permission denied for schema public", "OWNER TO", "127.0.0.1:")
}

// Every connection, including the listener's, accepts a URL as a hosted database shows
// it.
func TestOpen_ADSNAsHostedDatabasesPrintIt(t *testing.T) {
	t.Parallel()
	repo := openDSN(t, with(t, with(t, migrated(t), "channel_binding", "prefer"), "gssencmode", "disable"))
	if err := repo.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpen_RejectsOptionsThatWouldBeLost(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://u:hunter2@db/keys?sslmode=require"
	for option, want := range map[string]string{
		"channel_binding=require":          "has channel_binding with a value that is not supported; remove it, and write sslmode=verify-full",
		"gssencmode=require":               "has gssencmode with a value that is not supported",
		"sslcertmode=disable":              "has sslcertmode with a value that is not supported",
		"require_auth=scram-sha-256":       "has require_auth, which is not supported",
		"require_auth=none,scram-sha-256":  "has require_auth, which is not supported",
		"sslcrl=/etc/crl.pem":              "has sslcrl, which is not supported",
		"sslpassword=hunter2":              "has sslpassword, which is not supported",
		"replication=database":             "has replication, which is not supported",
		"channel_binding=PREFER":           "has channel_binding with a value that is not supported",
		"channel_binding=require&x=y&z=1 ": "has channel_binding with a value that is not supported",
	} {
		_, err := postgres.Open(t.Context(), dsn+"&"+option)
		mustBeUnfit(t, err, "postgres: the database URL "+want)
		mustBeUnfit(t, postgres.ValidateDSN(dsn+"&"+option), want)
		mustBeUnfit(t, postgres.ValidateStandbyDSN(dsn+"&"+option), "postgres: the read database URL "+want)
	}
	for _, option := range []string{"channel_binding=prefer", "gssencmode=prefer", "sslcertmode=allow", "sslcompression=1", "keepalives_count=3", "require_auth="} {
		if err := errors.Join(postgres.ValidateDSN(dsn+"&"+option), postgres.ValidateStandbyDSN(dsn+"&"+option)); err != nil {
			t.Errorf("%s: %v", option, err)
		}
	}
	mustBeUnfit(t, postgres.ValidateDSN("host=db user=u sslmode=disable channel_binding=prefer"), "has channel_binding")
}
