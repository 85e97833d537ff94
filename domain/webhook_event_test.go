package domain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func webhookSnapshot(t *testing.T) domain.Snapshot {
	t.Helper()
	s := snapshot(t, newSecret(t, 1, domain.ModeLive))
	s.Name, s.CreatedAt, s.ExpiresAt = newName(t, `Ann's "key"`), at.Add(-60*24*time.Hour), at.Add(time.Hour).Truncate(time.Second)
	return s
}

func TestWebhookEventOf(t *testing.T) {
	t.Parallel()
	s := webhookSnapshot(t)
	renamed := []domain.Change{{Field: "name", Old: "a", New: "b"}, {Field: "scopes", Old: []string{}, New: []string{"x:y"}}}
	source := []domain.Change{{Field: "source", New: "https://paste.example/1"}}
	for name, tc := range map[string]struct {
		kind    domain.EventType
		by      domain.Author
		changes []domain.Change
		edit    func(*domain.Snapshot)
		want    domain.WebhookEventType // empty: none
		account string
		status  string
		more    string
	}{
		"created":               {kind: domain.EventCreated, by: byOwner, changes: renamed, want: "api_key.created", account: `"acc-1"`, status: "ACTIVE"},
		"updated":               {kind: domain.EventUpdated, by: byOwner, changes: renamed, want: "api_key.updated", account: `"acc-1"`, status: "ACTIVE", more: `,"changes":[{"field":"name","old":"a","new":"b"},{"field":"scopes","old":[],"new":["x:y"]}]`},
		"updated in no field":   {kind: domain.EventUpdated, by: byOwner, want: "api_key.updated", account: `"acc-1"`, status: "ACTIVE", more: `,"changes":[]`},
		"disabled":              {kind: domain.EventDisabled, by: byOwner, edit: func(s *domain.Snapshot) { s.Disabled = true }, want: "api_key.disabled", account: `"acc-1"`, status: "DISABLED"},
		"enabled":               {kind: domain.EventEnabled, by: byOwner, edit: func(s *domain.Snapshot) { s.ExpiresAt = at }, want: "api_key.enabled", account: `"acc-1"`, status: "EXPIRED"},
		"rotated":               {kind: domain.EventRotated, by: byOwner, want: "api_key.rotated", account: `"acc-1"`, status: "ACTIVE"},
		"deleted":               {kind: domain.EventDeleted, by: domain.OperatorAuthor("ann", domain.Origin{}), want: "api_key.deleted", account: `"operator:ann"`, status: "ACTIVE"},
		"leaked":                {kind: domain.EventLeaked, by: domain.LeakAuthor(domain.Origin{}), changes: source, want: "api_key.leaked", account: `"leak-report"`, status: "ACTIVE", more: `,"source":"https://paste.example/1"`},
		"leaked somewhere":      {kind: domain.EventLeaked, want: "api_key.leaked", account: "null", status: "ACTIVE", more: `,"source":null`},
		"a change of a webhook": {kind: domain.EventWebhookStopped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := s
			if tc.edit != nil {
				tc.edit(&key)
			}
			got, ok := domain.WebhookEventOf(domain.Event{ID: "evt_1", KeyID: s.ID, Workspace: "ws-1", Type: tc.kind, At: at, By: tc.by, Changes: tc.changes}, key)
			if ok != (tc.want != "") {
				t.Fatalf("webhooks receive it: %t", ok)
			}
			if !ok {
				return
			}
			body := fmt.Sprintf(`{"type":"%s","timestamp":"2026-03-21T12:00:00Z","data":{"workspaceId":"ws-1","apiKeyId":"%s","name":"Ann's \"key\"","mode":"LIVE","status":"%s","accountId":%s%s}}`,
				tc.want, s.ID, tc.status, tc.account, tc.more)
			if string(got.Body) != body {
				t.Errorf("body\n%s, want\n%s", got.Body, body)
			}
			got.Body = nil
			wantSame(t, "event", domain.WebhookEvent{ID: "evt_1", Type: tc.want, At: at, Workspace: "ws-1", KeyID: s.ID}, got)
		})
	}
}

