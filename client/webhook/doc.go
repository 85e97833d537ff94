// Package webhook verifies and parses the messages that the webhooks of a workspace
// receive. They are signed as specified by Standard Webhooks
// (https://www.standardwebhooks.com), so any library for it can verify them too.
//
// Messages are delivered at least once and in no guaranteed order. A receiver should
// remember the IDs of the messages that it has processed, and must respond with a 2xx
// status within 15 s.
package webhook
