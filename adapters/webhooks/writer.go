package webhooks

import (
	"context"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// Waking returns a writer that forwards to writer and wakes the sender after each
// change.
func (s *Sender) Waking(writer ports.KeyWriter) ports.KeyWriter {
	return wakingWriter{sender: s, writer: writer}
}

type wakingWriter struct {
	sender *Sender
	writer ports.KeyWriter
}

// Create implements ports.KeyWriter.
func (w wakingWriter) Create(ctx context.Context, key *domain.APIKey, event domain.Event, options ports.CreateOptions) error {
	defer w.sender.Wake()
	return w.writer.Create(ctx, key, event, options)
}

// Update implements ports.KeyWriter.
func (w wakingWriter) Update(ctx context.Context, workspace domain.WorkspaceID, id domain.KeyID, change func(*domain.APIKey) (domain.Event, error), options ports.UpdateOptions) error {
	defer w.sender.Wake()
	return w.writer.Update(ctx, workspace, id, change, options)
}
