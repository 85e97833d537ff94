package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/slaunchx/apikeys/client/internal/api"
	"github.com/slaunchx/apikeys/domain"
)

// KeyUsage returns the usage of a key on each of the days. A range has 1 to 92 days,
// none of them in the future; the zero range means the last 30 days, including today. A
// check is counted at most 5 s later.
func (w *Workspace) KeyUsage(ctx context.Context, id domain.KeyID, days domain.DayRange) (domain.KeyUsage, error) {
	r := request{method: http.MethodGet, tail: "/usage"}
	if days != (domain.DayRange{}) {
		r.query = url.Values{"from": {days.From.String()}, "to": {days.To.String()}}
	}
	var usage api.Usage
	if _, err := w.about(ctx, id, r, &usage); err != nil {
		return domain.KeyUsage{}, err
	}
	return usageOf(usage)
}

func usageOf(u api.Usage) (domain.KeyUsage, error) {
	var usage domain.KeyUsage
	for _, d := range u.Days {
		day, faults := domain.ParseDay(d.Date)
		if faults != nil {
			return domain.KeyUsage{}, fmt.Errorf("client: the usage has a malformed date: %w", faults.Err())
		}
		denied := make(map[domain.Verdict]int64, len(d.Denied))
		for reason, n := range d.Denied {
			denied[domain.Verdict(reason)] = n
		}
		usage.Days = append(usage.Days, domain.DayUsage{Day: day, Allowed: d.Allowed, Denied: denied})
	}
	for _, s := range u.Scopes {
		usage.Scopes = append(usage.Scopes, domain.ScopeUsage{Scope: domain.Scope(s.Scope), LastUsedAt: instant(s.LastUsedAt)})
	}
	if p := u.PreviousSecret; p != nil {
		usage.PreviousSecret = &domain.SecretUsage{ValidUntil: p.ValidUntil.UTC(), LastUsedAt: instant(p.LastUsedAt)}
	}
	return usage, nil
}
