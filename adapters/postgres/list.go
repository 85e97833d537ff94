package postgres

import (
	"context"
	"time"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// dialect compares names byte by byte, which for UTF-8 is by code point,
// whatever the locale of the database.
var dialect = sqlkit.Dialect{Name: `k.name COLLATE "C"`, Position: "strpos"}

// List implements ports.KeyReader.
func (r *KeyRepository) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, codec.KeyList(dialect, workspace, filter, order, page))
}

// ListAll implements ports.KeyReader.
func (r *KeyRepository) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, codec.AllKeys(dialect, filter, order, page))
}

func (r *KeyRepository) list(ctx context.Context, list sqlkit.KeyList) (ports.KeyPage, error) {
	return untilDone(ctx, func() (ports.KeyPage, error) {
		var total int64
		rows, err := onSound(func() (rows []keyRow, err error) {
			rows, total, err = sqlkit.SelectKeyList[time.Time](ctx, r.queries.Lists.Of(list), list.Args...)
			return rows, err
		})
		if err != nil {
			return ports.KeyPage{}, translate(ctx, err)
		}
		keys, err := codec.KeyPage(rows, total)
		r.damage.Keys(keys.Keys)
		return keys, err
	})
}
