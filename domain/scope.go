package domain

import (
	"iter"
	"slices"
	"strings"
	"unique"
)

// Limits of scopes.
const (
	MaxScopeLength = 128 // bytes per code
	MaxScopes      = 100 // distinct codes per key
)

// Scope is the code of one permission, of the form resource:action.
type Scope string

// ParseScope returns s as a scope: two parts joined by a colon, each consisting of
// one or more of a-z 0-9 _ - . and together at most [MaxScopeLength] bytes.
func ParseScope(s string) (Scope, Faults) {
	if len(s) > MaxScopeLength {
		return "", fault(ReasonLength, RuleScopeLength)
	}
	resource, action, _ := strings.Cut(s, ":")
	if !scopePart(resource) || !scopePart(action) {
		return "", fault(ReasonFormat, RuleScopeFormat)
	}
	return Scope(s), nil
}

func scopePart(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return s != ""
}

// ScopeSet is the set of scopes of a key. The zero value permits nothing. Sets share the
// memory of equal codes, because many keys hold the same few.
type ScopeSet struct{ codes []unique.Handle[Scope] }

// NewScopeSet returns the set of the given scopes in order, without duplicates.
func NewScopeSet(scopes ...Scope) (ScopeSet, Faults) {
	if len(scopes) == 0 {
		return ScopeSet{}, nil
	}
	codes := make([]unique.Handle[Scope], len(scopes))
	for i, s := range scopes {
		codes[i] = unique.Make(s)
	}
	codes = distinct(codes, func(s unique.Handle[Scope]) unique.Handle[Scope] { return s })
	if len(codes) > MaxScopes {
		return ScopeSet{}, fault(ReasonTooMany, RuleScopesTooMany)
	}
	return ScopeSet{codes: codes}, nil
}

// Codes returns the scopes in order. The caller owns the slice.
func (s ScopeSet) Codes() []Scope {
	codes := make([]Scope, len(s.codes))
	for i, code := range s.codes {
		codes[i] = code.Value()
	}
	return codes
}

// All returns an iterator over the scopes in order, without copying them.
func (s ScopeSet) All() iter.Seq[Scope] {
	return func(yield func(Scope) bool) {
		for _, code := range s.codes {
			if !yield(code.Value()) {
				return
			}
		}
	}
}

// Empty reports whether the set has no scopes, which means zero access.
func (s ScopeSet) Empty() bool { return len(s.codes) == 0 }

// Equal reports whether s and other have the same scopes in the same order.
func (s ScopeSet) Equal(other ScopeSet) bool { return slices.Equal(s.codes, other.codes) }

// Holds reports whether the set contains all wanted scopes, each by its exact
// code. For an empty set it returns false, even if wanted is empty.
func (s ScopeSet) Holds(wanted []Scope) bool {
	if s.Empty() {
		return false
	}
	for _, w := range wanted {
		if s.index(w) < 0 {
			return false
		}
	}
	return true
}

// index returns the index of a scope in the set, or -1.
func (s ScopeSet) index(scope Scope) int {
	return slices.IndexFunc(s.codes, func(code unique.Handle[Scope]) bool { return code.Value() == scope })
}

// distinct returns the elements of in without those whose key occurred before.
func distinct[E any, K comparable](in []E, key func(E) K) []E {
	seen := make(map[K]struct{}, len(in))
	out := make([]E, 0, len(in))
	for _, e := range in {
		k := key(e)
		if _, dup := seen[k]; dup {
			continue
		}
		seen[k] = struct{}{}
		out = append(out, e)
	}
	return out
}
