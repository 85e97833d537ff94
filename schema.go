package apikeys

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// migrator is a store that brings its own schema up to date.
type migrator interface {
	Migrate(ctx context.Context) error
}

// examined is a store that can tell whether it can work with its database.
type examined interface {
	Examine(ctx context.Context) error
}

// newerSchema is a store that knows of a schema that is newer than its build.
type newerSchema interface {
	NewerSchema(ctx context.Context) (version int64, err error)
}

// Bounds of the wait between two attempts to reach a store that is down at start.
const (
	firstRetry   = 100 * time.Millisecond
	longestRetry = 2 * time.Second
)

// examineTimeout bounds how long a start waits for a database that is silent.
const examineTimeout = 5 * time.Second

// examine returns [config.Faults] if the store can only work with its database
// once an operator has changed something. A database that cannot be reached now
// is examined later, at each connection.
func (s *Service) examine(ctx context.Context) error {
	store, ok := s.repository.(examined)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	faults, _ := errors.AsType[config.Faults](asFault(store.Examine(ctx)))
	return faults.Err()
}

// migrate brings the schema up to date within ctx, or, while the store cannot
// be reached, goes on in the background.
func (s *Service) migrate(ctx context.Context) error {
	store, ok := s.repository.(migrator)
	if !ok || !s.migrates {
		s.schemaIsReady()
		return nil
	}
	err := store.Migrate(ctx)
	if err == nil {
		s.schemaIsReady()
		return nil
	}
	if !errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil {
		return err
	}
	s.logger.Warn("the store cannot be reached; trying on", "error", err)
	s.background.Go(func() { s.migrateLater(s.running, store) })
	return nil
}

func (s *Service) migrateLater(ctx context.Context, store migrator) {
	waits := retry.WithCappedDuration(longestRetry, retry.NewExponential(firstRetry))
	err := retry.Do(ctx, waits, func(ctx context.Context) error {
		err := application.Contained("bringing the schema up to date", func() error { return store.Migrate(ctx) })
		if errors.Is(err, domain.ErrUnavailable) {
			return retry.RetryableError(err)
		}
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			s.logger.Error("the schema cannot be brought up to date", "error", err)
		}
		return
	}
	s.schemaIsReady()
	s.logger.Info("the store is reached and its schema up to date")
}

// schemaIsReady ends the bringing up to date.
func (s *Service) schemaIsReady() {
	s.migrated.Store(true)
	if store, ok := s.repository.(newerSchema); ok {
		s.background.Go(func() { s.noteNewerSchema(context.WithoutCancel(s.running), store) })
	}
}

// noteNewerSchema tells of a schema that is newer than this build. It is
// served, since the way back of a release is its older build.
func (s *Service) noteNewerSchema(ctx context.Context, store newerSchema) {
	var version int64
	err := application.Contained("looking for a newer schema", func() (err error) {
		version, err = store.NewerSchema(ctx)
		return err
	})
	switch {
	case err != nil:
		s.logger.Warn("it is not known whether the schema is newer than this build", "error", err)
	case version > 0:
		s.logger.Warn("the schema is newer than this build, which serves it as it is", "version", version)
	}
}
