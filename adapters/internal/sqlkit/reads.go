package sqlkit

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Reads implements the methods of the ports that only read, which are the same on both
// stores. T is the type of times in the database.
type Reads[T any] struct {
	codec   Codec[T]
	dialect Dialect
	queries Queries
	damage  *Damage
	short   Runner
	long    Runner
}

// Runner calls read, a second time if the connection was unusable, and returns its error
// as an error of the domain. If ctx ends first, Runner may return an error while read is
// still running.
type Runner func(ctx context.Context, read func(ctx context.Context) error) error

// NewReads returns the reads of a store. Look-ups by key are run by short. Reads whose
// duration depends on what is stored are run by long.
func NewReads[T any](codec Codec[T], dialect Dialect, queries Queries, damage *Damage, short, long Runner) Reads[T] {
	return Reads[T]{codec: codec, dialect: dialect, queries: queries, damage: damage, short: short, long: long}
}

// Rows reads all rows of a statement into structs.
func Rows[Row any](ctx context.Context, run Runner, statement *Statement, args ...any) ([]Row, error) {
	return readBy(ctx, run, func(ctx context.Context) (rows []Row, err error) {
		err = statement.Select(ctx, &rows, args...)
		return rows, err
	})
}

// readBy returns the result of read. If run returns an error, readBy does not touch the
// result, because read may still be running.
func readBy[R any](ctx context.Context, run Runner, read func(ctx context.Context) (R, error)) (R, error) {
	var result R
	err := run(ctx, func(ctx context.Context) (err error) {
		result, err = read(ctx)
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	return result, nil
}

// found is the result of a statement that reads a page.
type found[Row any] struct {
	rows  []Row
	total int64
}

// Get implements ports.KeyReader.
func (r Reads[T]) Get(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID) (*domain.APIKey, error) {
	return r.key(ctx, r.queries.Get, string(id), string(workspace))
}

// Find implements ports.KeyFinder.
func (r Reads[T]) Find(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.key(ctx, r.queries.Find, string(id))
}

// FindEver implements ports.KeyFinder.
func (r Reads[T]) FindEver(ctx context.Context, id domain.KeyID) (*domain.APIKey, error) {
	return r.key(ctx, r.queries.FindEver, string(id))
}

func (r Reads[T]) key(ctx context.Context, query *Statement, args ...any) (*domain.APIKey, error) {
	rows, err := readBy(ctx, r.short, func(ctx context.Context) ([]KeyRow[T], error) {
		return SelectKeys[T](ctx, query, args...)
	})
	if err != nil {
		return nil, err
	}
	key, err := r.codec.Key(rows)
	r.damage.Key(key)
	return key, err
}

// List implements ports.KeyReader.
func (r Reads[T]) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.keys(ctx, r.codec.KeyList(r.dialect, workspace, filter, order, page))
}

// ListAll implements ports.KeyReader.
func (r Reads[T]) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.keys(ctx, r.codec.AllKeys(r.dialect, filter, order, page))
}

func (r Reads[T]) keys(ctx context.Context, list KeyList) (ports.KeyPage, error) {
	page, err := readBy(ctx, r.long, func(ctx context.Context) (f found[KeyRow[T]], err error) {
		f.rows, f.total, err = SelectKeyList[T](ctx, r.queries.Lists.Of(list), list.Args...)
		return f, err
	})
	if err != nil {
		return ports.KeyPage{}, err
	}
	keys, err := r.codec.KeyPage(page.rows, page.total)
	r.damage.Keys(keys.Keys)
	return keys, err
}

// Events implements ports.EventReader.
func (r Reads[T]) Events(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	return r.events(ctx, r.queries.Events, workspace, id, page)
}

// WebhookEvents implements ports.WebhookRepository.
func (r Reads[T]) WebhookEvents(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, page domain.Page) (ports.EventPage, error) {
	return r.events(ctx, r.queries.WebhookEvents, workspace, domain.KeyID(id), page)
}

