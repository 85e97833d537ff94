package domain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestSealingUses_NameTheWebhooksOfEachKey(t *testing.T) {
	t.Parallel()
	hook := func(workspace domain.WorkspaceID, id string, secrets ...domain.SealedSecret) *domain.Webhook {
		return &domain.Webhook{ID: domain.WebhookID(id), Workspace: workspace, Secrets: secrets}
	}
	until := func(s domain.SealedSecret, end time.Time) domain.SealedSecret {
		s.ValidUntil = end
		return s
	}
	webhooks := []*domain.Webhook{
		hook("ws-2", "wh_1", sealed("s1")),
		hook("ws-1", "wh_3", sealed("s2"), until(sealed("s1"), now.Add(time.Second))),
		hook("ws-1", "wh_2", sealed("s1"), until(sealed("s1"), now.Add(time.Second))),
		hook("ws-1", "wh_4", sealed("s2"), until(sealed("s1"), now)), // signs no more
		hook("ws-1", "wh_5"),
	}
	wantSame(t, "uses", map[string]domain.SealingUse{
		"s1": {Webhooks: 3, First: []domain.SealedWebhook{{ID: "wh_2", Workspace: "ws-1"}, {ID: "wh_3", Workspace: "ws-1", Previous: true}, {ID: "wh_1", Workspace: "ws-2"}}},
		"s2": {Webhooks: 2, First: []domain.SealedWebhook{{ID: "wh_3", Workspace: "ws-1"}, {ID: "wh_4", Workspace: "ws-1"}}},
	}, domain.SealingUses(webhooks, now))

	var many []*domain.Webhook
	for i := range domain.MaxNamedWebhooks + 5 {
		many = append(many, hook("ws-1", fmt.Sprintf("wh_%02d", i), sealed("s1")))
	}
	use := domain.SealingUses(many, now)["s1"]
	if last := use.First[len(use.First)-1]; use.Webhooks != 25 || len(use.First) != 20 || last.String() != "wh_19 in ws-1" {
		t.Errorf("of 25 webhooks: %d, %d named, the last %s", use.Webhooks, len(use.First), last)
	}
	if got := (domain.SealedWebhook{ID: "wh_1", Workspace: "ws-1", Previous: true}).String(); got != "wh_1 in ws-1 (previous secret)" {
		t.Errorf("String() = %q", got)
	}
}
