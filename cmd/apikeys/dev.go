package main

import (
	"reflect"

	"github.com/slaunchx/apikeys/config"
)

// madeByDev are the variables that --dev does not let anyone set: the demo
// token is signed by an issuer of its own.
var madeByDev = []string{
	"APIKEYS_JWKS_URL", "APIKEYS_JWKS_ALLOW_HTTP", "APIKEYS_JWKS_FILE", "APIKEYS_JWT_ISSUER", "APIKEYS_JWT_AUDIENCE",
	"APIKEYS_JWT_CLAIM_ACCOUNT", "APIKEYS_JWT_CLAIM_PORTAL", "APIKEYS_JWT_DEFAULT_PORTAL", "APIKEYS_JWT_CLAIM_WORKSPACES", "APIKEYS_JWT_CLAIM_CLIENT_HASH",
}

// judgeDev says what was set that cannot be with --dev. The printed token
// opens the service to whoever reads it, so nobody else may reach it.
func judgeDev(cfg config.Config, set map[string]bool) config.Faults {
	var faults config.Faults
	for _, listener := range [...]struct{ variable, addr string }{
		{"APIKEYS_ADDR", cfg.Addr},
		{"APIKEYS_INTERNAL_ADDR", cfg.InternalAddr},
	} {
		if set[listener.variable] && !config.Loopback(listener.addr) {
			faults = append(faults, config.Fault{
				Variable: listener.variable,
				Problem:  "is not a loopback address, and --dev listens on no other; write 127.0.0.1:PORT, or leave --dev out",
			})
		}
	}
	if set["APIKEYS_INTERNAL_TOKEN"] {
		faults = append(faults, config.Fault{
			Variable: "APIKEYS_INTERNAL_TOKEN",
			Problem:  "is set, and the check that --dev prints carries no token; unset it, or leave --dev out",
		})
	}
	for _, variable := range madeByDev {
		if set[variable] {
			faults = append(faults, config.Fault{
				Variable: variable,
				Problem:  "is set, and --dev makes its own; unset it, or leave --dev out",
			})
		}
	}
	return faults
}

// overlay returns base with the fields whose variables are set taken from given.
func overlay(base, given config.Config, set map[string]bool) config.Config {
	to, from := reflect.ValueOf(&base).Elem(), reflect.ValueOf(given)
	for i := range to.NumField() {
		if set[to.Type().Field(i).Tag.Get("env")] {
			to.Field(i).Set(from.Field(i))
		}
	}
	return base
}
