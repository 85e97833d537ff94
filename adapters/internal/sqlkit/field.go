package sqlkit

import (
	"database/sql"
	"time"
	"unicode/utf8"

	"github.com/slaunchx/apikeys/domain"
)

// Field is a column as it was read. A value that is not a T makes it
// unreadable, but does not fail the row, since the rest of the row is still
// useful.
type Field[T any] struct {
	sql.Null[T]

	unreadable bool
}

// FieldOf returns a field with the value v.
func FieldOf[T any](v T) Field[T] { return Field[T]{Null: sql.Null[T]{V: v, Valid: true}} }

// Scan implements sql.Scanner.
func (f *Field[T]) Scan(value any) error {
	f.unreadable = f.Null.Scan(value) != nil
	return nil
}

// required returns the value of a column that is never NULL, or the zero value
// and false if it cannot be read.
func (f *Field[T]) required() (v T, ok bool) {
	if f.unreadable || !f.Valid {
		return v, false
	}
	return f.V, true
}

// reading is a key whose columns are read one after the other. It records which
// of them are unreadable.
type reading struct{ domain.Snapshot }

// lose records that a part is unreadable unless ok is true.
func (r *reading) lose(part domain.Parts, ok bool) {
	if !ok {
		r.Unreadable |= part
	}
}

// validText rejects bytes that are not UTF-8.
func validText(s string) (string, domain.Faults) {
	if !utf8.ValidString(s) {
		return "", domain.Faults{{Reason: domain.ReasonCharacters}}
	}
	return s, nil
}

// plain returns the value of a column that needs no parsing.
func plain[T any](r *reading, part domain.Parts, f Field[T]) T {
	v, ok := f.required()
	r.lose(part, ok)
	return v
}

// parsed returns the result of parsing the value of a column.
func parsed[T, V any](r *reading, part domain.Parts, f Field[T], parse func(T) (V, domain.Faults)) (parsed V) {
	v, ok := f.required()
	if ok {
		var faults domain.Faults
		parsed, faults = parse(v)
		ok = faults == nil
	}
	r.lose(part, ok)
	return parsed
}

// instant returns the value of a column of instants, or the zero time if it is
// NULL.
func instant[T any](c Codec[T], r *reading, part domain.Parts, f Field[T]) time.Time {
	t, ok := c.optional(f)
	r.lose(part, ok)
	return t
}

// lastInstant is the last instant that RFC 3339 can represent.
var lastInstant = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)

// optional returns the zero time and true for NULL, and false for a value that
// this service could not have written.
func (c Codec[T]) optional(f Field[T]) (time.Time, bool) {
	switch {
	case f.unreadable:
		return time.Time{}, false
	case !f.Valid:
		return time.Time{}, true
	}
	t := c.Decode(f.V)
	if t.IsZero() || t.Year() < 0 || t.After(lastInstant) {
		return time.Time{}, false
	}
	return t, true
}
