package pgtest

import (
	"fmt"
	"sync"
	"testing"
)

// emptyTemplate is PostgreSQL's own template of an empty database.
const emptyTemplate = "template0"

// Template is a database of the shared server that is filled once, to be copied. It is
// safe for concurrent use.
type Template struct {
	fill func(dsn string) error
	once sync.Once
	db   string
	err  error
}

// NewTemplate returns the template that fill makes of an empty database. fill runs when
// a test binary first needs a copy, and must close its connections.
func NewTemplate(fill func(dsn string) error) *Template { return &Template{fill: fill} }

// NewDatabase is like the function [NewDatabase], except that the database is a copy
// of the template.
func (m *Template) NewDatabase(t testing.TB) string {
	t.Helper()
	m.once.Do(func() { m.db, m.err = newTemplate(m.fill) })
	if m.err != nil {
		t.Fatalf("pgtest: template: %v", m.err)
	}
	return newDatabase(t, m.db)
}

func newTemplate(fill func(dsn string) error) (db string, err error) {
	admin, err := sharedAdmin()
	if err != nil {
		return "", err
	}
	if db, err = admin.create(emptyTemplate); err != nil {
		return "", err
	}
	removeAtEnd(func() error { return admin.drop(db) })
	if err := fill(admin.url(db)); err != nil {
		return "", fmt.Errorf("fill: %w", err)
	}
	return db, nil
}