func (r Reads[T]) events(ctx context.Context, query *Statement, workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) (ports.EventPage, error) {
	trail, err := readBy(ctx, r.long, func(ctx context.Context) (f found[EventRow[T]], err error) {
		f.rows, f.total, err = SelectEvents[T](ctx, query, ListEventsArgs(workspace, id, page)...)
		return f, err
	})
	if err != nil {
		return ports.EventPage{}, err
	}
	events, unreadable := r.codec.Events(trail.rows)
	r.damage.Events(id, unreadable)
	return ports.EventPage{Events: events, Total: trail.total}, nil
}

// Replayed implements ports.IdempotencyStore.
func (r Reads[T]) Replayed(ctx context.Context, workspace domain.WorkspaceID, idempotency ports.Idempotency) (*ports.Replayed, error) {
	rows, err := Rows[IdempotencyRow[T]](ctx, r.short, r.queries.IdempotencyKey, r.codec.FindIdempotencyKeyArgs(workspace, idempotency)...)
	if err != nil {
		return nil, err
	}
	return r.codec.Replayed(workspace, rows, idempotency)
}

// Usage implements ports.UsageRecorder.
func (r Reads[T]) Usage(ctx context.Context, query ports.UsageQuery) (ports.Usage, error) {
	rows, err := Rows[UsageRow[T]](ctx, r.long, r.queries.Usage, r.codec.FindUsageArgs(query)...)
	if err != nil {
		return ports.Usage{}, err
	}
	return r.codec.Usage(query.KeyID, rows), nil
}

// HasForeign implements ports.ForeignKeys.
func (r Reads[T]) HasForeign(ctx context.Context) (bool, error) {
	rows, err := Rows[struct {
		ID string `db:"api_key_id"`
	}](ctx, r.short, r.queries.HasForeign, []byte{})
	return len(rows) > 0, err
}

// Webhook implements ports.WebhookRepository.
func (r Reads[T]) Webhook(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID) (*domain.Webhook, error) {
	rows, err := Rows[WebhookRow[T]](ctx, r.short, r.queries.Webhook, string(id), string(workspace))
	if err != nil {
		return nil, err
	}
	return r.codec.FoundWebhook(rows)
}

// Webhooks implements ports.WebhookRepository.
func (r Reads[T]) Webhooks(ctx context.Context, workspace domain.WorkspaceID, page domain.Page) (ports.WebhookPage, error) {
	rows, err := Rows[WebhookRow[T]](ctx, r.short, r.queries.Webhooks, string(workspace))
	if err != nil {
		return ports.WebhookPage{}, err
	}
	return ports.WebhookPage{Webhooks: r.codec.Webhooks(PageOf(rows, page)), Total: int64(len(rows))}, nil
}

// Deliveries implements ports.WebhookRepository.
func (r Reads[T]) Deliveries(ctx context.Context, workspace domain.WorkspaceID, id domain.WebhookID, status domain.DeliveryStatus, page domain.Page) (ports.DeliveryPage, error) {
	if _, err := r.Webhook(ctx, workspace, id); err != nil {
		return ports.DeliveryPage{}, err
	}
	rows, err := Rows[DeliveryRow[T]](ctx, r.short, r.queries.Deliveries, ListDeliveriesArgs(id, status, page)...)
	return r.codec.Deliveries(rows), err
}

// ExpiringKeys implements ports.Warnings.
func (r Reads[T]) ExpiringKeys(ctx context.Context, now time.Time, after domain.KeyID, limit int) ([]*domain.APIKey, error) {
	from, to := domain.ExpiryHorizon(now)
	rows, err := readBy(ctx, r.short, func(ctx context.Context) ([]KeyRow[T], error) {
		return SelectKeys[T](ctx, r.queries.ExpiringKeys, r.codec.Encode(from), r.codec.Encode(to), r.codec.Encode(now), string(after), max(limit, 0))
	})
	if err != nil {
		return nil, err
	}
	list, err := r.codec.KeyPage(rows, 0)
	return list.Keys, err
}
