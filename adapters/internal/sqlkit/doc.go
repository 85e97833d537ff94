// Package sqlkit contains the code that the SQL stores share: the rows of the
// tables, the conversion between columns and domain values, and migrations. The
// two schemas have the same tables and columns; only instants have different
// types.
package sqlkit
