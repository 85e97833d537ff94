// Package sealing encrypts the secrets of webhooks with AES-256-GCM (NIST SP 800-38D),
// under a ring of keys that is not in the database.
//
// A digest would not do: a webhook's secret signs deliveries, so it must be
// recoverable.
package sealing
