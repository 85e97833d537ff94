package application

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Bounds of calling an event hook.
const (
	// maxHooked is how many events wait for the hook. Events beyond it are dropped.
	maxHooked = 1024
	// hookTimeout is the deadline of the context of each call.
	hookTimeout = 10 * time.Second
	// hookCloseTimeout bounds how long Close waits for the hook.
	hookCloseTimeout = 5 * time.Second
)

// EventHook calls a function with the event of every change after the store has
// written it. A single goroutine makes the calls. Events of one key come in the
// order in which its changes were made; events of several keys come in any
// order.
//
// A change neither waits for the hook nor fails because of it: an event is
// dropped, and the log says so, while 1024 events wait. The event of a change
// whose outcome is unknown is not passed to the hook. It is safe for concurrent
// use.
type EventHook struct {
	call   func(context.Context, domain.Event)
	logger *slog.Logger

	mu      sync.Mutex // guards what follows
	changes map[domain.KeyID][]*hookedChange
	dropped int  // events, since the queue was last half empty
	closed  bool // after which nothing is queued

	queue   chan domain.Event
	calling context.Context // of the calls; cancelled when Close gives up
	abandon context.CancelFunc
	done    chan struct{} // closed after the last call
}

// hookedChange is a change that the store is making, or has made while it still
// makes an earlier one of the same key.
type hookedChange struct {
	event       domain.Event
	ended, made bool
}

// NewEventHook returns a hook that calls call. Close it when done with it.
func NewEventHook(call func(context.Context, domain.Event), logger *slog.Logger) *EventHook {
	h := &EventHook{
		call:    call,
		logger:  logger,
		changes: map[domain.KeyID][]*hookedChange{},
		queue:   make(chan domain.Event, maxHooked),
		done:    make(chan struct{}),
	}
	h.calling, h.abandon = context.WithCancel(context.Background())
	go h.run()
	return h
}

// Close waits until the hook was called with every event that waits, for at
// most 5 s. After that it cancels the context of the call in flight and gives
// up: the rest is dropped.
func (h *EventHook) Close() {
	defer h.abandon()
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.queue)
	}
	h.mu.Unlock()
	limit := time.NewTimer(hookCloseTimeout)
	defer limit.Stop()
	select {
	case <-h.done:
	case <-limit.C:
		h.logger.Warn("the event hook did not return in time; events are dropped", "events", len(h.queue))
	}
}

func (h *EventHook) run() {
	defer close(h.done)
	for event := range h.queue {
		if h.calling.Err() != nil {
			return
		}
		h.tell(event)
	}
}

func (h *EventHook) tell(event domain.Event) {
	ctx, cancel := context.WithTimeout(h.calling, hookTimeout)
	defer cancel()
	event.Changes = slices.Clone(event.Changes) // a store may keep them
	err := Contained("the event hook", func() error {
		h.call(ctx, event)
		return nil
	})
	if err != nil {
		h.logger.Error("event hook", "eventId", event.ID, "error", err)
	}
}

// Writer returns writer with the event of each change passed to the hook.
func (h *EventHook) Writer(writer ports.KeyWriter) ports.KeyWriter {
	return hookedWriter{hook: h, writer: writer}
}

type hookedWriter struct {
	hook   *EventHook
	writer ports.KeyWriter
}

// Create implements ports.KeyWriter.
func (w hookedWriter) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	change, made := w.hook.begin(nil, event), false
	defer func() { w.hook.end(change, made) }() // even if the store panics
	err := w.writer.Create(ctx, key, event, options)
	made = err == nil
	return err
}

// Update implements ports.KeyWriter. A store makes the changes of one key one
// after the other, so the order of the calls of decide is that of the changes.
func (w hookedWriter) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, decide func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	var change *hookedChange
	made := false
	defer func() { w.hook.end(change, made) }()
	err := w.writer.Update(ctx, workspace, id, func(key *domain.APIKey) (domain.Event, error) {
		event, err := decide(key)
		change = w.hook.begin(change, event)
		return event, err
	}, options)
	made = err == nil
	return err
}

// begin notes the latest change of a key, in place of the one that an earlier
// attempt noted. It returns nil if the event says that nothing changes.
func (h *EventHook) begin(earlier *hookedChange, event domain.Event) *hookedChange {
	h.end(earlier, false)
	if event.ID == "" {
		return nil
	}
	change := &hookedChange{event: event}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes[event.KeyID] = append(h.changes[event.KeyID], change)
	return change
}

// end queues the event of a change that was made, once all earlier changes of
// its key have ended.
func (h *EventHook) end(change *hookedChange, made bool) {
	if change == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	change.ended, change.made = true, made
	waiting := h.changes[change.event.KeyID]
	for len(waiting) > 0 && waiting[0].ended {
		if waiting[0].made {
			h.enqueue(waiting[0].event)
		}
		waiting = waiting[1:]
	}
	if len(waiting) > 0 {
		h.changes[change.event.KeyID] = waiting
	} else {
		delete(h.changes, change.event.KeyID)
	}
}

// enqueue is called with mu held.
func (h *EventHook) enqueue(event domain.Event) {
	if h.closed {
		return
	}
	select {
	case h.queue <- event:
		if h.dropped > 0 && len(h.queue) <= maxHooked/2 {
			h.logger.Warn("the event hook is called again", "droppedEvents", h.dropped)
			h.dropped = 0
		}
	default:
		if h.dropped++; h.dropped == 1 {
			h.logger.Warn("the event hook is too slow; events are dropped", "waiting", maxHooked)
		}
	}
}
