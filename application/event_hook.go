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

// Bounds of the calls of an event hook.
const (
	// maxHooked is the maximum number of events that wait for the hook. Further events
	// are dropped.
	maxHooked = 1024
	// hookTimeout bounds the context of each call.
	hookTimeout = 10 * time.Second
	// hookCloseTimeout bounds how long Close waits for the hook.
	hookCloseTimeout = 5 * time.Second
)

// EventHook calls a function with the event of every change after the store has written
// it. A single goroutine makes the calls. The events of one key are passed in the order
// of its changes; the events of different keys are passed in any order.
//
// A change neither waits for the hook nor fails because of it. While 1024 events wait,
// further events are dropped, and the log says so. The event of a change whose outcome
// is unknown is not passed to the hook. EventHook is safe for concurrent use.
type EventHook struct {
	call   func(context.Context, domain.Event)
	logger *slog.Logger

	mu      sync.Mutex                       // guards what follows
	changes map[domain.KeyID][]*hookedChange // of each key, in the order in which they began
	dropped int                              // events, since the queue was last at most half full
	closed  bool                             // if set, nothing more is queued

	queue   chan domain.Event
	calling context.Context // the parent of each call's context; cancelled when Close gives up
	abandon context.CancelFunc
	done    chan struct{} // closed after the last call
}

// hookedChange is a change that the store is making, or that it has made while an
// earlier change of the same key is still being made.
type hookedChange struct {
	event       domain.Event
	ended, made bool
}

// NewEventHook returns a hook that calls call. The caller must call Close when done
// with it.
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

// Close waits for at most 5 s until the hook has been called with every waiting event.
// After that it cancels the context of the call in flight and drops the remaining
// events.
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

// Writer returns a writer that forwards to writer and passes the event of each change
// to the hook.
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

// Update implements ports.KeyWriter. A store makes the changes of one key one after the
// other, so decide is called in the order of the changes.
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

// begin records that a change of a key has begun, replacing the record of an earlier
// attempt. It returns nil if event is zero, which means that nothing changes.
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

// enqueue queues event for the hook, or drops it if the queue is full. The caller must
// hold h.mu.
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
