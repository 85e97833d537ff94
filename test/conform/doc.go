// Package conform checks requests and responses against the OpenAPI document of the
// service, for tests that access it over HTTP.
package conform
