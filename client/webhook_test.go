package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

func TestManager_DrivesTheWholeLifeOfAWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owned := w.manager(t, ownerToken).Workspace(ws)
	ctx := t.Context()

	created, err := owned.CreateWebhook(ctx, client.WebhookSpec{URL: "https://hooks.example.com", Events: []string{"api_key.deleted"}, Description: "Paging"})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Webhook{
		ID: created.Webhook.ID, URL: "https://hooks.example.com", Events: []domain.WebhookEventType{domain.WebhookKeyDeleted},
		Description: "Paging", Enabled: true, CreatedAt: now.Truncate(time.Second), CreatedBy: "acc-7",
	}
	if diff := cmp.Diff(want, created.Webhook); diff != "" || !strings.HasPrefix(created.Secret.Reveal(), "whsec_") {
		t.Errorf("CreateWebhook() (-want +got):\n%s", diff)
	}
	hidden := struct{ created client.CreatedWebhook }{created}
	if printed := fmt.Sprintf("%v %+v %#v %v", created, created, created, hidden); strings.Contains(printed, "whsec_") {
		t.Error("the secret is printed")
	}
	list, err := owned.ListWebhooks(ctx, 0, 10)
	if diff := cmp.Diff(client.WebhookPage{Webhooks: []client.Webhook{want}, Total: 1}, list); err != nil || diff != "" {
		t.Errorf("ListWebhooks() (-want +got): %v\n%s", err, diff)
	}
	if err := owned.TestWebhook(ctx, want.ID); err != nil {
		t.Errorf("TestWebhook: %v", err)
	}
	deliveries, err := owned.ListDeliveries(ctx, want.ID, "", 0, 0)
	if err != nil || deliveries.Total != 1 || deliveries.Deliveries[0].EventType != domain.WebhookTest {
		t.Fatalf("ListDeliveries() = %+v, %v", deliveries, err)
	}
	if err := owned.RetryDelivery(ctx, want.ID, deliveries.Deliveries[0].ID); err != nil {
		t.Errorf("RetryDelivery: %v", err)
	}
	off, all := false, []string{}
	changed, err := owned.UpdateWebhook(ctx, want.ID, client.WebhookPatch{Enabled: &off, Events: &all})
	if err != nil || changed.Enabled || changed.DisabledReason != domain.DisabledByOwner || changed.Events != nil {
		t.Errorf("UpdateWebhook() = %+v, %v", changed, err)
	}
	if err := owned.TestWebhook(ctx, want.ID); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("a test of a disabled webhook: %v", err)
	}
	rotated, err := owned.RotateWebhook(ctx, want.ID)
	if err != nil || rotated.Secret.Reveal() == created.Secret.Reveal() {
		t.Errorf("RotateWebhook: %v", err)
	}
	if err := owned.DeleteWebhook(ctx, want.ID); err != nil {
		t.Errorf("DeleteWebhook: %v", err)
	}
	for _, id := range []domain.WebhookID{want.ID, "wh_malformed"} {
		if _, err := owned.GetWebhook(ctx, id); !errors.Is(err, domain.ErrWebhookNotFound) {
			t.Errorf("GetWebhook(%s) after DeleteWebhook: %v", id, err)
		}
	}
}
