// Package pgtest provides PostgreSQL servers for tests.
//
// A test package that needs one has
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// and creates empty databases with
//
//	dsn := pgtest.NewDatabase(t)
//
// A database that every test needs in the same state is filled once and copied, with a
// [Template].
//
// The first call starts one server for the test binary. The server stops with the
// binary, however that ends, and its files are removed. Tests that stop and restart
// a server get their own from [Start].
//
// The server is the first of these that exists:
//
//  1. the running server at APIKEYS_TEST_DATABASE_URL, a postgres:// URL of an
//     account that may create databases;
//  2. the binaries in the folder APIKEYS_TEST_POSTGRES_BIN;
//  3. those in the folder of the initdb on PATH, with links resolved;
//  4. those in the newest /usr/lib/postgresql/*/bin;
//  5. those in .cache/postgres of the module, which "make pg" fetches.
//
// If none exists, the test fails; it is not skipped.
package pgtest
