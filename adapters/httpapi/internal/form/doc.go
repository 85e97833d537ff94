// Package form reads the parts of requests: JSON bodies, queries and headers.
// It is strict, reports all faults at once, and knows nothing of API keys.
package form
