package main

import (
	"regexp"
	"slices"
	"strings"
)

const (
	prefix     = "APIKEYS_"
	testPrefix = "APIKEYS_TEST_" // read by the tests of the service
)

// injected matches the variables that Kubernetes and Docker set in every
// container next to a service called apikeys or apikeys-something. They are not
// misspelt settings. PORT matches only with the kind of URL that they set.
var injected = regexp.MustCompile(`^APIKEYS_(?:[A-Z0-9_]+_)?(?:` +
	`SERVICE_HOST=|SERVICE_PORT(?:_[A-Z0-9_]+)?=|` +
	`PORT=(?:tcp|udp|sctp)://|` +
	`PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?=)`)

// unknownVariables returns the names in environ, a list of name=value, that look like
// settings of the service but are not, in alphabetical order, so that a misspelt
// variable is not silently ignored.
func unknownVariables(environ []string, known map[string]bool) []string {
	var unknown []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case value == "": // counts as unset
		case !strings.HasPrefix(name, prefix), strings.HasPrefix(name, testPrefix):
		case known[name], injected.MatchString(entry):
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}
