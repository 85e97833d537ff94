// Package config is what an operator may set. It imports nothing of the
// service: the struct tags tell the command line how to fill a [Config], and
// an embedder fills one by hand, best from [Default].
package config

import "time"

// Config is everything an operator may set. Each field names the environment
// variable that sets it; a variable whose field is a [Secret] can also be
// given as a file, by the variable's name with _FILE behind it.
type Config struct {
	// Addr is where the public listener, which serves the management API,
	// accepts connections: host:port, every interface when the host is
	// empty, a free port when the port is 0.
	// Variable APIKEYS_ADDR, default ":8080".
	Addr string `name:"addr" env:"APIKEYS_ADDR" default:":8080" placeholder:"HOST:PORT" group:"Listening" help:"Address of the public listener: the management API. No host means every interface, port 0 a free port."`

	// InternalAddr is where the internal listener accepts connections:
	// permission checks, probes and metrics. On anything but a loopback address it
	// needs InternalToken. Same form as Addr, from which it must differ.
	// Variable APIKEYS_INTERNAL_ADDR, default "127.0.0.1:8081".
	InternalAddr string `name:"internal-addr" env:"APIKEYS_INTERNAL_ADDR" default:"127.0.0.1:8081" placeholder:"HOST:PORT" group:"Listening" help:"Address of the internal listener: permission checks, probes and metrics. Anything but loopback needs APIKEYS_INTERNAL_TOKEN."`

	// InternalToken is what callers of the internal listener send in
	// X-Internal-Token: at least 32 visible ASCII characters. None is asked
	// for when it is empty.
	// Variable APIKEYS_INTERNAL_TOKEN, default none.
	InternalToken Secret `name:"internal-token" env:"APIKEYS_INTERNAL_TOKEN" secret:"" group:"Listening" help:"What callers of the internal listener must send in X-Internal-Token, at least 32 visible ASCII characters. Empty: nothing is asked for, and that listener stays on loopback."`

	// MaxConnections is how many connections each of the two listeners may have
	// open; more wait until one is closed. Not negative; 0: any number.
	// Variable APIKEYS_MAX_CONNECTIONS, default 10000.
	MaxConnections int `name:"max-connections" env:"APIKEYS_MAX_CONNECTIONS" default:"10000" placeholder:"N" group:"Listening" help:"Most connections that each listener has open; further ones wait until one is closed. 0 for any number."`

	// PProf serves profiles of the process at /debug/pprof/ on the internal
	// listener, to callers who may ask there.
	// Variable APIKEYS_PPROF, default false.
	PProf bool `name:"pprof" env:"APIKEYS_PPROF" default:"false" group:"Listening" help:"Serve profiles of the process at /debug/pprof/ on the internal listener, to callers who may ask there: true or false."`

	// TrustedProxies are the CIDR ranges of the proxies whose
	// X-Forwarded-For is believed. A single address is written as a range of
	// one, such as 192.0.2.1/32.
	// Variable APIKEYS_TRUSTED_PROXIES, separated by commas, default none.
	TrustedProxies []string `name:"trusted-proxies" env:"APIKEYS_TRUSTED_PROXIES" placeholder:"CIDR" group:"Listening" help:"CIDR ranges, separated by commas, of the proxies whose X-Forwarded-For is believed. Empty: nobody's."`

	// DatabaseURL says where keys are kept: sqlite:///absolute/path,
	// sqlite://relative/path, postgres://user:password@host/name with an
	// explicit sslmode, or memory:// to keep nothing.
	// Variable APIKEYS_DATABASE_URL, default "sqlite://apikeys.db".
	DatabaseURL Secret `name:"database-url" env:"APIKEYS_DATABASE_URL" default:"sqlite://apikeys.db" placeholder:"URL" secret:"" group:"Storage" help:"Where keys are kept: sqlite:///absolute/path, sqlite://relative/path, postgres://user:password@host/name?sslmode=verify-full (sslmode must be given), or memory:// to lose them at exit."`

	// ReadDatabaseURL names PostgreSQL servers that follow the one of
	// DatabaseURL, from which the permission check reads keys while they know
	// all that the change feed has told. The same form as a postgres:// there.
	// Variable APIKEYS_READ_DATABASE_URL, default none.
	ReadDatabaseURL Secret `name:"read-database-url" env:"APIKEYS_READ_DATABASE_URL" placeholder:"URL" secret:"" group:"Storage" help:"PostgreSQL standbys that permission checks read from while they know all changes; several hosts are tried in turn. Empty: the primary is read."`

	// Migrate says whether the schema is brought up to date at start
	// ([MigrateAuto]) or only by "apikeys migrate up" ([MigrateOff]).
	// Variable APIKEYS_MIGRATE, default "auto".
	Migrate string `name:"migrate" env:"APIKEYS_MIGRATE" default:"auto" placeholder:"auto|off" group:"Storage" help:"auto brings the schema up to date at start, off leaves that to 'apikeys migrate up'."`

	// MigrateWait is how long "apikeys migrate up" waits for locks that others hold
	// on the tables. A service keeps waiting, not ready, and logs an error when
	// that time has passed. Not negative; 0 waits for nobody.
	// Variable APIKEYS_MIGRATE_WAIT, default 1m.
	MigrateWait time.Duration `name:"migrate-wait" env:"APIKEYS_MIGRATE_WAIT" default:"1m" placeholder:"DURATION" group:"Storage" help:"How long 'apikeys migrate up' waits for locks that others, such as pg_dump, hold on the tables. A service keeps waiting, not ready, and logs an error after that time."`

	// CacheKeys bounds the keys that the permission check holds in memory, at
	// about 400 bytes each: at least 1.
	// Variable APIKEYS_CACHE_KEYS, default 100000.
	CacheKeys int `name:"cache-keys" env:"APIKEYS_CACHE_KEYS" default:"100000" placeholder:"N" group:"Storage" help:"Most keys that the permission check holds in memory, at about 400 bytes each."`

	// OutageGrace is how long the permission check goes on answering from
	// memory while the database cannot be asked. Not negative; 0 refuses at once.
	// Variable APIKEYS_OUTAGE_GRACE, default 30s.
	OutageGrace time.Duration `name:"outage-grace" env:"APIKEYS_OUTAGE_GRACE" default:"30s" placeholder:"DURATION" group:"Storage" help:"How long permission checks are answered from memory while the database cannot be asked, such as 30s or 5m; 0 refuses at once."`

	// Peppers is the ring of keys under which secrets are hashed: entries of
	// an id, a colon and at least 32 bytes in standard base64, separated by
	// commas. The first is current, the others still verify.
	// Variable APIKEYS_PEPPERS, required.
	Peppers Secret `name:"peppers" env:"APIKEYS_PEPPERS" secret:"" needed:"" group:"Storage" help:"Ring of keys under which secrets are hashed, separated by commas; the first is current. 'apikeys pepper' makes an entry. A lost pepper makes its keys useless."`

	// JWKSURL is where the public keys of the token issuer are fetched: https,
	// or http from a loopback host, or from any host if JWKSAllowHTTP is set.
	// Either it or JWKSFile must be set.
	// Variable APIKEYS_JWKS_URL, default none.
	JWKSURL string `name:"jwks-url" env:"APIKEYS_JWKS_URL" placeholder:"URL" needed:"APIKEYS_JWKS_FILE" group:"Tokens" help:"Where the issuer's public keys (JWKS, RFC 7517) are fetched: https, or http from a loopback host."`

	// JWKSAllowHTTP allows JWKSURL to be http from any host. Anyone who can
	// change the response on its way can then sign tokens.
	// Variable APIKEYS_JWKS_ALLOW_HTTP, default false.
	JWKSAllowHTTP bool `name:"jwks-allow-http" env:"APIKEYS_JWKS_ALLOW_HTTP" default:"false" group:"Tokens" help:"Allow APIKEYS_JWKS_URL to be http from any host: true or false. Only for a private network: anyone who can change the response on its way can sign tokens."`

	// JWKSFile is a file with the public keys of the token issuer.
	// Variable APIKEYS_JWKS_FILE, default none.
	JWKSFile string `name:"jwks-file" env:"APIKEYS_JWKS_FILE" placeholder:"PATH" needed:"APIKEYS_JWKS_URL" group:"Tokens" help:"File with the issuer's public keys (JWKS, RFC 7517), instead of a URL."`

	// JWTIssuer is what the iss claim of every token must be.
	// Variable APIKEYS_JWT_ISSUER, required.
	JWTIssuer string `name:"jwt-issuer" env:"APIKEYS_JWT_ISSUER" placeholder:"ISS" needed:"" group:"Tokens" help:"What the iss claim of every token must be, to the letter."`

	// JWTAudience is what the aud claim of every token must contain.
	// Variable APIKEYS_JWT_AUDIENCE, required.
	JWTAudience string `name:"jwt-audience" env:"APIKEYS_JWT_AUDIENCE" placeholder:"AUD" needed:"" group:"Tokens" help:"What the aud claim of every token must contain, to the letter."`

	// JWTClaimAccount names the claim with the caller's account identifier.
	// Variable APIKEYS_JWT_CLAIM_ACCOUNT, default "sub".
	JWTClaimAccount string `name:"jwt-claim-account" env:"APIKEYS_JWT_CLAIM_ACCOUNT" default:"sub" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's account identifier."`

	// JWTClaimPortal names the claim with the portal the caller came through:
	// SYSTEM, TENANT, PARTNER or CONSUMER.
	// Variable APIKEYS_JWT_CLAIM_PORTAL, default "portal".
	JWTClaimPortal string `name:"jwt-claim-portal" env:"APIKEYS_JWT_CLAIM_PORTAL" default:"portal" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's portal: SYSTEM, TENANT, PARTNER or CONSUMER."`

	// JWTDefaultPortal is the portal of a token without the claim
	// JWTClaimPortal: SYSTEM, TENANT, PARTNER or CONSUMER. If it is empty, such
	// a token is refused.
	// Variable APIKEYS_JWT_DEFAULT_PORTAL, default none.
	JWTDefaultPortal string `name:"jwt-default-portal" env:"APIKEYS_JWT_DEFAULT_PORTAL" placeholder:"PORTAL" group:"Tokens" help:"Portal of a token without the portal claim: SYSTEM, TENANT, PARTNER or CONSUMER. Empty: such a token is refused."`

	// JWTClaimWorkspaces names the claim with the caller's roles, an object
	// from workspace ID to a role or an array of roles.
	// Variable APIKEYS_JWT_CLAIM_WORKSPACES, default "workspaces".
	JWTClaimWorkspaces string `name:"jwt-claim-workspaces" env:"APIKEYS_JWT_CLAIM_WORKSPACES" default:"workspaces" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's roles: an object from workspace ID to a role or an array of roles."`

	// JWTClaimClientHash names the claim that binds a token to a device.
	// Variable APIKEYS_JWT_CLAIM_CLIENT_HASH, default "client_hash".
	JWTClaimClientHash string `name:"jwt-claim-client-hash" env:"APIKEYS_JWT_CLAIM_CLIENT_HASH" default:"client_hash" placeholder:"CLAIM" group:"Tokens" help:"Claim that binds a token to the device with that X-Client-Hash; a token without it is not bound."`

	// MaxKeysPerWorkspace is how many living keys, those that are not deleted,
	// one workspace may have. Not negative; 0: any number.
	// Variable APIKEYS_MAX_KEYS_PER_WORKSPACE, default 1000.
	MaxKeysPerWorkspace int `name:"max-keys-per-workspace" env:"APIKEYS_MAX_KEYS_PER_WORKSPACE" default:"1000" placeholder:"N" group:"Limits" help:"Most keys that one workspace may have, deleted ones not counted; 0 for any number."`

	// ManagementRate is how many requests a minute one account may make of the
	// management API, of each process; all of them at once if it likes. More
	// are answered 429. Not negative; 0 limits nobody.
	// Variable APIKEYS_MANAGEMENT_RATE, default 600.
	ManagementRate int `name:"management-rate" env:"APIKEYS_MANAGEMENT_RATE" default:"600" placeholder:"N" group:"Limits" help:"Most requests a minute of one account to the management API of one process; 0 limits nobody."`

	// AuthFailureRate is how many attempts a minute to prove who calls the
	// management API may fail, from one address (IPv6: from one /64), at each
	// process. More are answered 429 in place of 401; valid tokens always pass.
	// Not negative; 0 limits nobody.
	// Variable APIKEYS_AUTH_FAILURE_RATE, default 300.
	AuthFailureRate int `name:"auth-failure-rate" env:"APIKEYS_AUTH_FAILURE_RATE" default:"300" placeholder:"N" group:"Limits" help:"Most failed authentications a minute from one address (IPv6: one /64) at one process, before more are answered 429. Valid tokens always pass; 0 limits nobody."`

	// LogLevel is the least severe level that is logged: debug, info, warn
	// or error.
	// Variable APIKEYS_LOG_LEVEL, default "info".
	LogLevel string `name:"log-level" env:"APIKEYS_LOG_LEVEL" default:"info" placeholder:"LEVEL" group:"Logging" help:"Least severe level that is logged: debug, info, warn or error."`

	// LogFormat is how the command writes its log: [LogText] for people,
	// [LogJSON] for programs, or text on a terminal and JSON elsewhere if it is
	// empty.
	// Variable APIKEYS_LOG_FORMAT, default none.
	LogFormat string `name:"log-format" env:"APIKEYS_LOG_FORMAT" placeholder:"text|json" group:"Logging" help:"How the log is written: text for people, or json for programs. Empty: text on a terminal, json elsewhere."`
}

// The values of [Config.LogFormat].
const (
	LogText = "text"
	LogJSON = "json"
)

// The values of [Config.Migrate].
const (
	MigrateAuto = "auto"
	MigrateOff  = "off"
)

// Default returns what holds where nothing is set. It does not pass
// [Config.Validate]: a pepper and the token issuer have no default.
func Default() Config {
	return Config{
		Addr:                ":8080",
		InternalAddr:        "127.0.0.1:8081",
		MaxConnections:      10_000,
		DatabaseURL:         "sqlite://apikeys.db",
		Migrate:             MigrateAuto,
		MigrateWait:         time.Minute,
		CacheKeys:           100_000,
		OutageGrace:         30 * time.Second,
		MaxKeysPerWorkspace: 1000,
		JWTClaimAccount:     "sub",
		JWTClaimPortal:      "portal",
		JWTClaimWorkspaces:  "workspaces",
		JWTClaimClientHash:  "client_hash",
		ManagementRate:      600,
		AuthFailureRate:     300,
		LogLevel:            "info",
	}
}
