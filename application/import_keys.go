package application

import (
	"context"
	"errors"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// importedAtOnce is the number of keys that one call imports concurrently: enough for a
// store to write many of them in one transaction.
const importedAtOnce = 64

// ErrNoImport means that the store cannot find keys of other systems.
var ErrNoImport = errors.New("the store does not support imported keys")

// ErrOtherWorkspace means that a key was imported into another workspace.
var ErrOtherWorkspace = errors.New("the key was imported into another workspace")

// ImportedKey is what became of one key to import.
type ImportedKey struct {
	ID domain.KeyID
	// Existed reports that the key was imported into this workspace before. It was left
	// as it is, even if it was changed or deleted since.
	Existed bool
	// Err is the reason why the key was rejected and nothing of it was stored:
	// [domain.Faults], [ErrOtherWorkspace] or [domain.ErrTooManyKeys].
	Err error
}

// ImportKeys creates keys that another system issued; their secrets keep working. The
// ID of a key is derived from its credential, so that each key is imported only once.
// ImportKeys returns the outcome for each key, in order. If it returns an error, for
// example one that wraps [domain.ErrUnavailable], any of the keys may have been
// created, and the call should be repeated. If dryRun is set, it stores nothing and
// does not enforce the maximum number of keys.
func (w *Workspace) ImportKeys(ctx context.Context, specs []domain.ForeignKeySpec, dryRun bool) ([]ImportedKey, error) {
	if err := w.deps.Lifetime.Err(); err != nil {
		return nil, err
	}
	if w.deps.Foreign == nil {
		return nil, ErrNoImport
	}
	imported := make([]ImportedKey, len(specs))
	ids := make([]domain.KeyID, len(specs))
	for i, spec := range specs {
		ids[i] = spec.Credential.KeyID()
		imported[i].ID = ids[i]
	}
	workspaces, err := w.deps.Foreign.WorkspacesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	return imported, inParallel(len(specs), importedAtOnce, func(i int) error {
		if in, exists := workspaces[ids[i]]; exists {
			imported[i].Existed, imported[i].Err = w.existed(in)
			return nil
		}
		// A panic in an embedder's store must not end the process.
		return Contained("importing a key", func() error { return w.importOne(ctx, specs[i], dryRun, &imported[i]) })
	})
}

// importOne creates one key and sets imported to the outcome.
func (w *Workspace) importOne(ctx context.Context, spec domain.ForeignKeySpec, dryRun bool, imported *ImportedKey) error {
	err := w.importKey(ctx, spec, w.deps.Now(), dryRun)
	if errors.Is(err, domain.ErrKeyExists) {
		return w.importedMeanwhile(ctx, imported)
	}
	if _, faulty := errors.AsType[domain.Faults](err); faulty || errors.Is(err, domain.ErrTooManyKeys) {
		imported.Err = err
		return nil
	}
	return err
}

// importKey creates one key.
func (w *Workspace) importKey(ctx context.Context, spec domain.ForeignKeySpec, now time.Time, dryRun bool) error {
	eventID, err := domain.NewEventID(now, w.deps.Random)
	if err != nil {
		return err
	}
	key, event, err := spec.Import(w.id, w.deps.Hasher, eventID, w.author, now)
	if err != nil || dryRun {
		return err
	}
	return w.deps.Writer.Create(ctx, key, event, ports.CreateOptions{MaxKeys: int(w.deps.MaxKeys)})
}

// importedMeanwhile sets imported to the outcome for a key that another call has
// created since the call of WorkspacesOf.
func (w *Workspace) importedMeanwhile(ctx context.Context, imported *ImportedKey) error {
	workspaces, err := w.deps.Foreign.WorkspacesOf(ctx, []domain.KeyID{imported.ID})
	if err != nil {
		return err
	}
	imported.Existed, imported.Err = w.existed(workspaces[imported.ID])
	return nil
}

// existed returns the outcome for a key that already exists in the workspace in.
func (w *Workspace) existed(in domain.WorkspaceID) (bool, error) {
	if in != w.id {
		return false, ErrOtherWorkspace
	}
	return true, nil
}
