package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"golang.org/x/sync/semaphore"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// KeyRepository implements ports.KeyRepository on PostgreSQL.
type KeyRepository struct {
	dsn    string
	cfg    pq.Config
	schema schema
	pool   *sqlx.DB
	// maintenance does not limit the duration of a statement, because migrating a
	// large table takes long.
	maintenance *sqlx.DB
	changes     *semaphore.Weighted
	sessions    *sessions
	standby     *standby // nil if only the primary is read
	floors      floors
	damage      *sqlkit.Damage
	reads

	migrator       *sqlkit.Migrator
	creator        creator
	insert         *sqlkit.Statement
	insertAll      *sqlkit.Statement
	findEvent      *sqlkit.Statement
	writing        sqlkit.Statements
	webhookWriting sqlkit.Statements
	recordUse      *sqlkit.Statement
	forgetUsage    *sqlkit.Statement
	rehash         *sqlkit.Statement
	queries        sqlkit.Queries
	forget         *sqlkit.Statement

	now                       func() time.Time // nil means the clock of the server
	lease, peek, forgetCounts *sqlkit.Statement
	givingBack                sqlkit.Statements

	keepPepper, findPepper *sqlkit.Statement

	claimDeliveries, queueState, warn *sqlkit.Statement
	findForeign, workspacesOf         *sqlkit.Statement
}

// Open returns the repository of the database that dsn names, as a
// postgres:// URL or as key=value pairs, in either case with an explicit
// sslmode. It connects when it is first used, so the database need not be up.
func Open(_ context.Context, dsn string, opts ...Option) (*KeyRepository, error) {
	o := newOptions(opts)
	cfg, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	r, err := open(dsn, cfg, nil, o)
	if err != nil {
		return nil, err
	}
	if o.standby == nil {
		return r, nil
	}
	r.floors.wanted = true
	if r.standby, err = openStandby(*o.standby, r.schema, &r.floors, o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// open returns the repository of the database that cfg describes, or of db if it is not
// nil.
func open(dsn string, cfg pq.Config, db *sql.DB, o options) (r *KeyRepository, err error) {
	if o.schema != nil {
		cfg = cfg.Clone()
		cfg.Runtime[searchPath] = *o.schema
		if problem := schemaProblem(cfg); problem != "" {
			return nil, &UnfitError{DB: db != nil, Problem: problem}
		}
	}
	sessions := newSessions(cfg, db, false, o)
	serving := promptConnector{cfg: cfg, limit: o.silence, setup: setup, sessions: sessions}
	r = &KeyRepository{
		damage:      sqlkit.NewDamage(o.logger),
		dsn:         dsn,
		cfg:         cfg,
		schema:      schemaOf(cfg),
		sessions:    sessions,
		now:         o.now,
		pool:        newPool(traces(o.provider).OpenDB(serving), maxConnections),
		changes:     semaphore.NewWeighted(maxChanges),
		maintenance: newPool(sql.OpenDB(promptConnector{cfg: cfg, sessions: sessions}), 2),
	}
	r.maintenance.SetMaxIdleConns(0)
	if r.migrator, err = newMigrator(r.maintenance, r.pool, r.schema); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.creator.turn, r.creator.waiting = turnLimit, map[string][]*creation{}
	r.insertAll = r.migrator.Statement(r.pool, insertKeys)
	r.insert = r.migrator.Statement(r.pool, insertKey)
	r.findEvent = r.migrator.Statement(r.pool, findEvent)
	r.writing = r.migrator.Statements(r.pool, lockIdempotencyKey, sqlkit.FindIdempotencyKey, sqlkit.InsertIdempotencyKey,
		claimIdempotencyKeys, insertKeys, insertKey, lockKey, readLocked, replaceSecrets, updateKey)
	r.webhookWriting = r.migrator.Statements(r.pool, lockIdempotencyKey, sqlkit.FindIdempotencyKey, sqlkit.InsertIdempotencyKey,
		clockNow, lockWebhooks, lockWebhook, lockDelivery, sqlkit.ListWebhooks, sqlkit.FindWebhook, sqlkit.InsertWebhook, sqlkit.UpdateWebhook,
		sqlkit.InsertWebhookEvent, lockPending, dropDeliveries, sqlkit.InsertDelivery, sqlkit.RetryDelivery,
		affectedWebhooks, reportOutcomes, sqlkit.SetFailingSince, nextSealed, sqlkit.SetSecrets, lockStragglers, dropStragglers,
		sqlkit.ForgetWarnings, forgetDeliveries, forgetWebhooks)
	r.recordUse = r.migrator.Statement(r.pool, recordUse)
	r.forgetUsage = r.migrator.Statement(r.pool, forgetUsage)
	r.rehash = r.migrator.Statement(r.pool, rehash)
	r.queries = r.migrator.Queries(r.pool, findUsage)
	r.reads = sqlkit.NewReads(codec, dialect, r.queries, r.damage, lookUp, search)
	r.forget = r.migrator.Statement(r.pool, forgetIdempotencyKeys)
	r.lease = r.migrator.Statement(r.pool, leaseShare)
	r.peek = r.migrator.Statement(r.pool, peekCount)
	r.givingBack = r.migrator.Statements(r.pool, giveBack)
	r.forgetCounts = r.migrator.Statement(r.pool, forgetCounts)
	r.keepPepper = r.migrator.Statement(r.pool, sqlkit.InsertPepper)
	r.findPepper = r.migrator.Statement(r.pool, sqlkit.FindPepper)
	r.findForeign = r.migrator.Statement(r.pool, findForeign)
	r.workspacesOf = r.migrator.Statement(r.pool, workspacesOf)
	r.claimDeliveries = r.migrator.Statement(r.pool, claimDeliveries)
	r.queueState = r.migrator.Statement(r.pool, queueState)
	r.warn = r.migrator.Statement(r.pool, warn)
	return r, nil
}

// Ready implements ports.KeyRepository.
func (r *KeyRepository) Ready(ctx context.Context) error {
	_, err := untilDone(ctx, func() (struct{}, error) {
		if err := r.examineOne(ctx); err != nil {
			return struct{}{}, translate(ctx, err)
		}
		return struct{}{}, r.migrator.Current(ctx)
	})
	return err
}

// Close waits for statements in flight and closes the connections.
func (r *KeyRepository) Close() error {
	err := errors.Join(r.pool.Close(), r.maintenance.Close())
	if r.standby != nil {
		err = errors.Join(err, r.standby.Close())
	}
	r.sessions.close()
	return err
}
