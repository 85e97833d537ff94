package config

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Store is a kind of database.
type Store string

// The stores, by the scheme of their location.
const (
	StoreSQLite   Store = "sqlite"
	StorePostgres Store = "postgres"
	StoreMemory   Store = "memory"
)

// sslModes are the values of libpq's sslmode.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// Database returns the kind of DatabaseURL, and its location in the form that
// the store expects: the path of a SQLite file, the whole URL of a PostgreSQL
// server, nothing for memory. The kind is empty if the scheme is unknown.
//
// A PostgreSQL location may contain a password, so it remains a [Secret].
func (c Config) Database() (kind Store, location Secret) {
	scheme, rest, _ := strings.Cut(c.DatabaseURL.Reveal(), "://")
	switch scheme {
	case "sqlite":
		return StoreSQLite, Secret(rest)
	case "postgres", "postgresql":
		return StorePostgres, c.DatabaseURL
	case "memory":
		return StoreMemory, ""
	}
	return "", ""
}

func judgeDatabaseURL(location string) string {
	const forms = "write sqlite:///absolute/path, sqlite://relative/path, postgres://... or memory://"
	if location == "" {
		return "is empty; " + forms
	}
	scheme, rest, found := strings.Cut(location, "://")
	switch {
	case !found:
		return "is not a URL; " + forms
	case scheme == "sqlite":
		return judgeSQLitePath(rest)
	case scheme == "postgres", scheme == "postgresql":
		return judgePostgresURL(location)
	case scheme == "memory":
		if rest != "" {
			return "has text after memory://, which accepts none; write memory://"
		}
		return ""
	}
	return "names an unknown kind of database; " + forms
}

func (c Config) judgeReadDatabaseURL() string {
	location := c.ReadDatabaseURL.Reveal()
	if location == "" {
		return ""
	}
	if kind, _ := c.Database(); kind != StorePostgres {
		return "is set, but APIKEYS_DATABASE_URL is not a PostgreSQL URL; unset it"
	}
	if scheme, _, _ := strings.Cut(location, "://"); scheme != "postgres" && scheme != "postgresql" {
		return "is not a PostgreSQL URL; write postgres://..."
	}
	return judgePostgresURL(location)
}

func judgeSQLitePath(path string) string {
	switch {
	case path == "":
		return "names no file; write sqlite:///absolute/path or sqlite://relative/path"
	case strings.Contains(path, ":memory:"):
		return "names an in-memory database of SQLite; write memory://"
	case judgeText(path) != "":
		return "has a file path that " + judgeText(path)
	case strings.ContainsFunc(path, unicode.IsControl):
		return "has a control character in the file path; remove it"
	case strings.ContainsAny(path, "?#%"):
		return "has one of ? # % in the file path, which accepts neither options nor escapes; rename the file"
	}
	return ""
}

// judgePostgresURL does not return the error of url.Parse, which quotes the URL
// and with it the password.
func judgePostgresURL(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "is not a URL; percent-encode special characters in the user name and password (RFC 3986 section 2.1)"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "has options that cannot be read; write ?name=value&name=value"
	}
	mode := query["sslmode"]
	switch {
	case len(mode) == 0:
		return "has no sslmode; append ?sslmode=verify-full, or sslmode=disable if the network to the server is private"
	case len(mode) > 1:
		return "has sslmode more than once; keep one"
	case !slices.Contains(sslModes, mode[0]):
		return "has an unknown sslmode; write one of " + strings.Join(sslModes, ", ")
	}
	return ""
}
