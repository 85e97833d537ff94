package portstest

import (
	"errors"
	"testing"

	"github.com/slaunchx/apikeys/ports"
)

// SchemaStore is a store with a schema.
type SchemaStore interface {
	ports.KeyRepository
	ports.Schema
}

// RunSchema tests the promises of [ports.Schema]. open returns two handles to one new
// store without a schema, like those of two processes; they may be identical.
func RunSchema(t *testing.T, open func(t testing.TB) (one, other SchemaStore)) {
	for name, run := range map[string]func(t *testing.T, one, other SchemaStore){
		"is not ready before it is migrated":           readyOnlyMigrated,
		"migrates twice":                               migratesTwice,
		"migrates in several processes at once":        migratesAtOnce,
		"has no newer schema than the one it has made": hasNoNewerSchema,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := open(t)
			run(t, one, other)
		})
	}
}

func requireReady(t *testing.T, stores ...SchemaStore) {
	t.Helper()
	for _, store := range stores {
		if err := errors.Join(store.Examine(t.Context()), store.Ready(t.Context())); err != nil {
			t.Errorf("a migrated store gives %v, want it to be ready", err)
		}
	}
}

func readyOnlyMigrated(t *testing.T, one, other SchemaStore) {
	if err := one.Examine(t.Context()); err != nil {
		t.Errorf("Examine of a store without a schema gives %v, want nil", err)
	}
	if err := one.Ready(t.Context()); err == nil {
		t.Error("Ready of a store without a schema gives nil, want an error")
	}
	if err := one.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	requireReady(t, one, other)
}

func migratesTwice(t *testing.T, one, other SchemaStore) {
	if err := errors.Join(one.Migrate(t.Context()), one.Migrate(t.Context()), other.Migrate(t.Context())); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	requireReady(t, one, other)
}

func migratesAtOnce(t *testing.T, one, other SchemaStore) {
	stores := []SchemaStore{one, other, one, other}
	errs := together(len(stores), func(i int) error { return stores[i].Migrate(t.Context()) })
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	requireReady(t, one, other)
}

func hasNoNewerSchema(t *testing.T, one, _ SchemaStore) {
	for range 2 { // without a schema, and with one
		if version, err := one.NewerSchema(t.Context()); version != 0 || err != nil {
			t.Errorf("NewerSchema gives %d, %v, want 0", version, err)
		}
		if err := one.Migrate(t.Context()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
	}
}
