package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// Page is a page for people, with its assets.
type Page interface {
	// File returns the handler of the asset with the given name, or of the page itself
	// if name is empty, and false if there is no such asset. For the console, name is
	// the path below /console, including the leading slash. The handler sets
	// Cache-Control.
	File(name string) (http.Handler, bool)
}

// The routes of the reference, which both listeners serve without a token.
const (
	referencePath      = "/docs"
	referenceAssetPath = referencePath + "/:asset"
)

// paged serves the page on e, if there is one.
func (a *API) paged(e *echo.Echo, page Page) {
	if page == nil {
		return
	}
	methods := []string{http.MethodGet, http.MethodHead}
	e.Match(methods, referencePath, a.plain(func(x *exchange) error { return x.serveFile(page, "") }))
	e.Match(methods, referenceAssetPath, a.plain(func(x *exchange) error {
		name := x.Param("asset")
		if name == "" { // echo accepts empty parameters
			return echo.ErrNotFound
		}
		return x.serveFile(page, name)
	}))
}

// The routes of the console, which the public listener serves without a token.
const (
	consolePath      = "/console"
	consoleBelowPath = consolePath + "/*"
)

// consoled serves the console on e, if there is one.
func (a *API) consoled(e *echo.Echo) {
	if a.options.Console == nil {
		return
	}
	file := a.plain(func(x *exchange) error {
		return x.serveFile(a.options.Console, strings.TrimPrefix(x.Request().URL.Path, consolePath))
	})
	for _, path := range []string{consolePath, consoleBelowPath} {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, file)
	}
}

func (x *exchange) serveFile(page Page, name string) error {
	file, ok := page.File(name)
	if !ok {
		return echo.ErrNotFound
	}
	x.quiet = true
	x.code = codeSuccess
	file.ServeHTTP(x.Response(), x.Request())
	return nil
}
