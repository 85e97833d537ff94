// Package fuzzapi drives a running service from its OpenAPI document: no
// answer is outside of it, and every answer in it is given.
package fuzzapi
