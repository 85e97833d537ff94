package sqlkit

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// Statements are the statements of transactions, by text.
type Statements map[string]*Statement

// Statements returns the statements of queries; see [Migrator.Statement].
func (m *Migrator) Statements(db *sqlx.DB, queries ...string) Statements {
	s := make(Statements, len(queries))
	for _, query := range queries {
		s[query] = m.Statement(db, query)
	}
	return s
}

// Prepared returns the prepared statements. Call it before a transaction
// acquires a connection: a caller that holds one and waits for another may
// deadlock.
func (s Statements) Prepared(ctx context.Context) (map[string]*sqlx.Stmt, error) {
	all := make(map[string]*sqlx.Stmt, len(s))
	for query, statement := range s {
		prepared, err := statement.Prepared(ctx)
		if err != nil {
			return nil, err
		}
		all[query] = prepared
	}
	return all, nil
}

// KeyLists are the statements of lists of keys, each created on first use. It
// is safe for concurrent use.
type KeyLists struct {
	db         *sqlx.DB
	schema     *Migrator
	mu         sync.Mutex
	statements Statements // one for each kind of list
}

// KeyLists returns the statements of lists in db; see [Migrator.Statement].
func (m *Migrator) KeyLists(db *sqlx.DB) *KeyLists {
	return &KeyLists{db: db, schema: m, statements: make(Statements)}
}

// Of returns the statement of a list.
func (l *KeyLists) Of(list KeyList) *Statement {
	l.mu.Lock()
	defer l.mu.Unlock()
	statement, made := l.statements[list.Query]
	if !made {
		statement = l.schema.Statement(l.db, list.Query)
		l.statements[list.Query] = statement
	}
	return statement
}

// Queries are the statements of [Reads].
type Queries struct {
	Find, FindEver, Get, Events *Statement
	Lists                       *KeyLists
	IdempotencyKey, HasForeign  *Statement
	Usage                       *Statement

	Webhook, Webhooks, WebhookEvents, Deliveries *Statement
	SealedSecrets, ExpiringKeys                  *Statement
}

// Queries returns the statements that read in db, with a [FindUsage]; see
// [Migrator.Statement].
func (m *Migrator) Queries(db *sqlx.DB, usage string) Queries {
	return Queries{
		Find:           m.Statement(db, FindKey),
		FindEver:       m.Statement(db, FindEverKey),
		Get:            m.Statement(db, GetKey),
		Events:         m.Statement(db, ListEvents),
		Lists:          m.KeyLists(db),
		IdempotencyKey: m.Statement(db, FindIdempotencyKey),
		HasForeign:     m.Statement(db, HasForeign),
		Usage:          m.Statement(db, usage),
		Webhook:        m.Statement(db, FindWebhook),
		Webhooks:       m.Statement(db, ListWebhooks),
		WebhookEvents:  m.Statement(db, ListWebhookEvents),
		Deliveries:     m.Statement(db, ListDeliveries),
		SealedSecrets:  m.Statement(db, SealedSecrets),
		ExpiringKeys:   m.Statement(db, ExpiringKeys),
	}
}
