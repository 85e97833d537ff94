// Package postgres keeps keys in PostgreSQL: for production, and for several
// processes at once. A creation is one round trip and one transaction; a
// look-up is one round trip and one prepared statement.
package postgres
