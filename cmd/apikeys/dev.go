package main

import (
	"reflect"

	"github.com/slaunchx/apikeys/config"
)

// madeByDev are the variables that cannot be set together with --dev, which
// signs the demo token with its own issuer.
var madeByDev = []string{
	"APIKEYS_JWKS_URL", "APIKEYS_JWKS_ALLOW_HTTP", "APIKEYS_JWKS_FILE", "APIKEYS_JWT_ISSUER", "APIKEYS_JWT_AUDIENCE",
	"APIKEYS_JWT_CLAIM_ACCOUNT", "APIKEYS_JWT_CLAIM_PORTAL", "APIKEYS_JWT_DEFAULT_PORTAL", "APIKEYS_JWT_CLAIM_WORKSPACES", "APIKEYS_JWT_CLAIM_CLIENT_HASH",
}

// judgeDev returns the settings that cannot be combined with --dev. The printed
// token lets its reader manage keys, so all listeners must be on loopback.
func judgeDev(cfg config.Config, set map[string]bool) config.Faults {
	var faults config.Faults
	for _, listener := range [...]struct{ variable, addr string }{
		{"APIKEYS_ADDR", cfg.Addr},
		{"APIKEYS_INTERNAL_ADDR", cfg.InternalAddr},
		{"APIKEYS_EXT_AUTHZ_ADDR", cfg.ExtAuthzAddr},
	} {
		if set[listener.variable] && !config.Loopback(listener.addr) {
			faults = append(faults, config.Fault{
				Variable: listener.variable,
				Problem:  "is not a loopback address, and --dev listens on no other; write 127.0.0.1:PORT, or omit --dev",
			})
		}
	}
	if set["APIKEYS_INTERNAL_TOKEN"] {
		faults = append(faults, config.Fault{
			Variable: "APIKEYS_INTERNAL_TOKEN",
			Problem:  "is set, but the commands that --dev prints send no token; unset it, or omit --dev",
		})
	}
	for _, variable := range madeByDev {
		if set[variable] {
			faults = append(faults, config.Fault{
				Variable: variable,
				Problem:  "is set, but --dev creates its own; unset it, or omit --dev",
			})
		}
	}
	return faults
}

// overlay returns base, with fields whose variables are set taken from given.
func overlay(base, given config.Config, set map[string]bool) config.Config {
	to, from := reflect.ValueOf(&base).Elem(), reflect.ValueOf(given)
	for i := range to.NumField() {
		if set[to.Type().Field(i).Tag.Get("env")] {
			to.Field(i).Set(from.Field(i))
		}
	}
	return base
}
