package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// The contract as OpenAPI 3.1, as written and as JSON generated from it.
var (
	//go:embed openapi/openapi.yaml
	documentYAML []byte
	//go:embed openapi/openapi.json
	documentJSON []byte
)

const yamlType = "application/yaml" // RFC 9512; always UTF-8

// documented serves the contract on e, without authentication.
func (a *API) documented(e *echo.Echo) {
	e.GET(documentJSONPath, a.plain(document(jsonInUTF8[0], documentJSON)))
	e.GET(documentYAMLPath, a.plain(document(yamlType, documentYAML)))
}

func document(mediaType string, text []byte) handler {
	return func(x *exchange) error {
		x.quiet = true
		x.code = codeSuccess
		return x.Blob(http.StatusOK, mediaType, text)
	}
}
