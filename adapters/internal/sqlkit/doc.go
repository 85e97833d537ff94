// Package sqlkit is what the SQL stores share: the rows of the tables, how
// their columns spell domain values, and the running of migrations. The two
// schemas have the same tables and columns; only instants are of another type.
package sqlkit
