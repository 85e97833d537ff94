package postgres

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/lib/pq"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

var writes = regexp.MustCompile(`INSERT INTO|DELETE FROM|UPDATE \w+( \w+)?\s+SET`)

// If a session runs a statement that another one has prepared, the arguments do
// not fit one that writes: that has several, and no other statement takes the
// same types.
func TestStatements_ThatWriteTakeDistinctArgumentTypes(t *testing.T) {
	t.Parallel()
	repo := openMigrated(t, migrated(t))
	repo.pool.SetMaxOpenConns(1) // pg_prepared_statements shows those of one session
	prepareAll(t, repo)
	var prepared []struct {
		Statement string
		Types     pq.StringArray
	}
	if err := repo.pool.SelectContext(t.Context(), &prepared, `SELECT statement, parameter_types::text[] AS types FROM pg_prepared_statements`); err != nil {
		t.Fatal(err)
	}
	byText := map[string]pq.StringArray{}
	for _, p := range prepared {
		byText[p.Statement] = p.Types
	}
	if len(byText) < 10 {
		t.Fatalf("%d statements are prepared, want at least 10", len(byText))
	}
	for text, types := range byText {
		if !writes.MatchString(text) {
			continue
		}
		if len(types) < 2 {
			t.Errorf("takes only %v:\n%s", types, text)
		}
		for other, otherTypes := range byText {
			if other != text && reflect.DeepEqual(types, otherTypes) {
				t.Errorf("both take %v:\n%s\n\n%s", types, text, other)
			}
		}
	}
}

// prepareAll prepares every statement that repo holds.
func prepareAll(t *testing.T, repo *KeyRepository) {
	t.Helper()
	prepare := func(s *sqlkit.Statement) {
		if _, err := s.Prepared(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, holder := range []reflect.Value{reflect.ValueOf(repo).Elem(), reflect.ValueOf(repo.queries)} {
		for i := range holder.NumField() {
			if holder.Type().Field(i).Type == reflect.TypeFor[*sqlkit.Statement]() {
				prepare((*sqlkit.Statement)(holder.Field(i).UnsafePointer()))
			}
		}
	}
	for _, s := range repo.writing {
		prepare(s)
	}
}
