package sqlkit

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/slaunchx/apikeys/domain"
)

// errUnreadableWhitelist prevents an unreadable whitelist from being written
// back as one that restricts nothing.
var errUnreadableWhitelist = errors.New("an unreadable IP whitelist cannot be stored")

func encodeScopes(s domain.ScopeSet) (string, error) { return encodeList(s.Codes()) }

// decodeScopes returns faults if any of the scopes is unreadable.
func decodeScopes(stored string) (domain.ScopeSet, domain.Faults) {
	return decodeSet(stored, domain.ParseScope, domain.NewScopeSet)
}

func encodeIPWhitelist(w domain.IPWhitelist) (string, error) {
	ranges := w.Ranges()
	if restrictsNothing := w.Admits(netip.Addr{}); len(ranges) == 0 && !restrictsNothing {
		return "", errUnreadableWhitelist
	}
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = r.String()
	}
	return encodeList(texts)
}

// decodeIPWhitelist returns faults if any of the entries is unreadable.
func decodeIPWhitelist(stored string) (domain.IPWhitelist, domain.Faults) {
	return decodeSet(stored, domain.ParseIPRange, domain.NewIPWhitelist)
}

func encodeAddr(a netip.Addr) sql.NullString {
	return sql.NullString{String: a.String(), Valid: a.IsValid()}
}

func encodeList[S ~string](texts []S) (string, error) {
	if texts == nil {
		texts = []S{}
	}
	encoded, err := json.Marshal(texts)
	return string(encoded), err
}

// decodeSet reads a JSON array of strings, each with parse and all of them with
// collect. It rejects a JSON null, because treating it as an empty array would
// remove a restriction.
func decodeSet[E, V any](stored string, parse func(string) (E, domain.Faults), collect func(...E) (V, domain.Faults)) (none V, faults domain.Faults) {
	texts, plain := plainList(stored)
	if !plain && json.Unmarshal([]byte(stored), &texts) != nil || texts == nil {
		return none, domain.Faults{{Reason: domain.ReasonType}}
	}
	elements := make([]E, len(texts))
	for i, text := range texts {
		if elements[i], faults = parse(text); faults != nil {
			return none, faults
		}
	}
	return collect(elements...)
}

// plainList reads a JSON array of strings without escapes, and returns false
// for any other text. Scopes and addresses are stored in this form, and it
// takes a tenth of the time of encoding/json.
func plainList(stored string) ([]string, bool) {
	inner, opened := strings.CutPrefix(stored, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return nil, false
	}
	texts := []string{}
	for rest, more := inner, inner != ""; more; {
		var text string
		text, rest, more = strings.Cut(rest, ",")
		text = strings.TrimPrefix(text, " ") // PostgreSQL writes jsonb this way
		if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' || strings.ContainsFunc(text[1:len(text)-1], mayBeEscape) {
			return nil, false
		}
		texts = append(texts, text[1:len(text)-1])
	}
	return texts, true
}

func mayBeEscape(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }
