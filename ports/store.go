package ports

import "context"

// Store is a store of keys and its optional abilities. Only abilities that are set here
// are used; none are discovered by type assertions on Keys, so wrapping Keys in a
// decorator loses no ability.
type Store struct {
	// Keys is required.
	Keys KeyRepository

	// Changes reports which keys were changed, by any process, so that checks can be
	// answered from memory. Without it every check reads Keys.
	Changes ChangeSource

	// Usage records the last use of keys, counts of their checks, and digests made with
	// the newest pepper. Without it no key has a last use or any usage, and a pepper
	// cannot be retired as long as a key hashed with it is in use.
	Usage UsageRecorder

	// Foreign finds keys that another system issued. Without it no keys can be
	// imported, and a secret in another format belongs to no key.
	Foreign ForeignKeys

	// Limits counts what is granted of the limits of keys. Without it no key can be
	// given rate limits or a quota, and checks of keys that have them fail.
	Limits LimitStore

	// Webhooks stores webhooks and the deliveries that changes made through Keys cause.
	// Without it no webhook can be created.
	Webhooks WebhookStore

	// Schema brings the schema up to date. Without it the schema is assumed to be up to
	// date.
	Schema Schema
}

// Schema is the schema of a store, which changes from version to version. It is
// safe for concurrent use.
type Schema interface {
	// Examine returns an error if the store cannot work with its database until an
	// operator changes something. It changes nothing, and returns nil if the database
	// does not respond before ctx ends.
	Examine(ctx context.Context) error

	// Migrate brings the schema to the version of this build. Several processes may
	// call it at the same time. It leaves a newer schema as it is. It returns an error
	// that wraps [domain.ErrUnavailable] if trying again later may help.
	Migrate(ctx context.Context) error

	// NewerSchema returns the version of a schema that is newer than this build,
	// or 0 if the schema is not newer.
	NewerSchema(ctx context.Context) (version int64, err error)
}
