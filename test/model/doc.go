// Package model holds the whole life of keys, on every store, to a plain model
// of it.
package model
