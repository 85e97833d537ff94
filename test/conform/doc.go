// Package conform holds requests and their answers against the OpenAPI
// document of the service, for tests that drive it over HTTP.
package conform
