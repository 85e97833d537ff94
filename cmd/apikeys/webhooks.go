package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

type webhooksCmd struct {
	Workspace string   `short:"w" required:"" placeholder:"ID" help:"Workspace of the webhooks."`
	Output    string   `short:"o" default:"table" enum:"table,json" help:"How results are written: ${enum} (${default})."`
	Quiet     bool     `short:"q" help:"Write only IDs, or a new secret, and nothing to standard error but errors."`
	Operator  string   `placeholder:"NAME" help:"Your name in the audit trail, as operator:NAME (that of your account on this machine)."`
	Settings  settings `embed:""`

	List       webhooksListCmd       `cmd:"" help:"List the webhooks of a workspace."`
	Show       webhooksShowCmd       `cmd:"" help:"Show a webhook."`
	Create     webhooksCreateCmd     `cmd:"" help:"Create a webhook and show its secret, once."`
	Update     webhooksUpdateCmd     `cmd:"" help:"Change, disable or enable a webhook."`
	Rotate     webhooksRotateCmd     `cmd:"" help:"Give a webhook a new secret; the old one also signs for 24 hours."`
	Test       webhooksTestCmd       `cmd:"" help:"Send a test event to a webhook."`
	Delete     webhooksDeleteCmd     `cmd:"" help:"Delete a webhook permanently."`
	Events     webhooksEventsCmd     `cmd:"" help:"Show the audit trail of a webhook, even of a deleted one."`
	Deliveries webhooksDeliveriesCmd `cmd:"" help:"List the deliveries of a webhook of the last 30 days."`
	Retry      webhooksRetryCmd      `cmd:"" help:"Retry a delivery."`
}

// Help is shown below the usage of the command.
func (webhooksCmd) Help() string {
	return `These commands work directly on the store; running services send the deliveries. They need APIKEYS_DATABASE_URL, and those that create a secret also need APIKEYS_SEALING_KEYS. They need neither a token nor a running service.

  apikeys webhooks list --workspace ws_1
  apikeys webhooks create --workspace ws_1 --url https://hooks.example.com/keys --event api_key.expiring --secret-file hook.secret
  apikeys webhooks deliveries --workspace ws_1 --status FAILED wh_5mCJ2y8Rk0sVbN7xQ4dTgL

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 no such webhook, 4 refused, 5 store unreachable, 78 wrong configuration.`
}

// work opens the store like the commands on keys, and calls do with the workspace.
func (c *webhooksCmd) work(ctx context.Context, given *inputs, io streams, n needs, do func(context.Context, *desk, *apikeys.Workspace) error) error {
	keys := &keysCmd{Workspace: c.Workspace, Output: c.Output, Quiet: c.Quiet, Operator: c.Operator, Settings: c.Settings}
	return keys.work(ctx, given, io, n, func(ctx context.Context, d *desk) error { return do(ctx, d, d.in(d.workspace)) })
}

// webhookID is the argument of commands on one webhook.
type webhookID struct {
	ID string `arg:"" help:"ID of the webhook."`
}

func (w webhookID) parse() (domain.WebhookID, error) {
	id, ok := domain.ParseWebhookID(w.ID)
	if !ok {
		return "", misuse("a webhook ID is wh_ and 22 letters and digits")
	}
	return id, nil
}

// about calls do with the webhook of the argument.
func (w webhookID) about(ctx context.Context, of *cli, given *inputs, io streams, n needs, do func(context.Context, *desk, *apikeys.Workspace, domain.WebhookID) error) error {
	id, err := w.parse()
	if err != nil {
		return err
	}
	return of.Webhooks.work(ctx, given, io, n, func(ctx context.Context, d *desk, ws *apikeys.Workspace) error {
		if err := do(ctx, d, ws, id); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		return nil
	})
}

