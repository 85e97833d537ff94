package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/config"
)

// valid returns a valid configuration.
func valid() config.Config {
	c := config.Default()
	c.Peppers = "p1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	c.JWKSURL = "https://issuer.example/jwks.json"
	c.JWTIssuer = "https://issuer.example"
	c.JWTAudience = "apikeys"
	return c
}

func TestValidate_Accepts(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*config.Config){
		"only required settings":                 func(*config.Config) {},
		"a file of public keys instead of a URL": func(c *config.Config) { c.JWKSURL, c.JWKSFile = "", "keys.json" },
		"plain http to a loopback host":          func(c *config.Config) { c.JWKSURL = "http://[::1]:9000/jwks" },
		"plain http if it is allowed":            func(c *config.Config) { c.JWKSURL, c.JWKSAllowHTTP = "http://issuer.internal:8080/jwks", true },
		"a default portal":                       func(c *config.Config) { c.JWTDefaultPortal = "CONSUMER" },
		"a database in memory":                   func(c *config.Config) { c.DatabaseURL = "memory://" },
		"an absolute SQLite path":                func(c *config.Config) { c.DatabaseURL = "sqlite:///var/lib/apikeys/keys.db" },
		"several PostgreSQL hosts":               func(c *config.Config) { c.DatabaseURL = "postgres://u:p@a:1,b:2/db?sslmode=require" },
		"a PostgreSQL socket":                    func(c *config.Config) { c.DatabaseURL = "postgresql:///db?host=/run/pg&sslmode=disable" },
		"free ports for both listeners":          func(c *config.Config) { c.Addr, c.InternalAddr = "127.0.0.1:0", "127.0.0.1:0" },
		"the internal listener on localhost":     func(c *config.Config) { c.InternalAddr = "localhost:9000" },
		"an internal listener that others can reach, with a token": func(c *config.Config) {
			c.InternalAddr, c.InternalToken = ":9000", config.Secret(strings.Repeat("t", 32))
		},
		"Envoy's authorization on loopback": func(c *config.Config) { c.ExtAuthzAddr = "127.0.0.1:8082" },
		"Envoy's authorization open, with a token": func(c *config.Config) {
			c.ExtAuthzAddr, c.InternalToken = ":8082", config.Secret(strings.Repeat("t", 32))
		},
		"no limit on keys per workspace": func(c *config.Config) { c.MaxKeysPerWorkspace = 0 },
		"no rate limits":                 func(c *config.Config) { c.ManagementRate, c.AuthFailureRate, c.LeakRate = 0, 0, 0 },
		"leaks that are only recorded":   func(c *config.Config) { c.LeakedLiveKeys = config.LeakedReport },
		"reports by GitHub": func(c *config.Config) {
			c.GitHubKeysURL = "https://api.github.com/meta/public_keys/secret_scanning"
		},
		"reports by GitHub with keys from loopback": func(c *config.Config) { c.GitHubKeysURL = "http://127.0.0.1:9000/keys" },
		"proxies of both families":                  func(c *config.Config) { c.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8", "192.0.2.1/32"} },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			change(&c)
			if err := c.Validate(); err != nil {
				t.Errorf("refused:\n%v", err)
			}
		})
	}
}

