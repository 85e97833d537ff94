package domain

import (
	"strconv"
	"time"
)

// KeySpec describes a new key in plain values. [KeySpec.Draft] validates them.
type KeySpec struct {
	Name        string    // see [ParseName]
	Mode        Mode      // defaults to ModeLive
	Scopes      []string  // see [ParseScope]; a key without scopes has no access
	IPWhitelist []string  // see [ParseIPRange]; empty means no restriction
	ExpiresAt   time.Time // truncated to seconds; the zero time means never
	RateLimits  []RateLimitSpec
	Quota       QuotaSpec // the zero value means none
}

// Draft returns the draft of a key in workspace, or all faults of the spec by
// field: name, scopes, mode, ipWhitelist, expiresAt, rateLimits, quota.
func (s KeySpec) Draft(workspace WorkspaceID, now time.Time) (Draft, Faults) {
	var faults Faults
	d := Draft{Workspace: workspace, Mode: s.Mode, ExpiresAt: s.ExpiresAt.Truncate(time.Second)}
	if d.Mode == 0 {
		d.Mode = ModeLive
	}
	d.Name = checked(&faults, "name", s.Name, ParseName)
	d.Scopes = checked(&faults, "scopes", s.Scopes, ParseScopes)
	if d.Mode != ModeLive && d.Mode != ModeTest {
		faults = append(faults, fault(ReasonRange, RuleModeRange).At("mode")...)
	}
	d.IPWhitelist = checked(&faults, "ipWhitelist", s.IPWhitelist, ParseIPWhitelist)
	if !s.ExpiresAt.IsZero() {
		faults = append(faults, checkExpiry(d.ExpiresAt, now).At("expiresAt")...)
	}
	d.RateLimits = checked(&faults, "rateLimits", s.RateLimits, ParseRateLimits)
	if s.Quota != (QuotaSpec{}) {
		d.Quota = checked(&faults, "quota.", s.Quota, ParseQuota)
	}
	if faults != nil {
		return Draft{}, faults
	}
	return d, nil
}

// KeyPatch describes a change of a key in plain values. Nil fields are left
// unchanged. [KeyPatch.Revision] validates the others.
type KeyPatch struct {
	Name        *string
	Scopes      *[]string        // empty removes all access
	IPWhitelist *[]string        // empty removes the restriction
	ExpiresAt   *time.Time       // truncated to seconds; the zero time means never
	RateLimits  *[]RateLimitSpec // replaces all; empty removes them
	Quota       *QuotaSpec       // the zero value removes it
}

// Revision returns the revision that the patch describes, or all its faults by
// field: name, scopes, ipWhitelist, expiresAt, rateLimits, quota.
func (p KeyPatch) Revision(now time.Time) (Revision, Faults) {
	var faults Faults
	r := Revision{
		Name:        checkedIfSet(&faults, "name", p.Name, ParseName),
		Scopes:      checkedIfSet(&faults, "scopes", p.Scopes, ParseScopes),
		IPWhitelist: checkedIfSet(&faults, "ipWhitelist", p.IPWhitelist, ParseIPWhitelist),
		ExpiresAt: checkedIfSet(&faults, "expiresAt", p.ExpiresAt, func(t time.Time) (time.Time, Faults) {
			if t.IsZero() {
				return t, nil
			}
			t = t.Truncate(time.Second)
			return t, checkExpiry(t, now)
		}),
		RateLimits: checkedIfSet(&faults, "rateLimits", p.RateLimits, ParseRateLimits),
		Quota: checkedIfSet(&faults, "quota.", p.Quota, func(spec QuotaSpec) (Limit, Faults) {
			if spec == (QuotaSpec{}) {
				return Limit{}, nil
			}
			return ParseQuota(spec)
		}),
	}
	if faults != nil {
		return Revision{}, faults
	}
	return r, nil
}

// ParseScopes returns the set of the given codes, or their faults by index. It
// stops after [MaxFaults].
func ParseScopes(codes []string) (ScopeSet, Faults) {
	scopes, faults := parseAll(codes, ParseScope)
	set, f := NewScopeSet(scopes...)
	return set, append(faults, f...)
}

// ParseIPWhitelist returns the whitelist of the given entries, or their faults by
// index. It stops after [MaxFaults].
func ParseIPWhitelist(entries []string) (IPWhitelist, Faults) {
	ranges, faults := parseAll(entries, ParseIPRange)
	list, f := NewIPWhitelist(ranges...)
	return list, append(faults, f...)
}

func parseAll[T any](texts []string, parse func(string) (T, Faults)) ([]T, Faults) {
	var faults Faults
	values := make([]T, 0, len(texts))
	for i, text := range texts {
		value, f := parse(text)
		if f == nil {
			values = append(values, value)
			continue
		}
		if faults = append(faults, f.At("["+strconv.Itoa(i)+"]")...); len(faults) >= MaxFaults {
			break
		}
	}
	return values, faults
}

// checked returns the parsed value and appends the faults of field to faults.
func checked[V, T any](faults *Faults, field string, value V, parse func(V) (T, Faults)) T {
	parsed, f := parse(value)
	*faults = append(*faults, f.At(field)...)
	return parsed
}

// checkedIfSet is like checked for a value that may be nil.
func checkedIfSet[V, T any](faults *Faults, field string, value *V, parse func(V) (T, Faults)) *T {
	if value == nil {
		return nil
	}
	parsed := checked(faults, field, *value, parse)
	return &parsed
}
