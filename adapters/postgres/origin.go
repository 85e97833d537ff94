package postgres

// origin is what a copy of a database has in common with the database that it
// follows, and with no other one: a position in a log proves nothing in the log
// of another cluster.
type origin struct {
	// Database is the system identifier of the cluster and the OID of the
	// database in it.
	Database string `db:"database"`
	// Tables are the OIDs of the tables that are read. Another schema of the
	// database has others, as have tables that were restored.
	Tables string `db:"tables"`
}

// selectOrigin returns the columns of an origin.
const selectOrigin = `(SELECT system_identifier::text FROM pg_control_system())
|| ' ' || (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
concat_ws(' ', to_regclass('api_keys')::oid, to_regclass('api_key_secrets')::oid) AS tables`
