package i18n

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// parseItem reads a language range with its weight, and says no when either is
// not well formed.
func parseItem(item string) (wish, bool) {
	tag, params, weighted := strings.Cut(item, ";")
	w := wish{weight: 1}
	if weighted {
		var ok bool
		if w.weight, ok = parseWeight(params); !ok {
			return wish{}, false
		}
	}
	tag = strings.TrimSpace(tag)
	if tag == "*" {
		w.any = true
		return w, true
	}
	var err error
	w.tag, err = language.Parse(tag)
	// A region or variant that nobody registered leaves the language what it is.
	var unknown language.ValueError
	return w, err == nil || errors.As(err, &unknown)
}

// parseWeight reads q=0.5, the q in any case (RFC 9110 section 12.4.2).
func parseWeight(s string) (float32, bool) {
	name, value, _ := strings.Cut(s, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0, false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 32)
	// The comparison is false for NaN, which ParseFloat knows how to read.
	return float32(q), err == nil && q >= 0 && q <= 1
}
