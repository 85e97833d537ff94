// Package config contains the settings of the service. It imports no other
// package of the service: struct tags tell the command line how to fill a
// [Config], and an embedder fills one by hand, starting from [Default].
package config

import "time"

// Config contains all settings. The doc comment of each field names the
// environment variable that sets it. A [Secret] may also be read from a file,
// named by the variable with the suffix _FILE.
type Config struct {
	// Addr is the address of the public listener, which serves the management
	// API, as host:port. An empty host means all interfaces, port 0 a free port.
	// Variable APIKEYS_ADDR, default ":8080".
	Addr string `name:"addr" env:"APIKEYS_ADDR" default:":8080" placeholder:"HOST:PORT" group:"Listening" help:"Address of the public listener: the management API. An empty host means all interfaces, port 0 a free port."`

	// InternalAddr is the address of the internal listener, which serves
	// permission checks, probes and metrics, in the same form as Addr. It must
	// differ from Addr. Unless it is a loopback address, InternalToken is required.
	// Variable APIKEYS_INTERNAL_ADDR, default "127.0.0.1:8081".
	InternalAddr string `name:"internal-addr" env:"APIKEYS_INTERNAL_ADDR" default:"127.0.0.1:8081" placeholder:"HOST:PORT" group:"Listening" help:"Address of the internal listener: permission checks, probes and metrics. Unless it is a loopback address, APIKEYS_INTERNAL_TOKEN is required."`

	// ExtAuthzAddr is the address, in the same form as Addr, at which Envoy's gRPC
	// authorization (envoy.service.auth.v3.Authorization) is served. If it is empty,
	// that service is off. Unless it is a loopback address, InternalToken is required;
	// callers send it as metadata x-internal-token. Variable APIKEYS_EXT_AUTHZ_ADDR,
	// default none.
	ExtAuthzAddr string `name:"ext-authz-addr" env:"APIKEYS_EXT_AUTHZ_ADDR" placeholder:"HOST:PORT" group:"Listening" help:"Address that serves Envoy's gRPC authorization (ext_authz). Unless it is a loopback address, APIKEYS_INTERNAL_TOKEN is required. Empty: not served."`

	// InternalToken is the token that callers of the internal listener must send
	// in X-Internal-Token: at least 32 visible ASCII characters. If it is empty, no
	// token is required.
	// Variable APIKEYS_INTERNAL_TOKEN, default none.
	InternalToken Secret `name:"internal-token" env:"APIKEYS_INTERNAL_TOKEN" secret:"" group:"Listening" help:"Token that callers of the internal listener must send in X-Internal-Token, at least 32 visible ASCII characters. Empty: no token is required, and that listener must be on loopback."`

	// MaxConnections is the maximum number of open connections of each listener;
	// further ones wait until one is closed. 0 means no limit.
	// Variable APIKEYS_MAX_CONNECTIONS, default 10000.
	MaxConnections int `name:"max-connections" env:"APIKEYS_MAX_CONNECTIONS" default:"10000" placeholder:"N" group:"Listening" help:"Maximum number of open connections of each listener; further ones wait until one is closed. 0 means no limit."`

	// PProf serves profiles of the process at /debug/pprof/ on the internal
	// listener, to callers with the internal token, if one is set.
	// Variable APIKEYS_PPROF, default false.
	PProf bool `name:"pprof" env:"APIKEYS_PPROF" default:"false" group:"Listening" help:"Serve profiles of the process at /debug/pprof/ on the internal listener: true or false."`

	// TrustedProxies are the CIDR ranges of the proxies whose X-Forwarded-For is
	// trusted. A single address is written as a range, such as 192.0.2.1/32.
	// Variable APIKEYS_TRUSTED_PROXIES, separated by commas, default none.
	TrustedProxies []string `name:"trusted-proxies" env:"APIKEYS_TRUSTED_PROXIES" placeholder:"CIDR" group:"Listening" help:"CIDR ranges, separated by commas, of the proxies whose X-Forwarded-For is trusted. Empty: none is."`

	// CORSOrigins are the origins whose pages may use the management API from a
	// browser: scheme://host, with a port unless it is the default of the scheme, as
	// browsers send it. There are no wildcards, and cookies are never allowed.
	// Variable APIKEYS_CORS_ORIGINS, separated by commas, default none.
	CORSOrigins []string `name:"cors-origins" env:"APIKEYS_CORS_ORIGINS" placeholder:"ORIGIN" group:"Listening" help:"Origins, separated by commas, whose pages may use the management API from a browser, such as https://portal.example. No wildcards. Empty: none."`

	// Console determines whether the console, the page for workspace owners, is served
	// at /console of the public listener ([ConsoleOn]) or not ([ConsoleOff]). In an
	// embedded service it also requires the option WithConsole. Variable
	// APIKEYS_CONSOLE, default "on".
	Console string `name:"console" env:"APIKEYS_CONSOLE" default:"on" placeholder:"on|off" group:"Listening" help:"Serve the console, the page on which owners of workspaces manage keys, at /console of the public listener: on or off."`

	// ConsoleOrigins are the origins, in the same form as CORSOrigins, whose pages
	// may frame the console and send it the token of its user. Such a page acts for
	// the user as the console does.
	// Variable APIKEYS_CONSOLE_ORIGINS, separated by commas, default none.
	ConsoleOrigins []string `name:"console-origins" env:"APIKEYS_CONSOLE_ORIGINS" placeholder:"ORIGIN" group:"Listening" help:"Origins, separated by commas, whose pages may frame the console and sign its user in, such as https://portal.example. No wildcards. Empty: none."`

	// DatabaseURL is the database for keys: sqlite:///absolute/path,
	// sqlite://relative/path, postgres://user:password@host/name with an
	// explicit sslmode, or memory://, which is lost at exit.
	// Variable APIKEYS_DATABASE_URL, default "sqlite://apikeys.db".
	DatabaseURL Secret `name:"database-url" env:"APIKEYS_DATABASE_URL" default:"sqlite://apikeys.db" placeholder:"URL" secret:"" group:"Storage" help:"Database for keys: sqlite:///absolute/path, sqlite://relative/path, postgres://user:password@host/name?sslmode=verify-full (sslmode is required), or memory://, which is lost at exit."`

	// ReadDatabaseURL names PostgreSQL standbys of DatabaseURL, in the same form. The
	// permission check reads keys from a standby only while it has replayed every
	// change that the change feed has reported. Variable APIKEYS_READ_DATABASE_URL,
	// default none.
	ReadDatabaseURL Secret `name:"read-database-url" env:"APIKEYS_READ_DATABASE_URL" placeholder:"URL" secret:"" group:"Storage" help:"PostgreSQL standbys that permission checks read from while they are current; several hosts are tried in turn. Empty: checks read the primary."`

	// Migrate determines whether migrations are applied at start ([MigrateAuto])
	// or only by "apikeys migrate up" ([MigrateOff]).
	// Variable APIKEYS_MIGRATE, default "auto".
	Migrate string `name:"migrate" env:"APIKEYS_MIGRATE" default:"auto" placeholder:"auto|off" group:"Storage" help:"auto applies migrations at start, off leaves that to 'apikeys migrate up'."`

	// MigrateWait is how long "apikeys migrate up" waits for locks that others hold on
	// the tables. A starting service waits for as long as it takes, is not ready
	// meanwhile, and logs an error after that time. 0 means not to wait. Variable
	// APIKEYS_MIGRATE_WAIT, default 1m.
	MigrateWait time.Duration `name:"migrate-wait" env:"APIKEYS_MIGRATE_WAIT" default:"1m" placeholder:"DURATION" group:"Storage" help:"How long 'apikeys migrate up' waits for locks that others, such as pg_dump, hold on the tables. A service keeps waiting, not ready, and logs an error after that time."`

	// CacheKeys is the maximum number of keys that the permission check caches, at
	// about 400 bytes each. It must be at least 1.
	// Variable APIKEYS_CACHE_KEYS, default 100000.
	CacheKeys int `name:"cache-keys" env:"APIKEYS_CACHE_KEYS" default:"100000" placeholder:"N" group:"Storage" help:"Maximum number of keys that the permission check caches, at about 400 bytes each."`

	// OutageGrace is how long permission checks use the cache while the database
	// is unreachable. 0 means not at all.
	// Variable APIKEYS_OUTAGE_GRACE, default 30s.
	OutageGrace time.Duration `name:"outage-grace" env:"APIKEYS_OUTAGE_GRACE" default:"30s" placeholder:"DURATION" group:"Storage" help:"How long permission checks use the cache while the database is unreachable, such as 30s or 5m; 0 means not at all."`

	// Peppers is the ring of peppers, the keys of the HMAC that hashes secrets:
	// entries of an id, a colon and at least 32 bytes in standard base64, separated
	// by commas. The first one hashes new secrets; all of them verify.
	// Variable APIKEYS_PEPPERS, required.
	Peppers Secret `name:"peppers" env:"APIKEYS_PEPPERS" secret:"" needed:"" group:"Storage" help:"Peppers, the keys under which secrets are hashed, separated by commas; the first one hashes new secrets, all of them verify. 'apikeys pepper' creates an entry. If a pepper is lost, its keys are useless."`

	// JWKSURL is the URL of the token issuer's public keys: https, or http on a
	// loopback host, or on any host if JWKSAllowHTTP is set. Either it or JWKSFile
	// must be set.
	// Variable APIKEYS_JWKS_URL, default none.
	JWKSURL string `name:"jwks-url" env:"APIKEYS_JWKS_URL" placeholder:"URL" needed:"APIKEYS_JWKS_FILE" group:"Tokens" help:"URL of the issuer's public keys (JWKS, RFC 7517): https, or http on a loopback host."`

	// JWKSAllowHTTP allows JWKSURL to be http on any host. Anyone who can change
	// the response in transit can then sign tokens.
	// Variable APIKEYS_JWKS_ALLOW_HTTP, default false.
	JWKSAllowHTTP bool `name:"jwks-allow-http" env:"APIKEYS_JWKS_ALLOW_HTTP" default:"false" group:"Tokens" help:"Allow APIKEYS_JWKS_URL to be http on any host: true or false. Only for private networks: anyone who can change the response in transit can sign tokens."`

	// JWKSFile is a file with the token issuer's public keys.
	// Variable APIKEYS_JWKS_FILE, default none.
	JWKSFile string `name:"jwks-file" env:"APIKEYS_JWKS_FILE" placeholder:"PATH" needed:"APIKEYS_JWKS_URL" group:"Tokens" help:"File with the issuer's public keys (JWKS, RFC 7517), instead of a URL."`

	// JWTIssuer is the required iss claim of tokens.
	// Variable APIKEYS_JWT_ISSUER, required.
	JWTIssuer string `name:"jwt-issuer" env:"APIKEYS_JWT_ISSUER" placeholder:"ISS" needed:"" group:"Tokens" help:"Required iss claim of tokens, exactly as written."`

	// JWTAudience is the audience that the aud claim of tokens must contain.
	// Variable APIKEYS_JWT_AUDIENCE, required.
	JWTAudience string `name:"jwt-audience" env:"APIKEYS_JWT_AUDIENCE" placeholder:"AUD" needed:"" group:"Tokens" help:"Audience that the aud claim of tokens must contain, exactly as written."`

	// JWTClaimAccount is the name of the claim with the caller's account identifier.
	// Variable APIKEYS_JWT_CLAIM_ACCOUNT, default "sub".
	JWTClaimAccount string `name:"jwt-claim-account" env:"APIKEYS_JWT_CLAIM_ACCOUNT" default:"sub" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's account identifier."`

	// JWTClaimPortal is the name of the claim with the caller's portal: SYSTEM,
	// TENANT, PARTNER or CONSUMER.
	// Variable APIKEYS_JWT_CLAIM_PORTAL, default "portal".
	JWTClaimPortal string `name:"jwt-claim-portal" env:"APIKEYS_JWT_CLAIM_PORTAL" default:"portal" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's portal: SYSTEM, TENANT, PARTNER or CONSUMER."`

	// JWTDefaultPortal is the portal of tokens without the claim JWTClaimPortal:
	// SYSTEM, TENANT, PARTNER or CONSUMER. If it is empty, such tokens are rejected.
	// Variable APIKEYS_JWT_DEFAULT_PORTAL, default none.
	JWTDefaultPortal string `name:"jwt-default-portal" env:"APIKEYS_JWT_DEFAULT_PORTAL" placeholder:"PORTAL" group:"Tokens" help:"Portal of tokens without the portal claim: SYSTEM, TENANT, PARTNER or CONSUMER. Empty: such tokens are rejected."`

	// JWTClaimWorkspaces is the name of the claim with the caller's roles, an
	// object from workspace ID to a role or an array of roles.
	// Variable APIKEYS_JWT_CLAIM_WORKSPACES, default "workspaces".
	JWTClaimWorkspaces string `name:"jwt-claim-workspaces" env:"APIKEYS_JWT_CLAIM_WORKSPACES" default:"workspaces" placeholder:"CLAIM" group:"Tokens" help:"Claim with the caller's roles: an object from workspace ID to a role or an array of roles."`

	// JWTClaimClientHash is the name of the claim that binds a token to a device.
	// Variable APIKEYS_JWT_CLAIM_CLIENT_HASH, default "client_hash".
	JWTClaimClientHash string `name:"jwt-claim-client-hash" env:"APIKEYS_JWT_CLAIM_CLIENT_HASH" default:"client_hash" placeholder:"CLAIM" group:"Tokens" help:"Claim that binds a token to the device with this X-Client-Hash; tokens without it are not bound."`

	// MaxKeysPerWorkspace is the maximum number of keys of one workspace, not
	// counting deleted ones. 0 means no limit.
	// Variable APIKEYS_MAX_KEYS_PER_WORKSPACE, default 1000.
	MaxKeysPerWorkspace int `name:"max-keys-per-workspace" env:"APIKEYS_MAX_KEYS_PER_WORKSPACE" default:"1000" placeholder:"N" group:"Limits" help:"Maximum number of keys of one workspace, not counting deleted ones; 0 means no limit."`

	// ManagementRate is the maximum number of requests per minute that one account may
	// send to the management API of each process, even all at once. Further requests
	// get 429. 0 means no limit. Variable APIKEYS_MANAGEMENT_RATE, default 600.
	ManagementRate int `name:"management-rate" env:"APIKEYS_MANAGEMENT_RATE" default:"600" placeholder:"N" group:"Limits" help:"Maximum requests per minute of one account to the management API of one process; 0 means no limit."`

	// AuthFailureRate is the maximum number of requests per minute from one address
	// (IPv6: one /64) that may fail authentication at the management API of each
	// process. Further failures get 429 instead of 401; valid tokens always pass.
	// 0 means no limit.
	// Variable APIKEYS_AUTH_FAILURE_RATE, default 300.
	AuthFailureRate int `name:"auth-failure-rate" env:"APIKEYS_AUTH_FAILURE_RATE" default:"300" placeholder:"N" group:"Limits" help:"Maximum failed authentications per minute from one address (IPv6: one /64) at one process; further ones get 429. Valid tokens always pass; 0 means no limit."`

	// LimitsDuringOutage determines what happens to a check whose rate limits cannot be
	// counted, because the store does not respond: it is admitted and counted in a metric
	// ([OutageAllow]), or it fails ([OutageDeny]). A quota never admits more than the
	// process holds of it.
	// Variable APIKEYS_LIMITS_DURING_OUTAGE, default "allow".
	LimitsDuringOutage string `name:"limits-during-outage" env:"APIKEYS_LIMITS_DURING_OUTAGE" default:"allow" placeholder:"allow|deny" group:"Limits" help:"What becomes of checks whose rate limits cannot be counted because the database does not respond: allow admits them and counts them in a metric, deny responds with 503. Quotas never admit more than the process holds of them."`

	// LeakRate is the maximum number of leak reports per minute from one address (IPv6:
	// one /64) at each process, even all at once. Further reports get 429. Reports that
	// GitHub has signed do not count. 0 means no limit. Variable APIKEYS_LEAK_RATE,
	// default 60.
	LeakRate int `name:"leak-rate" env:"APIKEYS_LEAK_RATE" default:"60" placeholder:"N" group:"Leaked keys" help:"Maximum leak reports per minute from one address (IPv6: one /64) at one process; reports that GitHub has signed do not count. 0 means no limit."`

	// LeakedLiveKeys determines whether a leak report disables a LIVE key
	// ([LeakedDisable]) or is only recorded in its audit trail ([LeakedReport]). TEST
	// keys are always disabled.
	// Variable APIKEYS_LEAKED_LIVE_KEYS, default "disable".
	LeakedLiveKeys string `name:"leaked-live-keys" env:"APIKEYS_LEAKED_LIVE_KEYS" default:"disable" placeholder:"disable|report" group:"Leaked keys" help:"disable stops a LIVE key whose secret is reported as leaked, report only records that in its audit trail. TEST keys are always disabled."`

	// GitHubKeysURL is the URL of the public keys with which GitHub's secret scanning
	// signs its reports: https, or http on a loopback host. If it is empty, the
	// endpoint for them does not exist.
	// Variable APIKEYS_GITHUB_KEYS_URL, default none.
	GitHubKeysURL string `name:"github-keys-url" env:"APIKEYS_GITHUB_KEYS_URL" placeholder:"URL" group:"Leaked keys" help:"URL of the public keys of GitHub's secret scanning, https://api.github.com/meta/public_keys/secret_scanning: https, or http on a loopback host. Empty: reports by GitHub are not accepted."`

	// SealingKeys is the ring of keys that encrypt the secrets of webhooks, in the form
	// of Peppers. The first key seals; all of them open. Without sealing keys no
	// webhook can be created, and nothing is sent to existing ones. Variable
	// APIKEYS_SEALING_KEYS, default none.
	SealingKeys Secret `name:"sealing-keys" env:"APIKEYS_SEALING_KEYS" secret:"" group:"Webhooks" help:"Keys that encrypt the secrets of webhooks, in the form of APIKEYS_PEPPERS; the first one seals, all of them open. 'apikeys pepper' creates an entry. Empty: webhooks cannot be created."`

	// WebhookInsecure allows webhooks with http, any port and private addresses, for
	// development. Anyone who owns a workspace can then send requests into the network
	// of the service. Variable APIKEYS_WEBHOOK_INSECURE, default false.
	WebhookInsecure bool `name:"webhook-insecure" env:"APIKEYS_WEBHOOK_INSECURE" default:"false" group:"Webhooks" help:"Allow webhooks with http, any port and private addresses: true or false. Only for development: an owner of a workspace can then reach the network of the service."`

	// LogLevel is the minimum level of logged messages: debug, info, warn or
	// error.
	// Variable APIKEYS_LOG_LEVEL, default "info".
	LogLevel string `name:"log-level" env:"APIKEYS_LOG_LEVEL" default:"info" placeholder:"LEVEL" group:"Logging" help:"Minimum level of logged messages: debug, info, warn or error."`

	// LogFormat is the format of the command's log: [LogText], for people, or
	// [LogJSON], for programs. If it is empty, it is text on a terminal and JSON
	// elsewhere. Variable APIKEYS_LOG_FORMAT, default none.
	LogFormat string `name:"log-format" env:"APIKEYS_LOG_FORMAT" placeholder:"text|json" group:"Logging" help:"Format of the log: text for people, or json for programs. Empty: text on a terminal, json elsewhere."`
}

// The values of [Config.Console].
const (
	ConsoleOn  = "on"
	ConsoleOff = "off"
)

// The values of [Config.LogFormat].
const (
	LogText = "text"
	LogJSON = "json"
)

// The values of [Config.LeakedLiveKeys].
const (
	LeakedDisable = "disable"
	LeakedReport  = "report"
)

// The values of [Config.Migrate].
const (
	MigrateAuto = "auto"
	MigrateOff  = "off"
)

// The values of [Config.LimitsDuringOutage].
const (
	OutageAllow = "allow"
	OutageDeny  = "deny"
)

// Default returns the default settings. They do not pass [Config.Validate],
// because peppers and the token issuer have no default.
func Default() Config {
	return Config{
		Addr:                ":8080",
		InternalAddr:        "127.0.0.1:8081",
		MaxConnections:      10_000,
		Console:             ConsoleOn,
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
		LeakRate:            60,
		LeakedLiveKeys:      LeakedDisable,
		LimitsDuringOutage:  OutageAllow,
		LogLevel:            "info",
	}
}
