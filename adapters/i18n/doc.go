// Package i18n holds the messages of the service in five languages and selects
// the language of a response from the Accept-Language header of the request.
//
// The folder locales has one flat JSON file per language, with entries of the
// form "id": "message with {{.Placeholder}}". An id is a code of the HTTP API
// or the name of a validation rule. Names of headers, fields and modes, scope
// codes and RFC numbers are not translated. GLOSSARY.md fixes the terms that
// translators use.
package i18n
