package model

import (
	"time"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// spec holds the properties that the owner of a key chooses.
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
		Name: s.name, Mode: parsed(t, s.mode, domain.ParseModeName), Scopes: s.scopes, IPWhitelist: s.ips, ExpiresAt: s.expiresAt,
	}
}

// patch returns a patch with the members of s whose bits are set in which.
func (s spec) patch(which int) (p apikeys.KeyPatch) {
	if which&1 != 0 {
		p.Name = &s.name
	}
	if which&2 != 0 {
		p.Scopes = &s.scopes
	}
	if which&4 != 0 {
		p.IPWhitelist = &s.ips
	}
	if which&8 != 0 {
		p.ExpiresAt = &s.expiresAt
	}
	return p
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
