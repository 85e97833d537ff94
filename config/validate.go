package config

import (
	"log/slog"
	"net/url"
	"strconv"
)

// Validate returns nil if c is valid, and otherwise [Faults] with all errors.
func (c Config) Validate() error { return c.faults().Err() }

// ValidateStorage is like [Config.Validate] for a program that only opens the
// database: it checks only the settings of the database and of logging.
func (c Config) ValidateStorage() error {
	return c.faults().Of("APIKEYS_DATABASE_URL", "APIKEYS_READ_DATABASE_URL", "APIKEYS_MIGRATE", "APIKEYS_MIGRATE_WAIT", "APIKEYS_LOG_LEVEL", "APIKEYS_LOG_FORMAT").Err()
}

func (c Config) faults() Faults {
	faults := c.listening()
	faults = append(faults, c.storage()...)
	faults.check("APIKEYS_PEPPERS", judgePeppers(c.Peppers))
	faults = append(faults, c.checks()...)
	faults = append(faults, c.tokens()...)
	faults = append(faults, c.limits()...)
	faults = append(faults, c.leaks()...)
	faults = append(faults, c.logging()...)
	return c.texts().Merge(faults)
}

// Level returns LogLevel as a slog.Level, or info if it is invalid.
func (c Config) Level() slog.Level {
	level, _ := parseLevel(c.LogLevel)
	return level
}

func (c Config) storage() Faults {
	var faults Faults
	faults.check("APIKEYS_DATABASE_URL", judgeDatabaseURL(c.DatabaseURL.Reveal()))
	faults.check("APIKEYS_READ_DATABASE_URL", c.judgeReadDatabaseURL())
	if c.Migrate != MigrateAuto && c.Migrate != MigrateOff {
		faults.check("APIKEYS_MIGRATE", "is "+strconv.Quote(c.Migrate)+"; write auto or off")
	}
	if c.MigrateWait < 0 {
		faults.check("APIKEYS_MIGRATE_WAIT", "is negative; write a duration such as 1m, or 0 not to wait")
	}
	return faults
}

// checks checks the settings of the permission check.
func (c Config) checks() Faults {
	var faults Faults
	if c.CacheKeys < 1 {
		faults.check("APIKEYS_CACHE_KEYS", "is less than 1; write how many keys to cache, such as 100000")
	}
	if c.OutageGrace < 0 {
		faults.check("APIKEYS_OUTAGE_GRACE", "is negative; write a duration such as 30s, or 0 for no grace")
	}
	return faults
}

func (c Config) logging() Faults {
	var faults Faults
	if _, ok := parseLevel(c.LogLevel); !ok {
		faults.check("APIKEYS_LOG_LEVEL", "is "+strconv.Quote(c.LogLevel)+"; write debug, info, warn or error")
	}
	if c.LogFormat != "" && c.LogFormat != LogText && c.LogFormat != LogJSON {
		faults.check("APIKEYS_LOG_FORMAT", "is "+strconv.Quote(c.LogFormat)+"; write text or json, or unset it")
	}
	return faults
}

func (c Config) tokens() Faults {
	var faults Faults
	switch {
	case c.JWKSURL == "" && c.JWKSFile == "":
		faults.check("APIKEYS_JWKS_URL", "is missing; set it to the https address of the issuer's public keys, or APIKEYS_JWKS_FILE to a file with them")
	case c.JWKSURL != "" && c.JWKSFile != "":
		faults.check("APIKEYS_JWKS_URL", "is set together with APIKEYS_JWKS_FILE; unset one of the two")
	case c.JWKSURL != "":
		faults.check("APIKEYS_JWKS_URL", judgeJWKSURL(c.JWKSURL, c.JWKSAllowHTTP))
	}
	faults.check("APIKEYS_JWT_ISSUER", judgeClaimValue(c.JWTIssuer, "iss"))
	faults.check("APIKEYS_JWT_AUDIENCE", judgeClaimValue(c.JWTAudience, "aud"))
	faults.check("APIKEYS_JWT_DEFAULT_PORTAL", judgePortal(c.JWTDefaultPortal))
	return append(faults, c.claims()...)
}

