// Package webhook verifies and reads what the webhooks of a workspace are sent. The
// messages are signed as Standard Webhooks prescribes
// (https://www.standardwebhooks.com), so any library for that verifies them too.
//
// Deliveries are made at least once and in no guaranteed order: a receiver remembers the
// IDs of the messages that it has processed, and responds with a 2xx status within 15 s.
package webhook
