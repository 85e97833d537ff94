package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// A change of a webhook locks the webhook before its deliveries. A report that locked
// them in the other order would deadlock with it.
func TestReport_LocksAWebhookBeforeItsDeliveries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, reported ports.OutcomeKind
		status           int
	}{
		"after a failure":                        {ports.OutcomeReturned, ports.OutcomeRetry, 500},
		"after a success that follows a failure": {ports.OutcomeRetry, ports.OutcomeDelivered, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			repo := openDSN(t, dsn)
			id := testedWebhook(t, repo)
			if _, err := repo.Report(t.Context(), []ports.Outcome{claimedOutcome(t, repo, tc.before, 500)}); err != nil {
				t.Fatal(err)
			}
			outcome := claimedOutcome(t, repo, tc.reported, tc.status)
			other, lock := lockedBy(t, dsn, `SELECT FROM api_key_webhooks WHERE id = $1 FOR UPDATE`, string(id))
			reported := reportWaiting(t, repo, other, outcome)
			if _, err := lock.ExecContext(t.Context(), `SELECT FROM api_key_deliveries WHERE webhook_id = $1 FOR UPDATE NOWAIT`, string(id)); err != nil {
				t.Errorf("while the report waits for the webhook, its delivery is locked: %v", err)
			}
			_ = lock.Rollback()
			if err := <-reported; err != nil {
				t.Error(err)
			}
			page, err := repo.Deliveries(t.Context(), "ws_a", id, "", domain.Page{})
			if err != nil || page.Deliveries[0].LastStatus != tc.status {
				t.Errorf("deliveries = %+v, %v", page, err)
			}
			found, err := repo.Webhook(t.Context(), "ws_a", id)
			if err != nil || found.FailingSince.IsZero() != (tc.reported == ports.OutcomeDelivered) {
				t.Errorf("webhook = %+v, %v", found, err)
			}
		})
	}
}

func TestReport_WaitsForAChangeOfTheURL(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := testedWebhook(t, repo)
	gone := claimedOutcome(t, repo, ports.OutcomeGone, 410)
	other, change := lockedBy(t, dsn, `UPDATE api_key_webhooks SET url = 'https://new.example/' WHERE id = $1`, string(id))
	reported := reportWaiting(t, repo, other, gone)
	if err := errors.Join(change.Commit(), <-reported); err != nil {
		t.Fatal(err)
	}
	if found, err := repo.Webhook(t.Context(), "ws_a", id); err != nil || !found.Enabled {
		t.Errorf("webhook = %+v, %v", found, err)
	}
	if again := claimedOutcome(t, repo, ports.OutcomeDelivered, 200); again.URL != "https://new.example/" {
		t.Errorf("due: %+v", again)
	}
}

// reportWaiting reports an outcome in a goroutine, and returns when the report waits for a
// lock.
func reportWaiting(t *testing.T, repo *postgres.KeyRepository, other *sqlx.DB, outcome ports.Outcome) <-chan error {
	t.Helper()
	return startWaiting(t, other, func() error {
		_, err := repo.Report(t.Context(), []ports.Outcome{outcome})
		return err
	})
}

// startWaiting calls call in a goroutine, and returns when call waits for a lock.
func startWaiting(t *testing.T, other *sqlx.DB, call func() error) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	for waiting := 0; waiting == 0; {
		if err := other.GetContext(t.Context(), &waiting, waitingChanges); err != nil {
			t.Fatal(err)
		}
	}
	return ended
}

func TestUpdateWebhook_DropsWhatIsJustClaimed(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := testedWebhook(t, repo)
	other, claim := lockedBy(t, dsn, `UPDATE api_key_deliveries SET claim = claim + 1, leased_until = now() + interval '1 minute' WHERE webhook_id = $1`, string(id))
	disabled := startWaiting(t, other, func() error {
		return repo.UpdateWebhook(t.Context(), "ws_a", id, func(w *domain.Webhook) (domain.Event, error) {
			return w.Revise(domain.WebhookRevision{Enabled: new(bool)}, newEventID(t), domain.Author{}, time.Now()), nil
		}, nil)
	})
	if err := errors.Join(claim.Commit(), <-disabled); err != nil {
		t.Fatal(err)
	}
	page, err := repo.Deliveries(t.Context(), "ws_a", id, "", domain.Page{})
	if err != nil || page.Deliveries[0].Status != domain.DeliveryDropped {
		t.Errorf("deliveries = %+v, %v; want them dropped", page, err)
	}
}

func TestForgetDeliveries_DropsWhatIsJustReported(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := testedWebhook(t, repo)
	exec(t, dsn, `UPDATE api_key_webhooks SET enabled = false WHERE id = $1`, string(id))
	other, report := lockedBy(t, dsn, `UPDATE api_key_deliveries SET attempts = attempts + 1, due_at = now() + interval '1 minute' WHERE webhook_id = $1`, string(id))
	swept := startWaiting(t, other, func() error {
		_, err := repo.ForgetDeliveries(t.Context(), 10)
		return err
	})
	if err := errors.Join(report.Commit(), <-swept); err != nil {
		t.Fatal(err)
	}
	page, err := repo.Deliveries(t.Context(), "ws_a", id, "", domain.Page{})
	if err != nil || page.Deliveries[0].Status != domain.DeliveryDropped {
		t.Errorf("deliveries = %+v, %v; want them dropped", page, err)
	}
}

// testedWebhook returns a new webhook with one delivery.
func testedWebhook(t *testing.T, repo *postgres.KeyRepository) domain.WebhookID {
	t.Helper()
	id := domain.WebhookID("wh_0000000000000000000000")
	draft := domain.WebhookDraft{Workspace: "ws_a", URL: "https://example.com/"}
	webhook, event := domain.NewWebhook(draft, id, domain.SealedSecret{KeyID: "s1"}, newEventID(t), domain.Author{}, time.Now())
	if err := repo.CreateWebhook(t.Context(), webhook, event, nil); err != nil {
		t.Fatal(err)
	}
	if err := repo.TestWebhook(t.Context(), "ws_a", id, domain.TestEvent("ws_a", id, newEventID(t), domain.Author{}, time.Now()), nil); err != nil {
		t.Fatal(err)
	}
	return id
}

// claimedOutcome claims the one delivery that is due, and returns an outcome of it.
func claimedOutcome(t *testing.T, repo *postgres.KeyRepository, kind ports.OutcomeKind, status int) ports.Outcome {
	t.Helper()
	due, err := repo.Claim(t.Context(), ports.ClaimRequest{Limit: 1, PerWebhook: 1, Lease: time.Minute})
	if err != nil || len(due) != 1 {
		t.Fatalf("claimed %d, %v", len(due), err)
	}
	return ports.Outcome{Delivery: due[0].ID, Webhook: due[0].Webhook, Claim: due[0].Claim, URL: due[0].URL, Kind: kind, Status: status, EventID: newEventID(t)}
}
