package answer

import (
	"context"
	"log/slog"
)

// LogPanic logs the type of a panic's value, if it is known, and the stack.
func LogPanic(ctx context.Context, logger *slog.Logger, requestID, kind, stack string) {
	logger.LogAttrs(ctx, slog.LevelError, "panic",
		slog.String("requestId", requestID),
		slog.String("type", kind),
		slog.String("stack", stack))
}
