package postgres_test

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// A change of a webhook locks it before its deliveries. A report that did so in the other
// order would deadlock with it.
func TestReport_LocksAWebhookBeforeItsDeliveries(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	repo := openDSN(t, dsn)
	id := domain.WebhookID("wh_0000000000000000000000")
	draft := domain.WebhookDraft{Workspace: "ws_a", URL: "https://example.com/"}
	webhook, event := domain.NewWebhook(draft, id, domain.SealedSecret{KeyID: "s1"}, newEventID(t), domain.Author{}, time.Now())
	if err := repo.CreateWebhook(t.Context(), webhook, event, nil); err != nil {
		t.Fatal(err)
	}
	if err := repo.TestWebhook(t.Context(), "ws_a", id, domain.TestEvent("ws_a", id, newEventID(t), domain.Author{}, time.Now()), nil); err != nil {
		t.Fatal(err)
	}
	due, err := repo.Claim(t.Context(), ports.ClaimRequest{Limit: 1, PerWebhook: 1, Lease: time.Minute})
	if err != nil || len(due) != 1 {
		t.Fatalf("claimed %d, %v", len(due), err)
	}
	other, lock := lockedBy(t, dsn, `SELECT FROM api_key_webhooks WHERE id = $1 FOR UPDATE`, string(id))
	reported := make(chan error, 1)
	outcome := ports.Outcome{Delivery: due[0].ID, Webhook: id, Claim: due[0].Claim, URL: due[0].URL, Kind: ports.OutcomeRetry, Status: 500, RetryAfter: time.Hour, EventID: newEventID(t)}
	go func() {
		_, err := repo.Report(t.Context(), []ports.Outcome{outcome})
		reported <- err
	}()
	for waiting := 0; waiting == 0; {
		if err := other.GetContext(t.Context(), &waiting, waitingChanges); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lock.ExecContext(t.Context(), `SELECT FROM api_key_deliveries WHERE webhook_id = $1 FOR UPDATE NOWAIT`, string(id)); err != nil {
		t.Errorf("while the report waits for the webhook, its delivery is locked: %v", err)
	}
	_ = lock.Rollback()
	if err := <-reported; err != nil {
		t.Error(err)
	}
	page, err := repo.Deliveries(t.Context(), "ws_a", id, "", domain.Page{})
	if err != nil || page.Deliveries[0].LastStatus != 500 {
		t.Errorf("deliveries = %+v, %v", page, err)
	}
}
