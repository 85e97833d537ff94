// Package memory is a complete store that keeps all data in the memory of the
// process. It is meant for tests and trials: the data is lost when the process
// ends.
package memory
