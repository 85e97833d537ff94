package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// examinedAtOnce is how many connections [KeyRepository.Examine] opens at once.
// Behind a pooler that is busy with other clients, a single connection may look
// like a session.
const examinedAtOnce = 3

// Examine implements ports.Schema. Its error wraps an [*UnfitError].
func (r *KeyRepository) Examine(ctx context.Context) error {
	_, err := untilDone(ctx, func() (struct{}, error) { return struct{}{}, translate(ctx, r.examine(ctx)) })
	if _, unfit := errors.AsType[*UnfitError](err); unfit {
		return err
	}
	return nil
}

func (r *KeyRepository) examine(ctx context.Context) error {
	for range examinedAtOnce {
		conn, err := r.pool.Conn(ctx) // which is examined when it is made
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // only when all are open
	}
	if err := r.requireOwnTables(ctx); err != nil || r.standby == nil {
		return err
	}
	var primary origin
	if err := r.pool.GetContext(ctx, &primary, `SELECT `+selectOrigin); err != nil {
		return err
	}
	return r.standby.examine(ctx, primary)
}

// examineOne examines a connection of the pool again.
func (r *KeyRepository) examineOne(ctx context.Context) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return examineAgain(ctx, conn)
}

// examineAgain examines an existing connection, because a pooler may have been
// reconfigured since it was made.
func examineAgain(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(made any) error {
		if traced, ok := made.(interface{ Raw() driver.Conn }); ok {
			made = traced.Raw()
		}
		c := made.(*promptConn) //nolint:forcetypeassert // the pool makes no other kind
		defer c.line.closeAfterStatement()()
		_, err := sqlkit.Contained("examining a connection", func() (struct{}, error) {
			return struct{}{}, c.sessions.examine(ctx, c.serverConn, c.line, "")
		})
		return err
	})
}
