package memory

import (
	"context"
	"slices"

	"github.com/slaunchx/apikeys/domain"
)

// foreignIndex maps each foreign digest to the keys that have it.
type foreignIndex map[domain.Digest]map[domain.KeyID]struct{}

// add adds the foreign digests of a living key.
func (f foreignIndex) add(key domain.Snapshot) {
	if living(key) == 0 {
		return
	}
	for _, secret := range key.Secrets {
		if secret.Digest.Algorithm == domain.AlgorithmHMACSHA256 {
			continue
		}
		if f[secret.Digest] == nil {
			f[secret.Digest] = map[domain.KeyID]struct{}{}
		}
		f[secret.Digest][key.ID] = struct{}{}
	}
}

// remove undoes add.
func (f foreignIndex) remove(key domain.Snapshot) {
	for _, secret := range key.Secrets {
		if delete(f[secret.Digest], key.ID); len(f[secret.Digest]) == 0 {
			delete(f, secret.Digest)
		}
	}
}

// HasForeign implements ports.ForeignKeys.
func (r *KeyRepository) HasForeign(ctx context.Context) (bool, error) {
	if err := alive(ctx); err != nil {
		return false, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.foreign) > 0, nil
}

// FindForeign implements ports.ForeignKeys.
func (r *KeyRepository) FindForeign(ctx context.Context, digests []domain.Digest) (domain.KeyID, error) {
	if err := alive(ctx); err != nil {
		return "", err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var ids []domain.KeyID
	for _, digest := range digests {
		for id := range r.foreign[digest] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "", domain.ErrKeyNotFound
	}
	return slices.Min(ids), nil
}

// WorkspacesOf implements ports.ForeignKeys.
func (r *KeyRepository) WorkspacesOf(ctx context.Context, ids []domain.KeyID) (map[domain.KeyID]domain.WorkspaceID, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	workspaces := map[domain.KeyID]domain.WorkspaceID{}
	for _, id := range ids {
		if key, exists := r.keys[id]; exists {
			workspaces[id] = key.Workspace
		}
	}
	return workspaces, nil
}
