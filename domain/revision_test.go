package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

func TestRevise(t *testing.T) {
	t.Parallel()
	name, other := newName(t, "Other"), newName(t, "Name")
	scopes, list := newScopes(t, "c:d"), newWhitelist(t, "10.0.0.1")
	never, ahead := time.Time{}, now.Add(time.Hour).Truncate(time.Second).UTC()
	rates, quota := newRateLimits(t, "default", 100, 60), newQuota(t, 5, "MONTH")
	for title, tc := range map[string]struct {
		revision domain.Revision
		want     []domain.Change
	}{
		"nothing":              {domain.Revision{}, nil},
		"the same name":        {domain.Revision{Name: &other}, nil},
		"another name":         {domain.Revision{Name: &name}, []domain.Change{{Field: "name", Old: "Name", New: "Other"}}},
		"other scopes":         {domain.Revision{Scopes: &scopes}, []domain.Change{{Field: "scopes", Old: []string{"a:b"}, New: []string{"c:d"}}}},
		"no scopes":            {domain.Revision{Scopes: &domain.ScopeSet{}}, []domain.Change{{Field: "scopes", Old: []string{"a:b"}, New: []string{}}}},
		"a whitelist":          {domain.Revision{IPWhitelist: &list}, []domain.Change{{Field: "ipWhitelist", Old: []string{}, New: []string{"10.0.0.1"}}}},
		"an expiry":            {domain.Revision{ExpiresAt: &ahead}, []domain.Change{{Field: "expiresAt", New: ahead.Format(time.RFC3339)}}},
		"no expiry, as before": {domain.Revision{ExpiresAt: &never}, nil},
		"rate limits": {domain.Revision{RateLimits: &rates}, []domain.Change{
			{Field: "rateLimits", Old: []string{"default=1/60s"}, New: []string{"default=100/60s"}},
		}},
		"no rate limits": {domain.Revision{RateLimits: &[]domain.Limit{}}, []domain.Change{
			{Field: "rateLimits", Old: []string{"default=1/60s"}, New: []string{}},
		}},
		"a quota":             {domain.Revision{Quota: &quota}, []domain.Change{{Field: "quota", New: "5/MONTH"}}},
		"no quota, as before": {domain.Revision{Quota: &domain.Limit{}}, nil},
		"several, in order": {domain.Revision{Name: &name, ExpiresAt: &ahead}, []domain.Change{
			{Field: "name", Old: "Name", New: "Other"}, {Field: "expiresAt", New: ahead.Format(time.RFC3339)},
		}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef", Name: other, Scopes: newScopes(t, "a:b"), RateLimits: newRateLimits(t, "default", 1, 60)})
			tag := key.Tag()
			event, err := key.Revise(tc.revision, "evt_1", domain.Author{}, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, event.Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if changed := tc.want != nil; (event.ID != "") != changed || (key.Tag() != tag) != changed {
				t.Errorf("event %q, tag changed: %t, want both only for a change", event.ID, key.Tag() != tag)
			}
		})
	}
}

func TestRevise_RejectsAPastExpiryWithoutChanges(t *testing.T) {
	t.Parallel()
	key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef", Name: newName(t, "Name")})
	tag, past, name := key.Tag(), now, newName(t, "Other")
	_, err := key.Revise(domain.Revision{Name: &name, ExpiresAt: &past}, "evt_1", domain.Author{}, now)
	if err == nil || key.Tag() != tag {
		t.Errorf("error = %v, tag changed: %t", err, key.Tag() != tag)
	}
}

func TestTag_DiffersWithTheState(t *testing.T) {
	t.Parallel()
	key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef", Name: newName(t, "Name")})
	active := key.Tag()
	key.Disable("evt_1", domain.Author{}, now)
	if key.Tag() == active {
		t.Error("a disabled key has the tag of the active one")
	}
}

// A state without limits has the tag that builds before there were limits give it.
func TestTag_IsThatOfOlderBuildsWithoutLimits(t *testing.T) {
	t.Parallel()
	key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef", Name: newName(t, "Name")})
	if got, want := key.Tag(), "ea1120bded54cd279228e2792e79359a"; got != want {
		t.Errorf("the tag is %s, want %s", got, want)
	}
}

func TestRevise_ReplacesAnUnreadableWhitelist(t *testing.T) {
	t.Parallel()
	key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef", IPWhitelist: domain.UnreadableIPWhitelist()})
	event, err := key.Revise(domain.Revision{IPWhitelist: &domain.IPWhitelist{}}, "evt_1", domain.Author{}, now)
	if err != nil || event.ID == "" {
		t.Errorf("event %q, %v", event.ID, err)
	}
}
