// Package pgtest gives tests a PostgreSQL of their own.
//
// A test package that wants one has
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// and asks for an empty database where it needs one:
//
//	dsn := pgtest.NewDatabase(t)
//
// The first question starts one server for the test binary. It dies with the
// binary, however that ends, and what it wrote is removed. Tests that stop and
// restart a server use [Start] and have one for themselves.
//
// The server is the first of these that is there:
//
//  1. the running one that the variable APIKEYS_TEST_DATABASE_URL names, a
//     postgres:// URL of an account that may create databases;
//  2. the binaries in the folder that APIKEYS_TEST_POSTGRES_BIN names;
//  3. those beside the initdb on PATH, links followed;
//  4. those of the newest /usr/lib/postgresql/*/bin;
//  5. those in .cache/postgres of the module, which "make pg" fetches.
//
// Without any of them the test fails: none is skipped.
package pgtest