func TestValidate_Rejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*config.Config)
		want   []string // the start of each fault
	}{
		"an address without a port": {
			func(c *config.Config) { c.Addr = "localhost" },
			[]string{`APIKEYS_ADDR: is "localhost", which is not host:port`},
		},
		"a port out of range": {
			func(c *config.Config) { c.Addr = ":65536" },
			[]string{`APIKEYS_ADDR: has the port "65536"`},
		},
		"a port by name": {
			func(c *config.Config) { c.InternalAddr = "127.0.0.1:http" },
			[]string{`APIKEYS_INTERNAL_ADDR: has the port "http"`},
		},
		"both listeners on the same address": {
			func(c *config.Config) { c.Addr = c.InternalAddr },
			[]string{"APIKEYS_INTERNAL_ADDR: is the same as APIKEYS_ADDR"},
		},
		"an internal listener that others can reach, without a token": {
			func(c *config.Config) { c.InternalAddr = ":8081" },
			[]string{"APIKEYS_INTERNAL_TOKEN: is missing"},
		},
		"Envoy's authorization open without a token": {
			func(c *config.Config) { c.ExtAuthzAddr = "10.0.0.1:8082" },
			[]string{"APIKEYS_INTERNAL_TOKEN: is missing; APIKEYS_EXT_AUTHZ_ADDR is not a loopback address"},
		},
		"Envoy's authorization without a port": {
			func(c *config.Config) { c.ExtAuthzAddr = "localhost" },
			[]string{`APIKEYS_EXT_AUTHZ_ADDR: is "localhost", which is not host:port`},
		},
		"Envoy's authorization on the internal address": {
			func(c *config.Config) { c.ExtAuthzAddr = c.InternalAddr },
			[]string{"APIKEYS_EXT_AUTHZ_ADDR: is the same as APIKEYS_INTERNAL_ADDR"},
		},
		"Envoy's authorization on the public address": {
			func(c *config.Config) { c.Addr, c.ExtAuthzAddr = "127.0.0.1:9", "127.0.0.1:9" },
			[]string{"APIKEYS_EXT_AUTHZ_ADDR: is the same as APIKEYS_ADDR"},
		},
		"an internal token of 31 characters": {
			func(c *config.Config) { c.InternalToken = config.Secret(strings.Repeat("t", 31)) },
			[]string{"APIKEYS_INTERNAL_TOKEN: is too short"},
		},
		"an internal token with a space": {
			func(c *config.Config) { c.InternalToken = config.Secret(strings.Repeat("t ", 32) + "t") },
			[]string{"APIKEYS_INTERNAL_TOKEN: contains a character"},
		},
		"every invalid proxy range": {
			func(c *config.Config) {
				c.TrustedProxies = []string{"10.0.0.1", "0.0.0.0/0", "::ffff:10.0.0.0/104", "192.168.1.5/24"}
			},
			[]string{
				`APIKEYS_TRUSTED_PROXIES: "10.0.0.1" is not a CIDR range`,
				`APIKEYS_TRUSTED_PROXIES: "0.0.0.0/0" trusts every address`,
				`APIKEYS_TRUSTED_PROXIES: "::ffff:10.0.0.0/104" is an IPv4-mapped range`,
				`APIKEYS_TRUSTED_PROXIES: "192.168.1.5/24" has host bits set; write 192.168.1.0/24`,
			},
		},
		"two sources of public keys": {
			func(c *config.Config) { c.JWKSFile = "keys.json" },
			[]string{"APIKEYS_JWKS_URL: is set together with APIKEYS_JWKS_FILE"},
		},
		"public keys over plain http": {
			func(c *config.Config) { c.JWKSURL = "http://issuer.example/jwks" },
			[]string{"APIKEYS_JWKS_URL: is neither https nor http on a loopback host"},
		},
		"public keys with another scheme if plain http is allowed": {
			func(c *config.Config) { c.JWKSURL, c.JWKSAllowHTTP = "ftp://issuer.example/jwks", true },
			[]string{"APIKEYS_JWKS_URL: is neither https nor http"},
		},
		"an unknown default portal": {
			func(c *config.Config) { c.JWTDefaultPortal = "partner" },
			[]string{`APIKEYS_JWT_DEFAULT_PORTAL: is "partner"; write SYSTEM, TENANT, PARTNER or CONSUMER`},
		},
		"public keys with a password": {
			func(c *config.Config) { c.JWKSURL = "https://user:hunter2@issuer.example/jwks" },
			[]string{"APIKEYS_JWKS_URL: contains a user name or password"},
		},
		"an issuer with a line ending": {
			func(c *config.Config) { c.JWTIssuer += "\n" },
			[]string{"APIKEYS_JWT_ISSUER: ends with a line feed; remove it"},
		},
		"one claim used twice, and an empty one": {
			func(c *config.Config) { c.JWTClaimPortal, c.JWTClaimClientHash = "sub", "" },
			[]string{
				"APIKEYS_JWT_CLAIM_PORTAL: names the same claim as APIKEYS_JWT_CLAIM_ACCOUNT",
				"APIKEYS_JWT_CLAIM_CLIENT_HASH: is empty",
			},
		},
		"negative rates": {
			func(c *config.Config) { c.ManagementRate, c.AuthFailureRate, c.LeakRate = -1, -300, -1 },
			[]string{"APIKEYS_MANAGEMENT_RATE: is negative", "APIKEYS_AUTH_FAILURE_RATE: is negative", "APIKEYS_LEAK_RATE: is negative"},
		},
		"a negative number of connections": {
			func(c *config.Config) { c.MaxConnections = -1 },
			[]string{"APIKEYS_MAX_CONNECTIONS: is negative"},
		},
		"GitHub's keys over plain http": {
			func(c *config.Config) { c.GitHubKeysURL, c.JWKSAllowHTTP = "http://github.example/keys", true },
			[]string{"APIKEYS_GITHUB_KEYS_URL: is neither https nor http on a loopback host; write https://host/path"},
		},
		"GitHub's keys without a host": {
			func(c *config.Config) { c.GitHubKeysURL = "keys" },
			[]string{"APIKEYS_GITHUB_KEYS_URL: is not a URL"},
		},
		"an unknown policy for leaked keys": {
			func(c *config.Config) { c.LeakedLiveKeys = "delete" },
			[]string{`APIKEYS_LEAKED_LIVE_KEYS: is "delete"; write disable or report`},
		},
		"unknown words": {
			func(c *config.Config) { c.Migrate, c.LogLevel, c.LogFormat = "yes", "INFO", "JSON" },
			[]string{`APIKEYS_MIGRATE: is "yes"`, `APIKEYS_LOG_LEVEL: is "INFO"`, `APIKEYS_LOG_FORMAT: is "JSON"; write text or json`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			tc.change(&c)
			checkFaults(t, c.Validate(), tc.want)
		})
	}
}

