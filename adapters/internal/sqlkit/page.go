package sqlkit

import (
	"context"
	"database/sql"
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// ListEventsArgs returns the arguments of [ListEvents].
func ListEventsArgs(workspace domain.WorkspaceID, id domain.KeyID, page domain.Page) []any {
	return []any{string(id), string(workspace), string(id), string(workspace), page.Size(), page.Offset()}
}

// SelectEvents reads the rows of [ListEvents] and the total.
func SelectEvents[T any](ctx context.Context, s *Statement, args ...any) ([]EventRow[T], int64, error) {
	return selectPage(ctx, s, (*EventRow[T]).columns, args...)
}

// selectPage reads rows that begin with the total, which is the same in each.
// An empty page is one row with the total and NULL in all other columns.
func selectPage[Row any](ctx context.Context, s *Statement, columns func(*Row) []any, args ...any) (rows []Row, total int64, err error) {
	err = s.each(ctx, args, func(scan func(...any) error) error {
		var row Row
		var first sql.NullString
		all := columns(&row)
		if err := scan(slices.Concat([]any{&total, &first}, slices.Repeat([]any{unread{}}, len(all)-1))...); err != nil || !first.Valid {
			return err
		}
		if err := scan(append([]any{&total}, all...)...); err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	})
	return rows, total, err
}

// unread discards a column.
type unread struct{}

// Scan implements sql.Scanner.
func (unread) Scan(any) error { return nil }
