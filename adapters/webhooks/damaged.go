package webhooks

import (
	"log/slog"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

const (
	damagedInterval = 10 * time.Minute
	maxDamaged      = 100
)

// damagedSecrets logs secrets that cannot be opened although their sealing key is
// configured, each webhook at most once in 10 minutes or so. It is safe for concurrent
// use, and its zero value is ready to use.
type damagedSecrets struct {
	mu     sync.Mutex
	logged map[domain.WebhookID]time.Time
}

func (l *damagedSecrets) log(logger *slog.Logger, webhook domain.WebhookID, key string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if at, ok := l.logged[webhook]; ok && now.Sub(at) < damagedInterval {
		return
	}
	if len(l.logged) >= maxDamaged || l.logged == nil {
		l.logged = map[domain.WebhookID]time.Time{}
	}
	l.logged[webhook] = now
	logger.Error("the secret of a webhook cannot be opened; its owner must rotate it, or delete the webhook",
		"sealingKey", key, "webhook", webhook, "error", err)
}
