package apikeys

import (
	"context"
	"log/slog"
	"time"

	"github.com/slaunchx/apikeys/adapters/keycache"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/ports"
)

// keys are the ways to the keys of a repository: through memory for the
// permission check, and past it, but never behind its back, for changes.
type keys struct {
	Source application.KeySource
	Writer ports.KeyWriter
	cache  *keycache.Cache
	// follow keeps memory true until ctx ends; nil when it cannot be.
	follow func(ctx context.Context)
}

// provideKeys keeps keys in memory when the changes of the repository can be
// followed. When they cannot, no answer from memory is trusted, and the cache
// is what bounds the reads.
func provideKeys(cfg config.Config, o *options, repository ports.KeyRepository, now func() time.Time) (keys, func(), error) {
	cache, err := keycache.New(keycache.Options{
		Finder:      repository,
		MaximumKeys: cfg.CacheKeys,
		OutageGrace: cfg.OutageGrace,
		Now:         now,
	})
	if err != nil {
		return keys{}, nil, err
	}
	k := keys{Source: cache, Writer: application.Exclusive(cache.Evicting(repository)), cache: cache}
	if changes, ok := repository.(ports.ChangeSource); ok {
		k.follow = func(ctx context.Context) { follow(ctx, cache, changes, o.logger) }
	} else {
		o.logger.Warn("the changes of this repository cannot be followed; every check reads it")
	}
	return k, cache.Close, nil
}

// follow calls an embedder's parts in a goroutine of the service's own, which
// no panic of theirs may end: what they do not tell any more is not trusted.
func follow(ctx context.Context, cache *keycache.Cache, changes ports.ChangeSource, logger *slog.Logger) {
	var feed ports.ChangeFeed
	err := application.Contained("following the changes", func() error {
		feed = changes.Follow()
		cache.Follow(ctx, feed, logger)
		return nil
	})
	if err != nil {
		logger.Error("the change feed has ended; checks read the store", "error", err)
	}
	if feed == nil {
		return
	}
	if err := application.Contained("closing the change feed", feed.Close); err != nil {
		logger.Warn("close change feed", "error", err)
	}
}

// provideUsage collects the use of keys when the repository can keep it.
func provideUsage(o *options, repository ports.KeyRepository, hasher ports.SecretHasher) *application.Usage {
	recorder, _ := repository.(ports.UsageRecorder)
	return application.NewUsage(recorder, hasher, o.logger)
}