// claims checks the names of the claims, which must be distinct.
func (c Config) claims() Faults {
	var faults Faults
	variable := map[string]string{}
	for _, claim := range [...]struct{ variable, name string }{
		{"APIKEYS_JWT_CLAIM_ACCOUNT", c.JWTClaimAccount},
		{"APIKEYS_JWT_CLAIM_PORTAL", c.JWTClaimPortal},
		{"APIKEYS_JWT_CLAIM_WORKSPACES", c.JWTClaimWorkspaces},
		{"APIKEYS_JWT_CLAIM_CLIENT_HASH", c.JWTClaimClientHash},
	} {
		first, taken := variable[claim.name]
		switch {
		case claim.name == "":
			faults.check(claim.variable, "is empty; write the name of a claim, or unset it for the default")
		case taken:
			faults.check(claim.variable, "names the same claim as "+first+"; write another name")
		default:
			variable[claim.name] = claim.variable
		}
	}
	return faults
}

// limits checks the limits on callers.
func (c Config) limits() Faults {
	var faults Faults
	if c.MaxKeysPerWorkspace < 0 {
		faults.check("APIKEYS_MAX_KEYS_PER_WORKSPACE", "is negative; write how many keys a workspace may have, such as 1000, or 0 for no limit")
	}
	faults.check("APIKEYS_MANAGEMENT_RATE", judgeRate(c.ManagementRate))
	faults.check("APIKEYS_AUTH_FAILURE_RATE", judgeRate(c.AuthFailureRate))
	if c.LimitsDuringOutage != OutageAllow && c.LimitsDuringOutage != OutageDeny {
		faults.check("APIKEYS_LIMITS_DURING_OUTAGE", "is "+strconv.Quote(c.LimitsDuringOutage)+"; write allow or deny")
	}
	return faults
}

// leaks checks the settings of leak reports.
func (c Config) leaks() Faults {
	var faults Faults
	faults.check("APIKEYS_LEAK_RATE", judgeRate(c.LeakRate))
	if c.LeakedLiveKeys != LeakedDisable && c.LeakedLiveKeys != LeakedReport {
		faults.check("APIKEYS_LEAKED_LIVE_KEYS", "is "+strconv.Quote(c.LeakedLiveKeys)+"; write disable or report")
	}
	if c.GitHubKeysURL != "" {
		faults.check("APIKEYS_GITHUB_KEYS_URL", judgeKeysURL(c.GitHubKeysURL, false))
	}
	return faults
}

func judgeRate(perMinute int) string {
	if perMinute < 0 {
		return "is negative; write how many per minute, such as 600, or 0 for no limit"
	}
	return ""
}

func judgePeppers(peppers Secret) string {
	if peppers.Reveal() == "" {
		return "is missing; create an entry with 'apikeys pepper' and keep it safe"
	}
	return ""
}

// judgeJWKSURL is like judgeKeysURL, but a problem with http mentions the setting that
// allows it.
func judgeJWKSURL(s string, allowHTTP bool) string {
	problem := judgeKeysURL(s, allowHTTP)
	if problem == insecureKeysURL {
		problem += "; APIKEYS_JWKS_ALLOW_HTTP=true allows http inside a private network"
	}
	return problem
}

const (
	keysURLForm     = "; write https://host/path, or http:// with a loopback host"
	insecureKeysURL = "is neither https nor http on a loopback host" + keysURLForm
)

// judgeKeysURL rejects plain http to another host unless allowHTTP is set: anyone
// who can change the response in transit can sign with keys of their own.
func judgeKeysURL(s string, allowHTTP bool) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return "is not a URL" + keysURLForm
	case u.User != nil:
		return "contains a user name or password, which public keys do not need; remove it"
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || loopbackHost(u.Hostname())):
		return ""
	case allowHTTP:
		return "is neither https nor http; write https://host/path or http://host/path"
	}
	return insecureKeysURL
}

func judgePortal(s string) string {
	switch s {
	case "", "SYSTEM", "TENANT", "PARTNER", "CONSUMER":
		return ""
	}
	return "is " + strconv.Quote(s) + "; write SYSTEM, TENANT, PARTNER or CONSUMER, or unset it"
}

func judgeClaimValue(value, claim string) string {
	if value == "" {
		return "is missing; set it to the " + claim + " claim of the tokens"
	}
	return ""
}

func parseLevel(s string) (slog.Level, bool) {
	switch s {
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	}
	return slog.LevelInfo, false
}
