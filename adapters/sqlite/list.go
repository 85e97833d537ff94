package sqlite

import (
	"context"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// dialect compares names byte by byte, which for UTF-8 is code point by code
// point.
var dialect = sqlkit.Dialect{Name: "k.name", Position: "instr"}

// List implements ports.KeyReader.
func (r *KeyRepository) List(ctx context.Context, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, codec.KeyList(dialect, workspace, filter, order, page))
}

// ListAll implements ports.KeyReader.
func (r *KeyRepository) ListAll(ctx context.Context, filter domain.KeyFilter, order domain.Order, page domain.Page) (ports.KeyPage, error) {
	return r.list(ctx, codec.AllKeys(dialect, filter, order, page))
}

func (r *KeyRepository) list(ctx context.Context, list sqlkit.KeyList) (ports.KeyPage, error) {
	type found struct {
		rows  []keyRow
		total int64
	}
	cut, err := read(ctx, r, func() (f found, err error) {
		f.rows, f.total, err = sqlkit.SelectKeyList[int64](ctx, r.queries.Lists.Of(list), list.Args...)
		return f, err
	})
	if err != nil {
		return ports.KeyPage{}, err
	}
	keys, err := codec.KeyPage(cut.rows, cut.total)
	r.damage.Keys(keys.Keys)
	return keys, err
}
