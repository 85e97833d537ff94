package postgres

// origin identifies a database and its copies. Without it, a position in the log of one
// cluster could be compared with the log of another.
type origin struct {
	// Database is the system identifier of the cluster and the OID of the
	// database in it.
	Database string `db:"database"`
	// Tables are the OIDs of the tables that are read. Tables of another
	// schema, and restored ones, have other OIDs.
	Tables string `db:"tables"`
}

// selectOrigin returns the columns of an origin.
const selectOrigin = `(SELECT system_identifier::text FROM pg_control_system())
|| ' ' || (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
concat_ws(' ', to_regclass('api_keys')::oid, to_regclass('api_key_secrets')::oid) AS tables`
