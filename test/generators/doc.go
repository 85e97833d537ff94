// Package generators tests that code generators read the OpenAPI document as it is,
// and that programs which use what they generate work with a running service.
package generators
