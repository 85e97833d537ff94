package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/slaunchx/apikeys/domain"
)

func TestTranslate_ReportsTemporaryErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		code        pqerror.Code
		unavailable bool
	}{
		{"08006", true}, // connection failure
		{"25006", true}, // read-only transaction, of a demoted primary
		{"28P01", true}, // invalid password
		{"40001", true}, // serialization failure, after the last try
		{"53300", true}, // too many connections
		{"55P03", true}, // lock not available, to a migration
		{"57014", true}, // query canceled
		{"57P01", true}, // admin shutdown
		{"0A000", true}, // cached plan must not change result type
		{"08P01", true}, // the arguments are not those of the statement
		{"26000", true}, // no such prepared statement
		{"42P05", true}, // there is such a prepared statement
		{"3F000", true}, // no such schema
		{"42501", true}, // no privilege for a table
		{"42703", true}, // no such column
		{"42883", true}, // no such function
		{"42P01", true}, // no such table
		{"22021", false},
		{"23514", false},
	}
	for _, c := range cases {
		err := translate(t.Context(), fmt.Errorf("wrapped: %w", &pq.Error{Code: c.code}))
		if errors.Is(err, domain.ErrUnavailable) != c.unavailable {
			t.Errorf("%s becomes %v", c.code, err)
		}
	}
	if err := translate(t.Context(), io.ErrUnexpectedEOF); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("a lost connection becomes %v", err)
	}
}

func TestTranslate_PrefersTheErrorOfTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := translate(ctx, &pq.Error{Code: pqerror.QueryCanceled})
	if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTranslate_QuotesNoValue(t *testing.T) {
	t.Parallel()
	for _, code := range []pqerror.Code{"22P02", "23505", "57P01"} {
		err := translate(t.Context(), &pq.Error{
			Code: code, Message: "hunter2", Detail: "hunter2", Hint: "hunter2", Where: "hunter2",
			Table: "api_keys", Constraint: "api_keys_name_check",
		})
		if text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)); strings.Contains(text, "hunter2") {
			t.Errorf("a value is shown: %s", text)
		}
	}
}
