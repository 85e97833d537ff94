package webhook

import (
	"encoding/json"
	"fmt"
	"time"
)

// The types of events.
const (
	KeyCreated      = "api_key.created"
	KeyUpdated      = "api_key.updated"
	KeyDisabled     = "api_key.disabled"
	KeyEnabled      = "api_key.enabled"
	KeyRotated      = "api_key.rotated"
	KeyDeleted      = "api_key.deleted"
	KeyLeaked       = "api_key.leaked"
	KeyExpiring     = "api_key.expiring"
	KeyExpired      = "api_key.expired"
	KeyLimitReached = "api_key.limit_reached"
	Test            = "webhook.test" // sent on request of the webhook's owner
)

// Event is the content of a message. It contains no secret.
type Event struct {
	Type      string    `json:"type"` // further types may be added
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data describes the key that an event is about. In a [Test], all fields except the
// workspace are empty.
type Data struct {
	WorkspaceID string `json:"workspaceId"`
	KeyID       string `json:"apiKeyId"`
	Name        string `json:"name"`
	Mode        string `json:"mode"`   // LIVE or TEST
	Status      string `json:"status"` // after the change
	// AccountID is the account that made the change; empty if the cause is time or a
	// limit.
	AccountID string `json:"accountId"`
	// ExpiresAt is when the key expires or has expired. It is set for [KeyExpiring] and
	// [KeyExpired], and zero for all other types.
	ExpiresAt time.Time `json:"expiresAt"`
}

// Parse returns the event in the body of a verified message.
func Parse(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("webhook: %w", err)
	}
	return e, nil
}
