// Package postgres stores keys in PostgreSQL. It is for production, and for
// several processes on one database. Creating a key is one round trip and one
// transaction; finding a key is one round trip with a prepared statement.
package postgres
