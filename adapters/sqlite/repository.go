package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/jmoiron/sqlx"

	"github.com/slaunchx/apikeys/adapters/internal/sqlkit"
)

// KeyRepository implements ports.KeyRepository on an SQLite file.
type KeyRepository struct {
	writer *sqlx.DB // one connection, since SQLite has one writer at a time
	reader *sqlx.DB
	file   file
	damage *sqlkit.Damage

	migrator  *sqlkit.Migrator
	committer *committer
	find      *sqlkit.Statement
	get       *sqlkit.Statement
	events    *sqlkit.Statement
	lists     *sqlkit.KeyLists
	onces     *sqlkit.Statement
	followers followers
	closing   sync.Once
}

// Open opens the database file at path and makes it, readable and writable by
// its owner alone, where there is none; its folder must exist. It does not
// migrate: see [KeyRepository.Migrate].
func Open(ctx context.Context, path string, opts ...Option) (*KeyRepository, error) {
	file, err := prepareFile(path)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database: %w", err)
	}
	r := &KeyRepository{file: file, damage: sqlkit.NewDamage(newOptions(opts).logger)}
	if err := r.connect(ctx, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite database: %w", err), r.Close())
	}
	return r, nil
}

func (r *KeyRepository) connect(ctx context.Context, opts []Option) (err error) {
	if r.writer, err = openPool(writerDSN(r.file.path), 1, opts...); err != nil {
		return err
	}
	if err := requireWAL(ctx, r.writer); err != nil {
		return err
	}
	if r.reader, err = openPool(readerDSN(r.file.path), max(4, runtime.GOMAXPROCS(0)), opts...); err != nil {
		return err
	}
	if r.migrator, err = newMigrator(r.writer); err != nil {
		return err
	}
	r.committer = startCommitter(r.writer, r.file.inPlace, r.followers.wake)
	r.find = sqlkit.NewStatement(r.reader, sqlkit.FindKey)
	r.get = sqlkit.NewStatement(r.reader, sqlkit.GetKey)
	r.events = sqlkit.NewStatement(r.reader, sqlkit.ListEvents)
	r.lists = sqlkit.NewKeyLists(r.reader)
	r.onces = sqlkit.NewStatement(r.reader, sqlkit.FindOnce)
	return nil
}

// Ready implements ports.KeyRepository. It also fails when the file was
// removed or replaced.
func (r *KeyRepository) Ready(ctx context.Context) error {
	if err := r.file.inPlace(); err != nil {
		return translate(ctx, err)
	}
	return r.migrator.Current(ctx)
}

// Close waits for what is under way and closes the file.
func (r *KeyRepository) Close() error {
	if r.committer != nil {
		r.closing.Do(r.committer.close)
	}
	var errs []error
	for _, pool := range []*sqlx.DB{r.reader, r.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}
