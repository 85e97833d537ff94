// Package webhooks sends deliveries to the webhooks of workspaces: it claims what is due
// in the outbox, signs it as Standard Webhooks prescribes, and reports what became of it.
//
// URLs are chosen by strangers, so every address is judged when it is dialled, and
// receivers may be slow, broken or hostile: what one of them takes is bounded, and the
// others do not wait for it.
package webhooks
