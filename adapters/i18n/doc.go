// Package i18n holds what the service says to people, in five languages, and
// picks the language of a request.
//
// The sentences are in locales, a flat JSON file for each language: "id":
// "sentence with {{.Placeholder}}". An id is a code of the HTTP contract or
// the name of a validation rule. What stands as it is in every language:
// names of headers, fields and modes, scope codes, RFC numbers.
package i18n
