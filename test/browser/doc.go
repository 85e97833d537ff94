// Package browser tests the pages of the service in Chromium. It is a module of its
// own, because the driver of the browser is large and nothing else needs it.
package browser
