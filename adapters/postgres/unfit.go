package postgres

// UnfitError means that the store cannot or must not use the database at a URL,
// and says how to correct that. It lasts until an operator changes something.
type UnfitError struct {
	// Read reports whether the URL is that of [WithStandby].
	Read bool
	// DB reports whether the subject is the database of [OpenDB].
	DB bool
	// Concern is what the problem is about.
	Concern Concern
	// Problem completes a sentence whose subject is the URL. It contains no
	// password.
	Problem string
}

// Concern is what an [UnfitError] is about.
type Concern uint8

// The concerns.
const (
	ConcernAccess   Concern = iota // whether and how the database can be reached, or anything else
	ConcernEncoding                // of the database
	ConcernPooler                  // between the store and the server
)

func (e *UnfitError) Error() string {
	if e.DB {
		return "postgres: the *sql.DB " + e.Problem
	}
	if e.Read {
		return "postgres: the read database URL " + e.Problem
	}
	return "postgres: the database URL " + e.Problem
}

const (
	problemShared       = "leads through a pooler that shares server connections between clients (transaction or statement mode), where prepared statements of one client are run for another; use session mode, or the URL of the server itself"
	problemForeign      = "leads to a server that does not follow the primary: it has another system identifier, or it is another database or schema; name a standby of the primary, or leave the URL out"
	problemForeignTable = "leads to the schema %q, where another program has a table %s (there is no %s beside it); keep keys in a schema of their own, by adding search_path=apikeys"
	problemEncoding     = "names a database whose encoding is %s, which cannot hold every name; create one with ENCODING 'UTF8' TEMPLATE template0, and move the data by pg_dump and psql"
)
