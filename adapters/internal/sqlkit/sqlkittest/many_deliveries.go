package sqlkittest

import (
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

// InsertDeliveries inserts a number of pending deliveries of a webhook, the first argument
// and the last.
const InsertDeliveries = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(? AS integer))
INSERT INTO api_key_deliveries (webhook_id, id, type, body, created_at, due_at)
SELECT w.id, 'dlv_' || n.i || CAST(? AS text), 'webhook.test', '{}', w.created_at, w.created_at FROM n JOIN api_key_webhooks w ON w.id = ?`

// RunManyDeliveries tests webhooks with more pending deliveries than a transaction drops.
// insert must run a statement, with ? for arguments, bypassing the store.
func RunManyDeliveries(t *testing.T, store portstest.WebhookedStore, insert func(t testing.TB, statement string, args ...any)) {
	const many = 2*sqlkit.DropBatch + 10
	add := func(t *testing.T, h hooks, name string) { insert(t, InsertDeliveries, many, name, string(h.damaged)) }
	enable := func(t *testing.T, h hooks, on bool) {
		t.Helper()
		h.change(t, func(w *domain.Webhook) domain.Event {
			return w.Revise(domain.WebhookRevision{Enabled: &on}, newEvent(t), author, time.Now())
		})
	}
	t.Run("stopped by the owner", func(t *testing.T) {
		h := newHooks(t, store, 200)
		add(t, h, "a")
		enable(t, h, false)
		h.sweep(t)
		if n := h.pending(t); n != 0 {
			t.Errorf("%d deliveries are pending after the sweep", n)
		}
	})
	t.Run("started before the sweep", func(t *testing.T) {
		h := newHooks(t, store, 201)
		enable(t, h, false)
		add(t, h, "a")
		enable(t, h, true)
		if n := h.pending(t); n != 0 {
			t.Errorf("%d earlier deliveries are pending", n)
		}
		add(t, h, "b")
		enable(t, h, true) // changes nothing
		if n := h.pending(t); n != many {
			t.Errorf("%d deliveries are pending, want %d", n, many)
		}
	})
	t.Run("stopped by a receiver that is gone", func(t *testing.T) {
		h := newHooks(t, store, 202)
		add(t, h, "a")
		due, err := h.Claim(t.Context(), ports.ClaimRequest{Limit: 1, PerWebhook: 1, Lease: time.Minute, Except: []domain.WebhookID{h.sound}})
		for err == nil && len(due) > 0 && due[0].Webhook != h.damaged { // of another case
			due, err = h.Claim(t.Context(), ports.ClaimRequest{Limit: 1, PerWebhook: 1, Lease: time.Minute, Except: []domain.WebhookID{h.sound, due[0].Webhook}})
		}
		if err != nil || len(due) != 1 {
			t.Fatalf("claimed %d, %v", len(due), err)
		}
		gone := ports.Outcome{Delivery: due[0].ID, Webhook: h.damaged, Claim: due[0].Claim, URL: due[0].URL, Kind: ports.OutcomeGone, Status: 410, EventID: newEvent(t)}
		if stopped, err := h.Report(t.Context(), []ports.Outcome{gone}); err != nil || len(stopped) != 1 {
			t.Errorf("stopped %v, %v", stopped, err)
		}
		h.sweep(t)
		if n := h.pending(t); n != 0 {
			t.Errorf("%d deliveries are pending after the sweep", n)
		}
	})
}

// sweep removes and drops in batches until nothing is left to do.
func (h hooks) sweep(t *testing.T) {
	t.Helper()
	const batch = 500
	for n := batch; n == batch; {
		var err error
		if n, err = h.ForgetDeliveries(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

// pending returns the number of pending deliveries of the first webhook.
func (h hooks) pending(t *testing.T) int64 {
	t.Helper()
	page, _ := domain.NewPage(0, 1)
	list, err := h.Deliveries(t.Context(), h.workspace, h.damaged, domain.DeliveryPending, page)
	if err != nil {
		t.Fatal(err)
	}
	return list.Total
}
