// Package filetemplate copies files that take long to make, such as migrated databases.
package filetemplate

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Template is a file that is made once, when it is first copied. It is safe for
// concurrent use.
type Template struct{ content func() ([]byte, error) }

// New returns a template of the file that create makes at path. No other file may
// belong to it.
func New(create func(path string) error) *Template {
	return &Template{sync.OnceValues(func() (content []byte, err error) {
		dir, err := os.MkdirTemp("", "apikeys-template-*")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		path := filepath.Join(dir, "template")
		if err := create(path); err != nil {
			return nil, err
		}
		return os.ReadFile(path)
	})}
}

// NewFile returns the path of a copy, which is removed when t ends.
func (f *Template) NewFile(t testing.TB) string {
	t.Helper()
	content, err := f.content()
	if err != nil {
		t.Fatalf("template: %v", err)
	}
	path := filepath.Join(t.TempDir(), "apikeys.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
