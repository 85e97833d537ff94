package sqlkit

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// Statements are the statements of transactions, by their text.
type Statements map[string]*Statement

// Statements returns the statements of queries; see [Migrator.Statement].
func (m *Migrator) Statements(db *sqlx.DB, queries ...string) Statements {
	s := make(Statements, len(queries))
	for _, query := range queries {
		s[query] = m.Statement(db, query)
	}
	return s
}

// Prepared returns the statements, prepared. It is for before a transaction
// takes a connection: who holds one and waits for another may wait for ever.
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

// KeyLists are the statements of lists of keys, each made when it is first
// wanted. It is safe for concurrent use.
type KeyLists struct {
	db         *sqlx.DB
	schema     *Migrator
	mu         sync.Mutex
	statements Statements // as many as there are kinds of lists
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