// webhookRecord is a webhook in the JSON output.
type webhookRecord struct {
	WebhookID      domain.WebhookID          `json:"webhookId"`
	WorkspaceID    domain.WorkspaceID        `json:"workspaceId"`
	URL            string                    `json:"url"`
	Events         []domain.WebhookEventType `json:"events"`
	Description    string                    `json:"description"`
	Enabled        bool                      `json:"enabled"`
	DisabledReason *domain.DisabledReason    `json:"disabledReason"`
	CreatedAt      string                    `json:"createdAt"`
	CreatedBy      string                    `json:"createdBy"`
	Secret         string                    `json:"secret,omitempty"`
	SecretFile     string                    `json:"secretFile,omitempty"`
}

func toWebhookRecord(w *domain.Webhook) webhookRecord {
	record := webhookRecord{
		WebhookID: w.ID, WorkspaceID: w.Workspace, URL: w.URL, Events: append([]domain.WebhookEventType{}, w.Events...),
		Description: w.Description, Enabled: w.Enabled, CreatedAt: rfc3339(w.CreatedAt), CreatedBy: w.CreatedBy,
	}
	if w.DisabledReason != "" {
		record.DisabledReason = &w.DisabledReason
	}
	return record
}

func (r webhookRecord) status() cell {
	if r.Enabled {
		return cell{"enabled", green}
	}
	return cell{"disabled: " + string(*r.DisabledReason), red}
}

func (r webhookRecord) events() string {
	var names []string
	for _, t := range r.Events {
		names = append(names, string(t))
	}
	return strings.Join(orNone(names, "all"), ", ")
}

// printWebhook writes all properties of a webhook.
func (d *desk) printWebhook(r webhookRecord) error {
	switch {
	case d.of.Quiet && r.Secret != "":
		return d.printText(r.Secret)
	case d.of.Quiet:
		return d.printText(string(r.WebhookID))
	case d.of.Output == "json":
		return d.printJSON(r)
	}
	err := d.printRows([][]cell{
		plainCells("webhook", string(r.WebhookID)),
		plainCells("workspace", string(r.WorkspaceID)),
		plainCells("url", r.URL),
		plainCells("events", r.events()),
		plainCells("description", r.Description),
		{{text: "status"}, r.status()},
		plainCells("created", r.CreatedAt+" by "+r.CreatedBy),
	})
	if err != nil || r.Secret == "" {
		return err
	}
	d.say("the secret is shown only now and is stored only encrypted:")
	return d.printText("secret       " + r.Secret)
}

type webhooksListCmd struct{}

// Run lists webhooks.
func (*webhooksListCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Webhooks.work(ctx, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace) error {
		page, _ := domain.NewPage(0, domain.MaxPageSize)
		list, err := ws.ListWebhooks(ctx, page)
		if err != nil {
			return err
		}
		records := make([]webhookRecord, len(list.Webhooks))
		rows := make([][]cell, len(list.Webhooks))
		var ids []string
		for i, w := range list.Webhooks {
			r := toWebhookRecord(w)
			records[i], ids = r, append(ids, string(r.WebhookID))
			rows[i] = append(plainCells(string(r.WebhookID), r.URL, r.events()), r.status())
		}
		switch {
		case d.of.Quiet:
			return d.printText(ids...)
		case d.of.Output == "json":
			return d.printJSON(map[string]any{"items": records, "total": list.Total})
		case len(rows) == 0:
			d.say("no webhooks")
			return nil
		}
		return d.printTable([]string{"WEBHOOK", "URL", "EVENTS", "STATUS"}, rows)
	})
}

type webhooksShowCmd struct{ webhookID }

// Run shows a webhook.
func (c *webhooksShowCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		w, err := ws.GetWebhook(ctx, id)
		if err != nil {
			return err
		}
		return d.printWebhook(toWebhookRecord(w))
	})
}

