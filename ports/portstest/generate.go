package portstest

import (
	"net/netip"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

var (
	nameRune  = rapid.RuneFrom([]rune(" '\"\\%_<>&\u0301\u200d🔑鍵"), unicode.L, unicode.N, unicode.P, unicode.So, unicode.Mn)
	nameText  = rapid.StringOfN(nameRune, 1, domain.MaxNameLength, -1)
	scopeText = rapid.StringMatching(`[a-z0-9_.-]{1,20}:[a-z0-9_.-]{1,20}`)
	plainText = rapid.StringMatching(`[!-~]{1,64}`)
	workspace = rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`)
)

// anyEntry draws a key that the service could issue.
func anyEntry(t *rapid.T) entry {
	now := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "now"))
	draft := domain.Draft{
		Workspace:   domain.WorkspaceID(workspace.Draw(t, "workspace")),
		Name:        anyName(t),
		Mode:        rapid.SampledFrom([]domain.Mode{domain.ModeLive, domain.ModeTest}).Draw(t, "mode"),
		Scopes:      scopes(t, anyScopes(t)...),
		IPWhitelist: whitelist(t, rapid.SliceOfN(ipRangeText(), 0, 20).Draw(t, "ipWhitelist")...),
	}
	if rapid.Bool().Draw(t, "expires") {
		after := time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "seconds")) * time.Second
		draft.ExpiresAt = now.Add(after).Truncate(time.Second).Add(time.Second)
	}
	draft.RateLimits = rateLimits(t, rapid.SliceOfNDistinct(anyRateLimit(), 0, domain.MaxRateLimits,
		func(s domain.RateLimitSpec) string { return s.Name }).Draw(t, "rateLimits")...)
	if rapid.Bool().Draw(t, "has a quota") {
		period := rapid.SampledFrom([]string{"DAY", "MONTH", "TOTAL"}).Draw(t, "period")
		draft.Quota = quota(t, rapid.Int64Range(1, domain.MaxQuota).Draw(t, "quota"), period)
	}
	return issueBy(t, draft, anyAuthor(t), now)
}

func anyRateLimit() *rapid.Generator[domain.RateLimitSpec] {
	return rapid.Custom(func(t *rapid.T) domain.RateLimitSpec {
		return domain.RateLimitSpec{
			Name:          rapid.StringMatching(`[a-z0-9_-]{1,32}`).Filter(func(s string) bool { return s != "quota" }).Draw(t, "name"),
			Limit:         rapid.Int64Range(1, domain.MaxRateLimit).Draw(t, "limit"),
			WindowSeconds: rapid.Int64Range(1, domain.MaxWindowSeconds).Draw(t, "window"),
		}
	})
}

func anyName(t *rapid.T) domain.Name {
	text := nameText.Filter(func(s string) bool {
		_, faults := domain.ParseName(s)
		return faults == nil // some letters and marks are invisible
	}).Draw(t, "name")
	return parsed(t, text, domain.ParseName)
}

func anyScopes(t *rapid.T) []domain.Scope {
	codes := rapid.SliceOfN(scopeText, 0, 20).Draw(t, "scopes")
	out := make([]domain.Scope, len(codes))
	for i, c := range codes {
		out[i] = parsed(t, c, domain.ParseScope)
	}
	return out
}

// anyAuthor draws an author of the PARTNER portal, who may create keys of both
// modes.
func anyAuthor(t *rapid.T) domain.Author {
	by := domain.Author{AccountID: plainText.Draw(t, "account"), Portal: domain.PortalPartner}
	by.ClientHash = plainText.Draw(t, "clientHash")
	by.RequestID = plainText.Draw(t, "requestId")
	if rapid.Bool().Draw(t, "address known") {
		by.IP = address().Draw(t, "address")
	}
	return by
}

func address() *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		size := rapid.SampledFrom([]int{4, 16}).Draw(t, "bytes")
		addr, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "address"))
		return addr.Unmap()
	})
}

func ipRangeText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		addr := address().Draw(t, "address")
		if rapid.Bool().Draw(t, "single") {
			return addr.String()
		}
		bits := rapid.IntRange(0, addr.BitLen()).Draw(t, "bits")
		return netip.PrefixFrom(addr, bits).Masked().String()
	})
}
