// Package webhooks sends deliveries to the webhooks of workspaces. It claims due
// deliveries from the outbox, signs them as specified by Standard Webhooks, and reports
// their outcomes.
//
// URLs are chosen by strangers, so every address is judged when it is dialled.
// Receivers may be slow, broken or hostile, so the resources that each one can take are
// bounded, and the others do not wait for it.
package webhooks
