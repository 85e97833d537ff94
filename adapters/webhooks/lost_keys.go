package webhooks

import (
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	lostInterval = 10 * time.Minute
	maxLostKeys  = 100
)

// lostKeys logs that secrets cannot be opened, by sealing key and only now and then. It
// is safe for concurrent use, and its zero value is ready for use.
type lostKeys struct {
	mu     sync.Mutex
	logged map[string]time.Time
}

func (l *lostKeys) log(logger *slog.Logger, webhook domain.WebhookID, key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if at, ok := l.logged[key]; ok && now.Sub(at) < lostInterval {
		return
	}
	if len(l.logged) >= maxLostKeys || l.logged == nil {
		l.logged = map[string]time.Time{}
	}
	l.logged[key] = now
	logger.Error("the secret of a webhook cannot be opened; its deliveries wait until APIKEYS_SEALING_KEYS has the key",
		"sealingKey", key, "webhook", webhook, "error", err)
}
