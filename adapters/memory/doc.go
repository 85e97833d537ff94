// Package memory keeps everything in the memory of the process: a complete
// store for tests and trials, which forgets when the process ends.
package memory