func TestTestEvent(t *testing.T) {
	t.Parallel()
	got := domain.TestEvent("ws-1", webhookID, "evt_1", byOwner, now)
	if want := `{"type":"webhook.test","timestamp":"2026-03-21T12:00:00Z","data":{"workspaceId":"ws-1","webhookId":"` + string(webhookID) + `","accountId":"acc-1"}}`; string(got.Body) != want {
		t.Errorf("body\n%s, want\n%s", got.Body, want)
	}
	got.Body = nil
	wantSame(t, "event", domain.WebhookEvent{ID: "evt_1", Type: domain.WebhookTest, At: at, Workspace: "ws-1"}, got)
}

func TestExpiryWarning_ReturnsTheNearestThatIsDue(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	long := end.Add(-365 * days)
	for name, tc := range map[string]struct {
		before  time.Duration // the expiry
		created time.Time
		want    string // empty: none
	}{
		"more than 30 days before":           {30*days + time.Microsecond, long, ""},
		"30 days before":                     {30 * days, long, "expiring-30"},
		"more than 7 days before":            {7*days + time.Microsecond, long, "expiring-30"},
		"7 days before":                      {7 * days, long, "expiring-7"},
		"more than a day before":             {days + time.Microsecond, long, "expiring-7"},
		"a day before":                       {days, long, "expiring-1"},
		"just before":                        {time.Microsecond, long, "expiring-1"},
		"at the expiry":                      {0, long, "expired"},
		"7 days after":                       {-7 * days, long, "expired"},
		"more than 7 days after":             {-7*days - time.Microsecond, long, ""},
		"created 30 days before":             {20 * days, end.Add(-30 * days), "expiring-30"},
		"created less than 30 days before":   {20 * days, end.Add(-30*days + time.Microsecond), ""},
		"created 29 days before, after that": {7 * days, end.Add(-29 * days), "expiring-7"},
		"created less than 7 days before":    {2 * days, end.Add(-7*days + time.Microsecond), ""},
		"created 6 days before, after that":  {days, end.Add(-6 * days), "expiring-1"},
		"created less than a day before":     {time.Hour, end.Add(-days + time.Microsecond), ""},
		"created an hour before, after that": {0, end.Add(-time.Hour), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := webhookSnapshot(t)
			s.CreatedAt, s.ExpiresAt = tc.created, end
			got, due := domain.ExpiryWarning(s, end.Add(-tc.before))
			if due != (tc.want != "") {
				t.Fatalf("due: %t (%q), want %q", due, got.Kind, tc.want)
			}
			if due {
				wantSame(t, "warning", domain.Warning{Workspace: "ws-1", KeyID: s.ID, Kind: tc.want, Due: end}, got)
			}
			if due && got.Lasts() {
				t.Error("it lasts")
			}
			s.Disabled = true
			if _, disabledDue := domain.ExpiryWarning(s, end.Add(-tc.before)); disabledDue != due {
				t.Error("it depends on whether the key is disabled")
			}
			s.DeletedAt = long
			if _, due := domain.ExpiryWarning(s, end.Add(-tc.before)); due {
				t.Error("due for a deleted key")
			}
			s.DeletedAt, s.ExpiresAt = time.Time{}, time.Time{}
			if _, due := domain.ExpiryWarning(s, end.Add(-tc.before)); due {
				t.Error("due for a key that never expires")
			}
		})
	}
}

func TestWarnedLimit_IsOncePerWindow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limit domain.Limit
		kind  string
		due   time.Time
		ok    bool
		lasts bool
	}{
		"a minute":           {newRateLimits(t, "burst", 5, 60)[0], "limit burst 60", time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC), false, false},
		"just below an hour": {newRateLimits(t, "burst", 5, 3599)[0], "limit burst 3599", time.Unix(at.Unix()/3599*3599, 0).UTC(), false, false},
		"an hour":            {newRateLimits(t, "total", 5, 3600)[0], "limit total 3600", time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC), true, false},
		"a day":              {newQuota(t, 5, "DAY"), "limit quota DAY", time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC), true, false},
		"a month":            {newQuota(t, 5, "MONTH"), "limit quota MONTH", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), true, false},
		"all time":           {newQuota(t, 5, "TOTAL"), "limit quota TOTAL", time.Unix(0, 0).UTC(), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := domain.WarnedLimit("ws-1", "sk_live_1", tc.limit, tc.limit.Window.Start(now))
			if ok != tc.ok || got.Lasts() != tc.lasts {
				t.Errorf("warned: %t, lasts: %t", ok, got.Lasts())
			}
			wantSame(t, "warning", domain.Warning{Workspace: "ws-1", KeyID: "sk_live_1", Kind: tc.kind, Due: tc.due}, got)
		})
	}
}
