package postgres

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/lib/pq"
)

const defaultPort = "5432"

const (
	problemUnreadable = "cannot be read; write postgres://user@host:5432/name?sslmode=verify-full"
	problemNoSSLMode  = "has no sslmode; add sslmode=verify-full, or sslmode=disable where the network is trusted"
	problemStandby    = "asks for a standby, which may lag behind a revocation; leave target_session_attrs out, or write read-write, and name standbys in the read database URL"
)

// ValidateDSN returns an [*UnfitError] if [Open] cannot use dsn.
func ValidateDSN(dsn string) error {
	_, err := parseDSN(dsn)
	return err
}

// ValidateStandbyDSN returns an [*UnfitError] if [WithStandby] cannot use dsn.
func ValidateStandbyDSN(dsn string) error {
	_, err := parseStandbyDSN(dsn)
	return err
}

// DatabaseName returns the database, the servers and the user of dsn. It shows
// no password.
func DatabaseName(dsn string) string {
	cfg, problem := readDSN(dsn)
	if problem != "" {
		return "database URL that " + problem
	}
	in := ""
	if s := schemaOf(cfg); s != "" {
		in = fmt.Sprintf("schema %q of ", string(s))
	}
	return fmt.Sprintf("%sdatabase %q at %s, as user %q", in, databaseOf(cfg), hostsOf(cfg), cfg.User)
}

// parseDSN parses the DSN of a primary.
func parseDSN(dsn string) (pq.Config, error) {
	cfg, problem := readDSN(dsn)
	if problem != "" {
		return pq.Config{}, &UnfitError{Problem: problem}
	}
	switch cfg.TargetSessionAttrs {
	case pq.TargetSessionAttrsStandby, pq.TargetSessionAttrsPreferStandby, pq.TargetSessionAttrsReadOnly:
		return pq.Config{}, &UnfitError{Problem: problemStandby}
	case pq.TargetSessionAttrsReadWrite, pq.TargetSessionAttrsPrimary:
	default:
		// A standby may lag and still accept a revoked key.
		cfg.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	return cfg, nil
}

// parseStandbyDSN parses the DSN of servers that may lag.
func parseStandbyDSN(dsn string) (pq.Config, error) {
	cfg, problem := readDSN(dsn)
	if problem != "" {
		return pq.Config{}, &UnfitError{Read: true, Problem: problem}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = standbyConnectTimeout
	}
	return cfg, nil
}

// readDSN parses a DSN, or returns what is wrong with it. It rejects a DSN
// without sslmode, because the defaults of drivers differ, and one of them
// sends passwords in plain text.
func readDSN(dsn string) (cfg pq.Config, problem string) {
	cfg, err := pq.NewConfig(translateDSN(dsn))
	switch {
	case err != nil:
		return pq.Config{}, whyUnreadable()
	case cfg.SSLMode == "":
		return pq.Config{}, problemNoSSLMode
	}
	if problem := schemaProblem(cfg); problem != "" {
		return pq.Config{}, problem
	}
	for name, option := range libpqOptions {
		if _, given := cfg.Runtime[name]; given {
			return pq.Config{}, option.problem(name)
		}
	}
	return cfg, ""
}

// translateDSN converts a URL for libpq to the form that lib/pq understands. It
// returns any other DSN unchanged.
func translateDSN(dsn string) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return dsn
	}
	for name, option := range libpqOptions {
		if option.changesNothing(query[name]) {
			query.Del(name)
		}
	}
	if hosts, ports, ok := hostsAndPorts(u.Host); ok && !query.Has("host") && !query.Has("port") {
		u.Host = ""
		query.Set("host", hosts)
		query.Set("port", ports)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// hostsAndPorts splits a list such as db1:5432,db2:5433, whose ports lib/pq would take
// for parts of the names. ok is false for lists that lib/pq parses correctly: a single
// host, and a list with one port for all at its end.
func hostsAndPorts(list string) (hosts, ports string, ok bool) {
	entries := strings.Split(list, ",")
	names, numbers := make([]string, len(entries)), make([]string, len(entries))
	for i, entry := range entries {
		name, port, err := net.SplitHostPort(entry)
		if err != nil {
			name, port = strings.Trim(entry, "[]"), defaultPort
		}
		names[i], numbers[i] = name, cmp.Or(port, defaultPort)
		ok = ok || err == nil && i < len(entries)-1
	}
	return strings.Join(names, ","), strings.Join(numbers, ","), ok
}

// libpqVariables are environment variables with which lib/pq rejects every DSN.
var libpqVariables = []string{
	"PGCHANNELBINDING", "PGGSSDELEGATION", "PGGSSENCMODE", "PGGSSLIB", "PGKRBSRVNAME", "PGREALM", "PGREQUIREAUTH",
	"PGREQUIREPEER", "PGREQUIRESSL", "PGSSLCERTMODE", "PGSSLCOMPRESSION", "PGSSLCRL", "PGSSLCRLDIR",
}

// whyUnreadable returns why lib/pq rejects a DSN. The error of lib/pq is not
// used, because it may quote the password.
func whyUnreadable() string {
	for _, variable := range libpqVariables {
		if _, set := os.LookupEnv(variable); set {
			return "cannot be used while the environment variable " + variable + " is set, which the driver does not support; unset it"
		}
	}
	return problemUnreadable
}

// libpqOption is an option of libpq that lib/pq does not know. lib/pq would
// send it to the server, which would refuse the connection.
type libpqOption struct {
	// dropped are the values that, like the empty one, have the same effect as leaving
	// the option out. Dropping the option with any other value would silently ignore
	// it.
	dropped []string
	// dropsAll means that the option can be ignored whatever its value.
	dropsAll bool
	remedy   string
}

// libpqOptions are the options in the URLs that hosted databases show, and
// those that request security, which must not be lost silently.
var libpqOptions = map[string]libpqOption{
	"channel_binding":     {dropped: []string{"prefer", "disable"}, remedy: "remove it, and write sslmode=verify-full, which verifies the server by its certificate"},
	"gssencmode":          {dropped: []string{"prefer", "disable"}, remedy: "remove it; sslmode says how the connection is encrypted"},
	"sslcertmode":         {dropped: []string{"allow"}, remedy: "remove it; a client certificate is sent if sslcert names one"},
	"require_auth":        {remedy: "remove it; write sslmode=verify-full, so that no other server can ask for the password"},
	"requirepeer":         {remedy: "remove it"},
	"sslcrl":              {remedy: "remove it; certificate revocation lists are not read"},
	"sslcrldir":           {remedy: "remove it; certificate revocation lists are not read"},
	"sslpassword":         {remedy: "remove it, and name a key without a password in sslkey"},
	"replication":         {remedy: "remove it"},
	"sslcompression":      {dropsAll: true},
	"keepalives":          {dropsAll: true},
	"keepalives_idle":     {dropsAll: true},
	"keepalives_interval": {dropsAll: true},
	"keepalives_count":    {dropsAll: true},
}

// changesNothing reports whether the option can be removed from a URL in which
// it has these values.
func (o libpqOption) changesNothing(values []string) bool {
	for _, value := range values {
		if !o.dropsAll && value != "" && !slices.Contains(o.dropped, value) {
			return false
		}
	}
	return true
}

func (o libpqOption) problem(name string) string {
	switch {
	case o.dropsAll:
		return "has " + name + ", which is not supported; remove it"
	case len(o.dropped) > 0:
		return "has " + name + " with a value that is not supported; " + o.remedy
	}
	return "has " + name + ", which is not supported; " + o.remedy
}
