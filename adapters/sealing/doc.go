// Package sealing encrypts the secrets of webhooks with AES-256-GCM (NIST SP 800-38D),
// under a ring of keys that are not stored in the database.
//
// A digest is not enough: a webhook's secret signs deliveries, so it must be
// recoverable.
package sealing
