package sqlkit

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slaunchx/apikeys/domain"
)

// errUnreadableWhitelist keeps a whitelist that was lost from being written
// back as one that restricts nothing.
var errUnreadableWhitelist = errors.New("an unreadable IP whitelist cannot be stored")

func encodeScopes(s domain.ScopeSet) (string, error) { return encodeList(s.Codes()) }

// decodeScopes returns no scopes at all when any of them cannot be read.
func decodeScopes(stored string) domain.ScopeSet {
	codes, err := decodeList(stored, domain.ParseScope)
	if err != nil {
		return domain.ScopeSet{}
	}
	set, faults := domain.NewScopeSet(codes...)
	if faults != nil {
		return domain.ScopeSet{}
	}
	return set
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

// decodeIPWhitelist returns a list that admits nobody when any of its entries
// cannot be read.
func decodeIPWhitelist(stored string) domain.IPWhitelist {
	ranges, err := decodeList(stored, domain.ParseIPRange)
	if err != nil {
		return domain.UnreadableIPWhitelist()
	}
	list, faults := domain.NewIPWhitelist(ranges...)
	if faults != nil {
		return domain.UnreadableIPWhitelist()
	}
	return list
}

// damaged tells what is wrong with something stored. It is no
// [domain.ValidationError], which would blame whoever asked for it.
func damaged(what string, faults domain.Faults) error {
	return errors.New(what + ": " + faults.Err().Error())
}

func encodeAddr(a netip.Addr) sql.NullString {
	return sql.NullString{String: a.String(), Valid: a.IsValid()}
}

func decodeAddr(stored sql.NullString) (netip.Addr, error) {
	if !stored.Valid {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(stored.String)
}

func encodeList[S ~string](texts []S) (string, error) {
	if texts == nil {
		texts = []S{}
	}
	encoded, err := json.Marshal(texts)
	return string(encoded), err
}

// decodeList reads a JSON array of strings. A JSON null is not one: taken for
// an empty list, it would lift a restriction.
func decodeList[T any](stored string, parse func(string) (T, domain.Faults)) ([]T, error) {
	texts, plain := plainList(stored)
	if !plain {
		if err := json.Unmarshal([]byte(stored), &texts); err != nil {
			return nil, err
		}
	}
	if texts == nil {
		return nil, errors.New("not a list")
	}
	out := make([]T, len(texts))
	for i, text := range texts {
		v, faults := parse(text)
		if faults != nil {
			return nil, damaged("entry "+strconv.Itoa(i), faults)
		}
		out[i] = v
	}
	return out, nil
}

// plainList reads a JSON array of strings in which nothing is escaped, and
// returns false for any other text. That is how scopes and addresses are
// stored, and takes a tenth of the time that encoding/json does.
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
		text = strings.TrimPrefix(text, " ") // as PostgreSQL spells jsonb
		if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' || strings.ContainsFunc(text[1:len(text)-1], mayBeEscape) {
			return nil, false
		}
		texts = append(texts, text[1:len(text)-1])
	}
	return texts, true
}

func mayBeEscape(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }
