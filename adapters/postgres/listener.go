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

// Pace of the tries to listen again.
const (
	minReconnect = 100 * time.Millisecond
	maxReconnect = time.Second
)

// listener wakes a follower. Nothing depends on it but how soon a change is
// seen, so it keeps its troubles to itself and tries again.
type listener struct {
	pq      *pq.Listener
	channel string
	wake    chan struct{}
	closed  chan struct{}
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

// listen returns when the server listens; what changed before was not notified.
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

// forward takes the nil of a connection that was lost and made again for a
// notification as well.
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

// close gives up waiting for a connection attempt that is under way.
func (l *listener) close() error {
	close(l.closed)
	ctx, cancel := context.WithTimeout(context.Background(), feedConnectTimeout)
	defer cancel()
	_, err := untilDone(ctx, func() (struct{}, error) { return struct{}{}, l.pq.Close() })
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// listeningDSN returns dsn with what a listener needs: a standby takes no
// LISTEN, and an attempt to connect must end.
func listeningDSN(dsn string) string {
	const primary = string(pq.TargetSessionAttrsPrimary)
	timeout := strconv.Itoa(int(feedConnectTimeout / time.Second))
	dsn = translateDSN(dsn)
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return dsn + " target_session_attrs=" + primary + " connect_timeout=" + timeout
	}
	query := u.Query()
	query.Del(searchPath) // of which a channel knows nothing, and some poolers neither
	query.Set("target_session_attrs", primary)
	query.Set("connect_timeout", timeout)
	u.RawQuery = query.Encode()
	return u.String()
}
