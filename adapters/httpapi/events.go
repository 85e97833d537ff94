package httpapi

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// listEvents serves GET on the audit trail of a key.
func (a *API) listEvents(x *exchange, ws *application.Workspace) error {
	page, faults := toPageQuery(x.Request().URL.RawQuery)
	if faults != nil {
		return faults.Err()
	}
	id, err := x.keyInPath()
	if err != nil {
		return err
	}
	list, err := carryOut(x, func(ctx context.Context) (ports.EventPage, error) {
		return ws.KeyEvents(ctx, id, page)
	})
	if err != nil {
		return err
	}
	return x.succeed(http.StatusOK, toPage(list.Events, toEventBody, page, list.Total))
}

func toPageQuery(query string) (domain.Page, domain.Faults) {
	number, size := int64(0), int64(domain.DefaultPageSize)
	if faults := form.DecodeQuery(query, pageParameters(&number, &size)...); faults != nil {
		return domain.Page{}, faults
	}
	return domain.NewPage(number, size)
}

// eventBody is one entry of the trail, in the contract's order.
type eventBody struct {
	EventID    string           `json:"eventId"`
	Type       domain.EventType `json:"type"`
	At         string           `json:"at"`
	AccountID  string           `json:"accountId"`
	Portal     domain.Portal    `json:"portal"`
	ClientHash string           `json:"clientHash"`
	IP         *string          `json:"ip"` // null if unknown
	RequestID  string           `json:"requestId"`
	Changes    []changeBody     `json:"changes"`
}

// changeBody is the change of one attribute: strings, lists of strings, or null
// for none.
type changeBody struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

func toEventBody(e domain.Event) eventBody {
	changes := make([]changeBody, len(e.Changes))
	for i, c := range e.Changes {
		changes[i] = changeBody(c)
	}
	return eventBody{
		EventID:    e.ID,
		Type:       e.Type,
		At:         rfc3339(e.At),
		AccountID:  e.By.AccountID,
		Portal:     e.By.Portal,
		ClientHash: e.By.ClientHash,
		IP:         addressOrNull(e.By.IP),
		RequestID:  e.By.RequestID,
		Changes:    changes,
	}
}

// addressOrNull returns nil for an unknown address.
func addressOrNull(addr netip.Addr) *string {
	if !addr.IsValid() {
		return nil
	}
	text := addr.String()
	return &text
}
