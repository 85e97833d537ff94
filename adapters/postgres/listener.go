package postgres

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Pauses between attempts to reconnect.
const (
	minReconnect = 100 * time.Millisecond
	maxReconnect = time.Second
)

// listener wakes a feed. It only makes changes visible sooner, so it retries after an
// error without reporting it.
type listener struct {
	pq      *pq.Listener
	channel string
	wake    chan struct{}
	closed  chan struct{}
}

// listen returns a listener. If the connections are lent, it never wakes, because
// lib/pq opens the listening connection itself, from a URL.
func (r *KeyRepository) listen() *listener {
	if r.sessions.db != nil {
		return &listener{wake: make(chan struct{}, 1)}
	}
	return listen(r.dsn, r.schema.channel())
}

func listen(dsn, channel string) *listener {
	l := &listener{
		pq:      pq.NewListener(listeningDSN(dsn), minReconnect, maxReconnect, nil),
		channel: channel,
		wake:    make(chan struct{}, 1),
		closed:  make(chan struct{}),
	}
	go l.listen()
	go l.forward()
	return l
}

// listen returns when the connection listens. It signals then, because earlier
// changes were not notified.
func (l *listener) listen() {
	for l.pq.Listen(l.channel) != nil {
		select {
		case <-l.closed:
			return
		case <-time.After(maxReconnect):
		}
	}
	l.signal()
}

// forward also passes on the nil that lib/pq sends when a lost connection has
// been replaced, as a notification.
func (l *listener) forward() {
	for range l.pq.NotificationChannel() {
		l.signal()
	}
}

func (l *listener) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// close does not wait for a connection attempt for longer than
// feedConnectTimeout.
func (l *listener) close() error {
	if l.pq == nil {
		return nil
	}
	close(l.closed)
	ctx, cancel := context.WithTimeout(context.Background(), feedConnectTimeout)
	defer cancel()
	_, err := untilDone(ctx, func() (struct{}, error) { return struct{}{}, l.pq.Close() })
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// listeningDSN returns dsn changed for a listener: it requires the primary,
// because a standby accepts no LISTEN, and limits an attempt to connect.
func listeningDSN(dsn string) string {
	const primary = string(pq.TargetSessionAttrsPrimary)
	timeout := strconv.Itoa(int(feedConnectTimeout / time.Second))
	dsn = translateDSN(dsn)
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return dsn + " target_session_attrs=" + primary + " connect_timeout=" + timeout
	}
	query := u.Query()
	query.Del(searchPath) // channels have no schema, and some poolers reject the parameter
	query.Set("target_session_attrs", primary)
	query.Set("connect_timeout", timeout)
	u.RawQuery = query.Encode()
	return u.String()
}
