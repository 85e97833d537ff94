package model

import (
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// spec is what the owner of a key decides.
type spec struct {
	name, mode  string
	scopes, ips []string
	expiresAt   time.Time
}

func drawSpec(t *rapid.T, now time.Time) spec {
	s := spec{
		name:   rapid.SampledFrom([]string{"a", "A", "b", "ab%", "a_b", "é", "É", "鍵", "100%"}).Draw(t, "name"),
		mode:   rapid.SampledFrom([]string{"LIVE", "TEST"}).Draw(t, "mode"),
		scopes: rapid.SampledFrom([][]string{nil, {"a:b"}, {"a:b", "c:d"}}).Draw(t, "scopes"),
		ips:    rapid.SampledFrom([][]string{nil, {"10.0.0.0/8"}, {"10.0.0.0/8", "2001:db8::/32"}}).Draw(t, "ips"),
	}
	after := rapid.SampledFrom([]time.Duration{0, -time.Hour, time.Second, time.Minute, 24 * time.Hour}).Draw(t, "expires after")
	if after != 0 {
		s.expiresAt = now.Add(after).Truncate(time.Second)
	}
	return s
}

func (s spec) real(t *rapid.T) apikeys.KeySpec {
	return apikeys.KeySpec{
		Name: parsed(t, s.name, domain.ParseName), Mode: parsed(t, s.mode, domain.ParseModeName),
		Scopes: collected(t, s.scopes, domain.ParseScope, domain.NewScopeSet), IPWhitelist: collected(t, s.ips, domain.ParseIPRange, domain.NewIPWhitelist),
		ExpiresAt: s.expiresAt,
	}
}

// revision has those members of s whose bits are set in which.
func (s spec) revision(t *rapid.T, which int) (r domain.Revision) {
	is := s.real(t)
	if which&1 != 0 {
		r.Name = &is.Name
	}
	if which&2 != 0 {
		r.Scopes = &is.Scopes
	}
	if which&4 != 0 {
		r.IPWhitelist = &is.IPWhitelist
	}
	if which&8 != 0 {
		r.ExpiresAt = &is.ExpiresAt
	}
	return r
}

func (q query) real(t *rapid.T) (domain.KeyFilter, domain.Order, domain.Page) {
	var filter domain.KeyFilter
	if q.status != "" {
		filter.Status = parsed(t, q.status, domain.ParseStatus)
	}
	if q.mode != "" {
		filter.Mode = parsed(t, q.mode, domain.ParseModeName)
	}
	if q.part != "" {
		filter.Name = parsed(t, q.part, domain.ParseNamePart)
	}
	direction := ",asc"
	if q.descending {
		direction = ",desc"
	}
	page, faults := domain.NewPage(int64(q.page), int64(q.size))
	if faults != nil {
		t.Fatal(faults)
	}
	return filter, parsed(t, q.sort+direction, domain.ParseOrder), page
}

func parsed[T any](t *rapid.T, s string, parse func(string) (T, domain.Faults)) T {
	value, faults := parse(s)
	if faults != nil {
		t.Fatalf("%q: %v", s, faults)
	}
	return value
}

func collected[E, T any](t *rapid.T, texts []string, parse func(string) (E, domain.Faults), collect func(...E) (T, domain.Faults)) T {
	var all []E
	for _, s := range texts {
		all = append(all, parsed(t, s, parse))
	}
	value, faults := collect(all...)
	if faults != nil {
		t.Fatal(faults)
	}
	return value
}
