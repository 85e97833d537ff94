package domain

import (
	"cmp"
	"slices"
	"time"
)

// MaxNamedWebhooks is how many webhooks a [SealingUse] names.
const MaxNamedWebhooks = 20

// SealingUse describes what depends on a sealing key: the webhooks that have a signing
// secret sealed under it.
type SealingUse struct {
	Webhooks int64 // in all
	// First are the first [MaxNamedWebhooks] of them, ordered by workspace and ID.
	First []SealedWebhook
}

// SealedWebhook is a webhook with a secret sealed under a sealing key.
type SealedWebhook struct {
	ID        WebhookID
	Workspace WorkspaceID
	// Previous reports whether only the webhook's previous secret is sealed under the key.
	// If that key is lost, deliveries are signed with the current secret only. If the
	// current secret is lost, nothing is delivered.
	Previous bool
}

// String returns the ID and the workspace, and a note if only the previous secret is
// affected.
func (w SealedWebhook) String() string {
	text := string(w.ID) + " in " + string(w.Workspace)
	if w.Previous {
		text += " (previous secret)"
	}
	return text
}

// SealingUses returns what depends on each sealing key at now, by the ID of the key.
func SealingUses(webhooks []*Webhook, now time.Time) map[string]SealingUse {
	all := map[string][]SealedWebhook{}
	for _, w := range webhooks {
		var seen []string
		for i, s := range w.SigningSecrets(now) {
			if !slices.Contains(seen, s.KeyID) {
				seen = append(seen, s.KeyID)
				all[s.KeyID] = append(all[s.KeyID], SealedWebhook{ID: w.ID, Workspace: w.Workspace, Previous: i > 0})
			}
		}
	}
	uses := make(map[string]SealingUse, len(all))
	for key, of := range all {
		slices.SortFunc(of, func(a, b SealedWebhook) int {
			return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.ID, b.ID))
		})
		uses[key] = SealingUse{Webhooks: int64(len(of)), First: slices.Clone(of[:min(len(of), MaxNamedWebhooks)])}
	}
	return uses
}

// Ended reports whether s no longer signs at now.
func (s SealedSecret) Ended(now time.Time) bool { return ended(s.ValidUntil, now) }
