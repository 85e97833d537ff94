package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	// recordUse takes a JSON object from key to instant.
	recordUse = `UPDATE api_keys SET last_used_at = used.value
FROM json_each(?) AS used
WHERE api_keys.id = used.key AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at < used.value)`

	// rehash takes a JSON array of arrays of a key and of the algorithm, pepper
	// and digest, in hexadecimal digits, of the old and then of the new.
	rehash = `UPDATE api_key_secrets
SET algorithm = r.value ->> 4, pepper_id = r.value ->> 5, digest = unhex(r.value ->> 6)
FROM json_each(?) AS r
WHERE api_key_id = r.value ->> 0 AND algorithm = r.value ->> 1 AND pepper_id = r.value ->> 2 AND digest = unhex(r.value ->> 3)`
)

// RecordUse implements ports.UsageRecorder.
func (r *KeyRepository) RecordUse(ctx context.Context, lastUsed map[domain.KeyID]time.Time) error {
	uses := make(map[domain.KeyID]int64, len(lastUsed))
	for id, at := range lastUsed {
		uses[id] = codec.Encode(at)
	}
	return r.flush(ctx, recordUse, uses)
}

// Rehash implements ports.UsageRecorder.
func (r *KeyRepository) Rehash(ctx context.Context, replacements []domain.Rehash) error {
	list := make([][7]string, len(replacements))
	for i, replacement := range replacements {
		was, is := replacement.Old, replacement.New
		list[i] = [...]string{
			string(replacement.KeyID),
			string(was.Algorithm), was.PepperID, hex.EncodeToString(was.Sum[:]),
			string(is.Algorithm), is.PepperID, hex.EncodeToString(is.Sum[:]),
		}
	}
	return r.flush(ctx, rehash, list)
}

// flush runs a statement whose only argument is a JSON text.
func (r *KeyRepository) flush(ctx context.Context, statement string, list any) error {
	encoded, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return translate(ctx, r.committer.do(ctx, func(_ context.Context, tx transaction) error {
		return tx.exec(statement, string(encoded))
	}))
}
