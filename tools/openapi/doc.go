// Package openapi requires what the Go code imports that oapi-codegen generates
// from the OpenAPI document, so that test/generators can compile it.
package openapi

import _ "github.com/oapi-codegen/runtime"
