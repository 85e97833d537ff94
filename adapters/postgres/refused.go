package postgres

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// lastingProblem returns what an operator must correct before a connection can
// be made, or "" if err is nil or temporary.
func lastingProblem(cfg pq.Config, err error) string {
	if hosts, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		return lastingProblemOfAll(cfg, hosts.Unwrap())
	}
	if refused := asServerError(err); refused != nil {
		return refusal(cfg, refused)
	}
	at, mode := hostsOf(cfg), string(cfg.SSLMode)
	switch {
	case errors.Is(err, pq.ErrSSLNotSupported):
		return fmt.Sprintf("has sslmode=%s, and %s does not offer TLS; turn TLS on at the server, or write sslmode=disable where the network is trusted", mode, at)
	case untrusted(err):
		return fmt.Sprintf("has sslmode=%s, and the certificate of %s is not trusted (%v); name its authority by sslrootcert=/path/to/ca.pem, or the host as the certificate does", mode, at, err)
	case errors.Is(err, pq.ErrSSLKeyHasWorldPermissions), errors.Is(err, pq.ErrSSLKeyUnknownOwnership):
		return fmt.Sprintf("names a key file that others can read (%v); change its owner and mode", err)
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Sprintf("names a file that cannot be read (%v); correct its path or permissions", file)
	}
	return ""
}

// lastingProblemOfAll returns the problem of the first host, or "" if that of
// any host is temporary.
func lastingProblemOfAll(cfg pq.Config, errs []error) string {
	first := ""
	for _, err := range errs {
		problem := lastingProblem(cfg, err)
		if problem == "" {
			return ""
		}
		first = cmp.Or(first, problem)
	}
	return first
}

// refusal returns the problem if a server permanently refuses a connection, or
// "".
func refusal(cfg pq.Config, refused *pq.Error) string {
	at, database, says := hostsOf(cfg), databaseOf(cfg), message(cfg, refused)
	switch {
	case refused.Code == pqerror.InvalidPassword:
		return fmt.Sprintf("has a wrong password, or none, for user %q of %s; correct it, and percent-encode special characters", cfg.User, at)
	case refused.Code == pqerror.InvalidCatalogName:
		return fmt.Sprintf("names the database %q, which %s does not have; create it with CREATE DATABASE, or correct the name", database, at)
	case refused.Code.Class() == pqerror.ClassInvalidAuthorizationSpecification, refused.Code == pqerror.InsufficientPrivilege:
		return fmt.Sprintf("names the user %q, whom %s does not let into the database %q%s; create the role, allow it to connect (pg_hba.conf, GRANT CONNECT), or correct sslmode", cfg.User, at, database, says)
	case refused.Code.Class() == pqerror.ClassSyntaxErrorOrAccessRuleViolation, refused.Code.Class() == pqerror.ClassDataException:
		return fmt.Sprintf("has an option that %s does not take%s; remove it", at, says)
	}
	return ""
}

// message returns the server's message about a connection, in brackets. It
// contains only names from the DSN, and is left out if it contains the
// password.
func message(cfg pq.Config, refused *pq.Error) string {
	if cfg.Password != "" && strings.Contains(refused.Message, cfg.Password) {
		return ""
	}
	return fmt.Sprintf(" (%q)", refused.Message)
}

func untrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	return unknown || invalid || misnamed
}

// databaseOf returns the name of the database, which defaults to that of the
// user.
func databaseOf(cfg pq.Config) string { return cmp.Or(cfg.Database, cfg.User) }

// hostsOf returns the servers of cfg.
func hostsOf(cfg pq.Config) string {
	hosts := []string{net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))}
	for _, also := range cfg.Multi {
		hosts = append(hosts, net.JoinHostPort(also.Host, strconv.Itoa(int(also.Port))))
	}
	return strings.Join(hosts, ", ")
}
