// Package model compares the service, with every store, to a simple model of the
// lifecycle of keys, using random sequences of operations.
package model
