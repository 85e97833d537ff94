package client

import (
	"context"
	"iter"

	"github.com/slaunchx/apikeys/domain"
)

// Keys returns an iterator over the keys that query selects, starting at its page. It
// requests one page after the other. Size defaults to 100. An error ends the iteration.
//
// A key that is created during the iteration may be missing, and a deletion may cause
// another key to be skipped. To miss no new key, order by time of creation, ascending.
func (w *Workspace) Keys(ctx context.Context, query KeyQuery) iter.Seq2[Key, error] {
	if query.Size == 0 {
		query.Size = domain.MaxPageSize
	}
	return pages(query.Number, query.Size, func(k Key) string { return string(k.ID) }, func(number int) ([]Key, int, error) {
		query := query
		query.Number = number
		page, err := w.ListKeys(ctx, query)
		return page.Keys, page.Total, err
	})
}

// Events returns an iterator over the audit trail of a key, newest first. It requests
// one page after the other. An error ends the iteration.
func (w *Workspace) Events(ctx context.Context, id domain.KeyID) iter.Seq2[Event, error] {
	const size = domain.MaxPageSize
	return pages(0, size, func(e Event) string { return e.ID }, func(number int) ([]Event, int, error) {
		page, err := w.ListEvents(ctx, id, number, size)
		return page.Events, page.Total, err
	})
}

// pages returns an iterator over the items of all pages from the given number on. New
// items at the front of a list move others to the next page, so items that were already
// on the previous page are left out.
func pages[T any](number, size int, id func(T) string, fetch func(number int) (items []T, total int, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var before map[string]bool
		for ; number <= domain.MaxPageNumber; number++ {
			items, total, err := fetch(number)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			seen := make(map[string]bool, len(items))
			for _, item := range items {
				seen[id(item)] = true
				if !before[id(item)] && !yield(item, nil) {
					return
				}
			}
			if len(items) == 0 || (int64(number)+1)*int64(size) >= int64(total) {
				return
			}
			before = seen
		}
	}
}
