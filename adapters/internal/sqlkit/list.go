package sqlkit

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Dialect contains the differences between the two stores in lists of keys.
type Dialect struct {
	Name     string // the name, compared code point by code point
	Position string // the function that returns the position of a substring
}

// KeyList is the statement of a list of keys, with ? for arguments. There is
// one for each combination of extent, filters and order, 128 in all.
type KeyList struct {
	Query string
	Args  []any
}

// extent is the set of keys that a list is taken from.
type extent struct {
	where string // the condition of the living keys
	total string // their number, as an expression
	args  []any  // of either
}

func keysOf(workspace domain.WorkspaceID) extent {
	return extent{
		where: "workspace_id = ? AND deleted_at IS NULL",
		total: "coalesce((SELECT living FROM api_key_counts WHERE workspace_id = ?), 0)",
		args:  []any{string(workspace)},
	}
}

var allKeys = extent{
	where: "deleted_at IS NULL",
	total: "(SELECT CAST(coalesce(sum(living), 0) AS bigint) FROM api_key_counts)",
}

// KeyList returns the list of [ports.KeyReader.List].
func (c Codec[T]) KeyList(d Dialect, workspace domain.WorkspaceID, filter domain.KeyFilter, order domain.Order, page domain.Page) KeyList {
	return c.keyList(d, keysOf(workspace), filter, order, page)
}

// AllKeys returns the list of [ports.KeyReader.ListAll].
func (c Codec[T]) AllKeys(d Dialect, filter domain.KeyFilter, order domain.Order, page domain.Page) KeyList {
	return c.keyList(d, allKeys, filter, order, page)
}

// keyList reads the page and the total in one statement, and so as of one moment. The
// page of a workspace is a list of identifiers from an index that contains all filtered
// columns; only the keys on the page are read, and the last ORDER BY sorts them. The
// second LIMIT tells planners that do not look at arguments that there are only a few.
func (c Codec[T]) keyList(d Dialect, of extent, filter domain.KeyFilter, order domain.Order, page domain.Page) KeyList {
	conditions, values := c.conditions(d, filter)
	args := append(slices.Clone(of.args), values...)
	total := `SELECT ` + of.total + ` AS total`
	if conditions != "" {
		total = `SELECT count(*) AS total FROM api_keys k WHERE ` + of.where + conditions
	}
	return KeyList{
		Query: `WITH page AS (
SELECT cut.id FROM (
SELECT k.id FROM api_keys k WHERE ` + of.where + conditions + orderBy(d, order) + ` LIMIT ? OFFSET ?
) cut LIMIT ` + strconv.Itoa(domain.MaxPageSize) + `
)
SELECT t.total, ` + keyColumns + `
FROM (` + total + `) t
LEFT JOIN (page JOIN api_keys k ON k.id = page.id JOIN api_key_secrets s ON s.api_key_id = k.id) ON true` + orderBy(d, order) + `, s.position`,
		Args: slices.Concat(args, []any{page.Size(), page.Offset()}, args),
	}
}

// conditions returns the additional conditions of filter, and their arguments.
func (c Codec[T]) conditions(d Dialect, filter domain.KeyFilter) (conditions string, args []any) {
	add := func(condition string, values ...any) {
		conditions += " AND " + condition
		args = append(args, values...)
	}
	// An expiry after the last instant is unreadable, so it counts as past.
	switch at, last := c.Encode(filter.At.UTC()), c.Encode(lastInstant); filter.Status {
	case "":
	case domain.StatusActive:
		add("NOT k.disabled AND (k.expires_at IS NULL OR k.expires_at > ? AND k.expires_at <= ?)", at, last)
	case domain.StatusExpired:
		add("NOT k.disabled AND (k.expires_at <= ? OR k.expires_at > ?)", at, last)
	case domain.StatusDisabled:
		add("k.disabled IS NOT FALSE") // an unreadable status means disabled
	default:
		add("false")
	}
	if filter.Mode != 0 {
		add("k.mode = ?", int64(filter.Mode))
	}
	if part := filter.Name.Folded(); part != "" {
		add(d.Position+"(k.name_folded, ?) > 0", part)
	}
	return conditions, args
}

func orderBy(d Dialect, order domain.Order) string {
	by, direction := "k.created_at", " DESC"
	if order.By == domain.ByName {
		by = d.Name
	}
	if order.Ascending {
		direction = " ASC"
	}
	return "\nORDER BY " + strings.Join([]string{by, "k.id"}, direction+", ") + direction
}

// SelectKeyList reads the rows of a [KeyList] and the total.
func SelectKeyList[T any](ctx context.Context, s *Statement, args ...any) ([]KeyRow[T], int64, error) {
	return selectPage(ctx, s, (*KeyRow[T]).columns, args...)
}

// KeyPage returns the page of rows that [SelectKeyList] read.
func (c Codec[T]) KeyPage(rows []KeyRow[T], total int64) (ports.KeyPage, error) {
	list := ports.KeyPage{Total: total}
	for len(rows) > 0 {
		secrets := 1
		for secrets < len(rows) && rows[secrets].ID == rows[0].ID {
			secrets++
		}
		key, err := c.Key(rows[:secrets])
		if err != nil {
			return ports.KeyPage{}, err
		}
		list.Keys, rows = append(list.Keys, key), rows[secrets:]
	}
	return list, nil
}
