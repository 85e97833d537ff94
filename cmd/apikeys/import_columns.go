package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/slaunchx/apikeys/domain"
)

// layout maps the properties of a key to the columns of a file.
type layout struct {
	format domain.ForeignFormat
	of     map[string]string // by property
	given  map[string]string // those of them that the command line names
	scopes []string          // instead of those in the file, if not nil
}

// secretColumns are the columns in which the formats have the secret.
var secretColumns = map[domain.ForeignFormat]string{
	domain.FormatUnkey:      "hash",
	domain.FormatBetterAuth: "key",
	domain.FormatSanctum:    "token",
	domain.FormatPrefixed:   "longTokenHash",
	domain.FormatKnox:       "digest",
	domain.FormatPlain:      "key",
}

// otherColumns are the columns of the other properties, for formats in which a column
// is not named like its property.
var otherColumns = map[domain.ForeignFormat]map[string]string{
	domain.FormatUnkey:      {"scopes": "permissions"},
	domain.FormatBetterAuth: {"scopes": "permissions", "expires": "expiresAt"},
	domain.FormatSanctum:    {"scopes": "abilities", "expires": "expires_at"},
	domain.FormatKnox:       {"expires": "expiry"},
}

// layoutOf returns the layout of a format, changed as given.
func layoutOf(format domain.ForeignFormat, given map[string]string, scopes []string) (layout, error) {
	of := map[string]string{
		"secret": secretColumns[format], "name": "name", "scopes": "scopes", "expires": "expires",
		"ips": "ips", "enabled": "enabled", "deleted": "deleted_at",
	}
	maps.Copy(of, otherColumns[format])
	for property, column := range given {
		if _, known := of[property]; !known {
			return layout{}, misuse(fmt.Sprintf("--column: %q is none of %s", property, strings.Join(slices.Sorted(maps.Keys(of)), ", ")))
		}
		of[property] = column
	}
	return layout{format: format, of: of, given: given, scopes: scopes}, nil
}

// check returns an error if a CSV file with the given header row lacks a column.
func (c layout) check(head []string) error {
	if head == nil {
		return nil
	}
	for _, property := range slices.Sorted(maps.Keys(c.of)) {
		column := c.of[property]
		if _, named := c.given[property]; (named || property == "secret") && !slices.Contains(head, column) {
			return misuse(fmt.Sprintf("the file has no column %q; name that of the %s with --column %s=COLUMN", column, property, property))
		}
	}
	return nil
}

// spec returns the key that a row describes, or an error that says why it is rejected.
// The error contains no value of the row.
func (c layout) spec(r row) (spec domain.ForeignKeySpec, err error) {
	var errs []error
	read := func(property string, parse func(any) error) {
		if err := parse(r.values[c.of[property]]); err != nil {
			errs = append(errs, fmt.Errorf("%s %w", c.of[property], err))
		}
	}
	read("secret", func(v any) error {
		text, err := textOf(v)
		switch {
		case err != nil:
			return err
		case text == "":
			return errors.New("is missing")
		case c.format == domain.FormatKnox && !empty(r.values["salt"]):
			return errors.New("is salted, so no key can be found by it; issue a new key")
		}
		spec.Credential, err = domain.ParseForeignCredential(c.format, text)
		return err
	})
	read("name", func(v any) (err error) {
		spec.Name, err = textOf(v)
		return err
	})
	read("scopes", func(v any) (err error) {
		spec.Scopes = c.scopes
		if c.scopes == nil {
			spec.Scopes, err = listOf(v)
		}
		return err
	})
	read("ips", func(v any) (err error) {
		spec.IPWhitelist, err = listOf(v)
		return err
	})
	read("expires", func(v any) (err error) {
		spec.ExpiresAt, err = timeOf(v)
		return err
	})
	read("enabled", func(v any) error {
		enabled, err := boolOf(v)
		spec.Disabled = !enabled
		return err
	})
	read("deleted", func(v any) error {
		if !empty(v) {
			return errors.New("says that the key was deleted")
		}
		return nil
	})
	if strings.TrimSpace(spec.Name) == "" {
		spec.Name = fmt.Sprintf("Imported from %s, line %d", c.format, r.line)
	}
	return spec, joined(errs)
}

// joined returns one error with the texts of errs on one line, or nil if there are
// none.
func joined(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// empty reports whether v is the value of an empty cell. Databases export NULL in
// several ways.
func empty(v any) bool {
	text, ok := v.(string)
	return v == nil || ok && (text == "" || text == "NULL" || text == "null" || text == `\N`)
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if empty(v) {
			return "", nil
		}
		return v, nil
	case nil:
		return "", nil
	}
	return "", errors.New("must be text")
}

var errList = errors.New("must be a list of texts, as a JSON array or separated by commas or spaces")

// listOf returns v as a list. An object of lists, which is how better-auth stores
// permissions, becomes the list of all name:entry.
func listOf(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return listIn(v)
	case []any:
		var texts []string
		for _, entry := range v {
			text, ok := entry.(string)
			if !ok {
				return nil, errList
			}
			texts = append(texts, text)
		}
		return texts, nil
	case map[string]any:
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			entries, err := listOf(v[name])
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				texts = append(texts, name+":"+entry)
			}
		}
		return texts, nil
	case nil:
		return nil, nil
	}
	return nil, errList
}

func listIn(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	switch {
	case empty(text):
		return nil, nil
	case text[0] == '[' || text[0] == '{':
		var decoded any
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			return nil, errList
		}
		return listOf(decoded)
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }), nil
}

// timeLayouts are the layouts in which databases export times. Times without an offset
// are in UTC.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02",
}

// timeOf returns v as a time. A number means seconds since the Unix epoch or, from 100
// billion (the year 5138) on, milliseconds.
func timeOf(v any) (time.Time, error) {
	text, ok := v.(string)
	if number, isNumber := v.(float64); isNumber {
		text, ok = strconv.FormatFloat(number, 'f', -1, 64), true
	}
	if empty(v) {
		return time.Time{}, nil
	}
	if !ok {
		return time.Time{}, errors.New("must be a time")
	}
	if number, err := strconv.ParseInt(text, 10, 64); err == nil && number > 0 {
		if number >= 100_000_000_000 {
			return time.UnixMilli(number), nil
		}
		return time.Unix(number, 0), nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil && !t.IsZero() {
			return t, nil
		}
	}
	return time.Time{}, errors.New("must be an RFC 3339 time, or seconds or milliseconds since 1970")
}

// boolOf returns v as a bool. An empty cell is true.
func boolOf(v any) (bool, error) {
	switch value := v.(type) {
	case bool:
		return value, nil
	case float64:
		v = strconv.FormatFloat(value, 'f', -1, 64)
	}
	if empty(v) {
		return true, nil
	}
	text, _ := v.(string)
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return value, nil
}
