package i18n

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// parseItem parses a language range with an optional weight, and returns false
// if either is malformed.
func parseItem(item string) (languageRange, bool) {
	tag, params, weighted := strings.Cut(item, ";")
	r := languageRange{weight: 1}
	if weighted {
		var ok bool
		if r.weight, ok = parseWeight(params); !ok {
			return languageRange{}, false
		}
	}
	tag = strings.TrimSpace(tag)
	if tag == "*" {
		r.any = true
		return r, true
	}
	var err error
	r.tag, err = language.Parse(tag)
	// An unregistered region or variant is ignored; the language still counts.
	var unknown language.ValueError
	return r, err == nil || errors.As(err, &unknown)
}

// parseWeight parses a weight such as q=0.5; the q may be upper or lower case
// (RFC 9110 section 12.4.2).
func parseWeight(s string) (float32, bool) {
	name, value, _ := strings.Cut(s, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0, false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 32)
	// ParseFloat accepts NaN; the comparisons are false for it.
	return float32(q), err == nil && q >= 0 && q <= 1
}
