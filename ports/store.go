package ports

import "context"

// Store is a store of keys and what else it can do. An ability that is not
// stated here is not used: nothing is discovered from the type of a value. So a
// decorator around Keys costs no other ability.
type Store struct {
	// Keys is required.
	Keys KeyRepository

	// Changes reports which keys were changed, by any process, and so allows
	// checks to be answered from memory. Without it every check reads Keys.
	Changes ChangeSource

	// Usage records the last use of keys, counts of their checks, and digests made
	// with the newest pepper. Without it no key has a last use or any usage, and no
	// pepper can be retired while keys from its time are in use.
	Usage UsageRecorder

	// Foreign finds keys that another system issued. Without it none can be imported,
	// and a secret of another format is that of no key.
	Foreign ForeignKeys

	// Limits counts what is granted of the limits of keys. Without it no key can be
	// given rate limits or a quota, and checks of a key that has some fail.
	Limits LimitStore

	// Webhooks keeps webhooks and the deliveries that the changes of Keys cause. Without
	// it no webhook can be created.
	Webhooks WebhookStore

	// Schema brings the schema up to date. Without it the schema is taken to be
	// up to date.
	Schema Schema
}

// Schema is the schema of a store, which changes from version to version. It is
// safe for concurrent use.
type Schema interface {
	// Examine returns an error if the store cannot work with its database until
	// an operator changes something. It returns nil if the database cannot be
	// asked before ctx ends, and changes nothing.
	Examine(ctx context.Context) error

	// Migrate brings the schema to the version of this build. Several processes
	// may do so at the same time. It leaves a newer schema as it is. It returns
	// an error that wraps [domain.ErrUnavailable] if trying again later may
	// help.
	Migrate(ctx context.Context) error

	// NewerSchema returns the version of a schema that is newer than this build,
	// or 0 if the schema is not newer.
	NewerSchema(ctx context.Context) (version int64, err error)
}
