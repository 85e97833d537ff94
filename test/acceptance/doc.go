// Package acceptance tests the HTTP contract as a client sees it: real
// listeners on real ports, real signed tokens, every store. There is one file
// for each outcome, so the listing of this folder is the contract's table of
// responses.
package acceptance