type webhooksCreateCmd struct {
	URL         string      `required:"" placeholder:"URL" help:"Where the events are sent: https on port 443 or 8443."`
	Event       []string    `placeholder:"TYPE" help:"Event to send, such as api_key.expiring; may be repeated. Without any, all events are sent."`
	Description string      `placeholder:"TEXT" help:"What the webhook is for."`
	Secret      secretFlags `embed:""`
}

// Run creates a webhook.
func (c *webhooksCreateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return of.Webhooks.work(ctx, given, io, needs{sealing: true}, func(ctx context.Context, d *desk, ws *apikeys.Workspace) error {
		return d.withSecret(c.Secret, func() (newlyIssued, error) {
			return d.issuedWebhook(ws.CreateWebhook(ctx, domain.WebhookSpec{URL: c.URL, Events: c.Event, Description: c.Description}))
		})
	})
}

// issuedWebhook takes the results of the use cases that issue a secret of a webhook.
func (d *desk) issuedWebhook(created apikeys.CreatedWebhook, err error) (newlyIssued, error) {
	if err != nil {
		return newlyIssued{}, err
	}
	record := toWebhookRecord(created.Webhook)
	return newlyIssued{string(record.WebhookID), created.Secret, func(secret, file string) error {
		record.Secret, record.SecretFile = secret, file
		return d.printWebhook(record)
	}}, nil
}

type webhooksUpdateCmd struct {
	webhookID
	URL         *string  `placeholder:"URL" help:"New URL."`
	Event       []string `xor:"events" placeholder:"TYPE" help:"Send only these events; may be repeated."`
	AllEvents   bool     `xor:"events" help:"Send all events."`
	Description *string  `placeholder:"TEXT" help:"What the webhook is for."`
	Enable      bool     `xor:"enabled" help:"Enable it."`
	Disable     bool     `xor:"enabled" help:"Disable it, and drop its pending deliveries."`
}

// Run changes a webhook.
func (c *webhooksUpdateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	patch := domain.WebhookPatch{URL: c.URL, Description: c.Description}
	if c.AllEvents || len(c.Event) > 0 {
		patch.Events = &c.Event
	}
	if c.Enable || c.Disable {
		patch.Enabled = &c.Enable
	}
	if patch.URL == nil && patch.Events == nil && patch.Description == nil && patch.Enabled == nil {
		return misuse("update needs something to change; see 'apikeys webhooks update --help'")
	}
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		w, err := ws.UpdateWebhook(ctx, id, patch)
		if err != nil {
			return err
		}
		return d.printWebhook(toWebhookRecord(w))
	})
}

type webhooksRotateCmd struct {
	webhookID
	Secret secretFlags `embed:""`
}

// Run gives a webhook a new secret.
func (c *webhooksRotateCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return c.about(ctx, of, given, io, needs{sealing: true}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		return d.withSecret(c.Secret, func() (newlyIssued, error) { return d.issuedWebhook(ws.RotateWebhook(ctx, id)) })
	})
}

type webhooksTestCmd struct{ webhookID }

// Run queues a test event.
func (c *webhooksTestCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		if err := ws.TestWebhook(ctx, id); err != nil {
			return err
		}
		d.say("%s: a test event will be delivered", id)
		return nil
	})
}

type webhooksDeleteCmd struct {
	webhookID
	Yes bool `short:"y" help:"Do not ask."`
}

// Run deletes a webhook.
func (c *webhooksDeleteCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		w, err := ws.GetWebhook(ctx, id)
		if err != nil {
			return err
		}
		if !c.Yes {
			if !d.canAsk() {
				return cannotAsk("delete")
			}
			if err := d.ask(false, fmt.Sprintf("delete %s, %q?", id, w.URL)); err != nil {
				return err
			}
		}
		if err := ws.DeleteWebhook(ctx, id); err != nil {
			return err
		}
		d.say("%s: deleted", id)
		return nil
	})
}

type webhooksEventsCmd struct{ webhookID }

