package domain

import (
	"iter"
	"slices"
	"strings"
)

// Bounds of scopes.
const (
	MaxScopeLength = 128 // bytes of one code
	MaxScopes      = 100 // different codes of one key
)

// Scope is the code of one permission, written resource:action.
type Scope string

// ParseScope returns s as a scope: two parts joined by a colon, each of one or
// more of a-z 0-9 _ - . and at most [MaxScopeLength] bytes together.
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

// ScopeSet is what a key may do. The zero value may do nothing.
type ScopeSet struct{ codes []Scope }

// NewScopeSet returns the set of the given scopes in their order, repeated
// ones collapsed into their first.
func NewScopeSet(scopes ...Scope) (ScopeSet, Faults) {
	codes := distinct(scopes, func(s Scope) Scope { return s })
	if len(codes) > MaxScopes {
		return ScopeSet{}, fault(ReasonTooMany, RuleScopesTooMany)
	}
	return ScopeSet{codes: codes}, nil
}

// Codes returns the scopes in their order. The caller owns the slice.
func (s ScopeSet) Codes() []Scope { return slices.Clone(s.codes) }

// All yields the codes in their order, without a copy.
func (s ScopeSet) All() iter.Seq[Scope] { return slices.Values(s.codes) }

// Empty says whether the set holds no scope at all: zero access.
func (s ScopeSet) Empty() bool { return len(s.codes) == 0 }

// Holds says whether the set has all of the wanted scopes, each by exactly
// that code. An empty set holds nothing, not even the empty wish.
func (s ScopeSet) Holds(wanted []Scope) bool {
	if s.Empty() {
		return false
	}
	for _, w := range wanted {
		if !slices.Contains(s.codes, w) {
			return false
		}
	}
	return true
}

// distinct returns the elements of in whose key was not seen before it.
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
