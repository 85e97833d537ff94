package application

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// KeyUsage returns the usage of a key on each of the days. It includes a check at most 5
// s later. If the store records no usage, all counts are 0.
func (w *Workspace) KeyUsage(ctx context.Context, id domain.KeyID, days domain.DayRange) (domain.KeyUsage, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return domain.KeyUsage{}, err
	}
	days, faults := domain.NewDayRange(days.From, days.To, w.deps.Now())
	if faults != nil {
		return domain.KeyUsage{}, faults.Err()
	}
	key, err := w.deps.Keys.Get(ctx, w.id, id)
	if err != nil {
		return domain.KeyUsage{}, err
	}
	until := key.PreviousValidUntil(w.deps.Now())
	var recorded ports.Usage
	if w.deps.Usage != nil {
		query := ports.UsageQuery{KeyID: id, Days: days, PreviousValidUntil: until}
		if recorded, err = w.deps.Usage.Usage(ctx, query); err != nil {
			return domain.KeyUsage{}, err
		}
	}
	usage := domain.KeyUsage{Days: daysOf(recorded.Checks, days)}
	for scope := range key.Snapshot().Scopes.All() {
		usage.Scopes = append(usage.Scopes, domain.ScopeUsage{Scope: scope, LastUsedAt: recorded.Scopes[scope]})
	}
	if !until.IsZero() {
		usage.PreviousSecret = &domain.SecretUsage{ValidUntil: until, LastUsedAt: recorded.PreviousUsed}
	}
	return usage, nil
}

// daysOf returns every day of a range with its counts.
func daysOf(counts map[ports.CheckCount]int64, days domain.DayRange) []domain.DayUsage {
	all := make([]domain.DayUsage, days.To-days.From+1)
	for i := range all {
		all[i] = domain.DayUsage{Day: days.From + domain.Day(i), Denied: map[domain.Verdict]int64{}}
	}
	for count, n := range counts {
		day := &all[count.Day-days.From]
		if count.Verdict == domain.VerdictOK {
			day.Allowed = n
		} else {
			day.Denied[count.Verdict] = n
		}
	}
	return all
}