func TestValidate_NamesEverythingMissingAtOnce(t *testing.T) {
	t.Parallel()
	checkFaults(t, config.Default().Validate(), []string{
		"APIKEYS_PEPPERS: is missing",
		"APIKEYS_JWKS_URL: is missing",
		"APIKEYS_JWT_ISSUER: is missing",
		"APIKEYS_JWT_AUDIENCE: is missing",
	})
}

func TestValidateStorage_RequiresOnlyADatabaseAndALogLevel(t *testing.T) {
	t.Parallel()
	if err := config.Default().ValidateStorage(); err != nil {
		t.Errorf("the default was refused: %v", err)
	}
	c := config.Config{DatabaseURL: "mysql://", Migrate: config.MigrateOff}
	checkFaults(t, c.ValidateStorage(), []string{
		"APIKEYS_DATABASE_URL: names an unknown kind of database",
		`APIKEYS_LOG_LEVEL: is ""`,
	})
	c = config.Default()
	c.LogFormat = "xml"
	checkFaults(t, c.ValidateStorage(), []string{`APIKEYS_LOG_FORMAT: is "xml"; write text or json`})
}

func TestLevel_IsTheOneNamed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "loud": slog.LevelInfo,
	} {
		if got := (config.Config{LogLevel: name}).Level(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// checkFaults compares err with the beginnings of the wanted faults, in order.
func checkFaults(t *testing.T, err error, want []string) {
	t.Helper()
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v, which holds no faults", err)
	}
	lines := strings.Split(fmt.Sprint(err), "\n")
	for i := range min(len(lines), len(want)) {
		lines[i] = lines[i][:min(len(lines[i]), len(want[i]))]
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