// Run shows the audit trail of a webhook.
func (c *webhooksEventsCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		page, _ := domain.NewPage(0, domain.MaxPageSize)
		trail, err := ws.WebhookEvents(ctx, id, page)
		if err != nil {
			return err
		}
		return d.printEvents(trail.Events, trail.Total)
	})
}

type webhooksDeliveriesCmd struct {
	webhookID
	Status string `placeholder:"STATUS" help:"Only deliveries that are PENDING, DELIVERED, FAILED or DROPPED."`
	Page   int64  `placeholder:"N" help:"Number of the page, from 0."`
}

// deliveryRecord is a delivery in the JSON output.
type deliveryRecord struct {
	DeliveryID    domain.DeliveryID       `json:"deliveryId"`
	EventType     domain.WebhookEventType `json:"eventType"`
	APIKeyID      domain.KeyID            `json:"apiKeyId,omitempty"`
	Status        domain.DeliveryStatus   `json:"status"`
	Attempts      int                     `json:"attempts"`
	LastAttemptAt *string                 `json:"lastAttemptAt"`
	LastStatus    int                     `json:"lastStatus,omitempty"`
	NextAttemptAt *string                 `json:"nextAttemptAt"`
}

// Run lists deliveries.
func (c *webhooksDeliveriesCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	var status domain.DeliveryStatus
	page, faults := domain.NewPage(c.Page, domain.MaxPageSize)
	if c.Status != "" {
		var f domain.Faults
		status, f = domain.ParseDeliveryStatus(c.Status)
		faults = append(faults, f.At("--status")...)
	}
	if faults != nil {
		return misuse("--status must be PENDING, DELIVERED, FAILED or DROPPED, and --page at least 0")
	}
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		list, err := ws.ListDeliveries(ctx, id, status, page)
		if err != nil {
			return err
		}
		return d.printDeliveries(list.Deliveries, list.Total)
	})
}

func (d *desk) printDeliveries(deliveries []domain.Delivery, total int64) error {
	records := make([]deliveryRecord, len(deliveries))
	rows := make([][]cell, len(deliveries))
	var ids []string
	for i, v := range deliveries {
		records[i] = deliveryRecord{
			DeliveryID: v.ID, EventType: v.EventType, APIKeyID: v.KeyID, Status: v.Status, Attempts: v.Attempts,
			LastAttemptAt: orNull(v.LastAttemptAt), LastStatus: v.LastStatus, NextAttemptAt: orNull(v.NextAttemptAt),
		}
		ids = append(ids, string(v.ID))
		rows[i] = plainCells(string(v.ID), string(v.EventType), string(v.Status), strconv.Itoa(v.Attempts), strconv.Itoa(v.LastStatus), orDash(records[i].NextAttemptAt))
	}
	switch {
	case d.of.Quiet:
		return d.printText(ids...)
	case d.of.Output == "json":
		return d.printJSON(map[string]any{"items": records, "total": total})
	case len(rows) == 0:
		d.say("no deliveries")
		return nil
	}
	return d.printTable([]string{"DELIVERY", "EVENT", "STATUS", "ATTEMPTS", "RESPONSE", "NEXT ATTEMPT"}, rows)
}

type webhooksRetryCmd struct {
	webhookID
	Delivery string `arg:"" help:"ID of the delivery."`
}

// Run schedules a delivery for another attempt.
func (c *webhooksRetryCmd) Run(ctx context.Context, of *cli, given *inputs, io streams) error {
	delivery, ok := domain.ParseDeliveryID(c.Delivery)
	if !ok {
		return misuse("a delivery ID is dlv_ and letters and digits")
	}
	return c.about(ctx, of, given, io, needs{}, func(ctx context.Context, d *desk, ws *apikeys.Workspace, id domain.WebhookID) error {
		if err := ws.RetryDelivery(ctx, id, delivery); err != nil {
			return err
		}
		d.say("%s: will be attempted again", delivery)
		return nil
	})
}
