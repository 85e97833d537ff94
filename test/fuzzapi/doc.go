// Package fuzzapi tests a running service against its OpenAPI document with
// generated requests. It checks that every response is documented and that every
// documented response occurs.
package fuzzapi
