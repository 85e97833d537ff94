package apikeys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// FindingStatus is the status of a [Finding].
type FindingStatus string

// The statuses. Despite a warning, a service starts and works, but perhaps not as its
// operator expects.
const (
	FindingOK   FindingStatus = "OK"
	FindingWarn FindingStatus = "WARN"
	FindingFail FindingStatus = "FAIL"
)

// Finding is the result of one check of [Diagnose]. It contains no secret.
type Finding struct {
	Check  string
	Status FindingStatus
	Detail string // what was found, and why it matters
	Remedy string // how to correct it; empty if the status is OK
	// LostKeys are the missing sealing keys, in a finding about sealing keys.
	LostKeys []LostSealingKey
}

// LostSealingKey is a sealing key that webhooks depend on and that the configuration
// lacks.
type LostSealingKey struct {
	ID       string
	Webhooks int64 // the total number
	// First are the first 20 of them, ordered by workspace and ID.
	First []domain.SealedWebhook
}

// String names the key and its webhooks.
func (k LostSealingKey) String() string {
	var names []string
	for _, w := range k.First {
		names = append(names, w.String())
	}
	if more := k.Webhooks - int64(len(k.First)); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%s (%s: %s)", k.ID, counted(k.Webhooks, "webhook"), strings.Join(names, ", "))
}

// counted returns n with the singular or plural of noun.
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Bounds of a diagnosis.
const (
	diagnoseTimeout = 10 * time.Second // of each part
	// A clock that differs by clockTolerance is worth a warning. If it differs by
	// clockLimit, the tolerance for tokens, valid tokens are rejected.
	clockTolerance = 5 * time.Second
	clockLimit     = time.Minute
)

// Diagnose checks whether a service with the configuration cfg, which need not be
// valid, would work on this machine: its database, peppers, token keys and addresses.
// It changes nothing. Of opts it uses only [WithClock].
func Diagnose(ctx context.Context, cfg config.Config, opts ...Option) ([]Finding, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	return slices.Concat(diagnoseStore(ctx, cfg, o), diagnoseTokens(ctx, cfg), diagnoseAddresses(ctx, cfg)), nil
}

// The checks of the database, in their order.
const (
	checkDatabase   = "database"
	checkEncoding   = "encoding"
	checkPooler     = "pooler"
	checkPrivileges = "privileges"
	checkSchema     = "schema"
	checkMigrations = "migrations"
	checkClock      = "clock"
	checkPeppers    = "peppers"
	checkSealing    = "sealing keys"
)

func ok(check, detail string, args ...any) Finding {
	return Finding{Check: check, Status: FindingOK, Detail: line(detail, args...)}
}

// line formats a detail on one line; joined errors have several.
func line(format string, args ...any) string {
	return strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")
}

func warn(check, remedy, detail string, args ...any) Finding {
	return Finding{Check: check, Status: FindingWarn, Detail: line(detail, args...), Remedy: remedy}
}

func broken(check, remedy, detail string, args ...any) Finding {
	return Finding{Check: check, Status: FindingFail, Detail: line(detail, args...), Remedy: remedy}
}

// unchecked returns a warning for each check that needs a database.
func unchecked(checks ...string) (list []Finding) {
	for _, check := range checks {
		list = append(list, warn(check, "correct the failed check above first", "not checked, because the database cannot be used"))
	}
	return list
}

func diagnoseStore(ctx context.Context, cfg config.Config, o *options) []Finding {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	switch kind, location := cfg.Database(); kind {
	case config.StorePostgres:
		return diagnosePostgres(ctx, cfg, o.now)
	case config.StoreSQLite:
		return diagnoseSQLite(ctx, cfg, location.Reveal())
	case config.StoreMemory:
		return []Finding{warn(checkDatabase, "set APIKEYS_DATABASE_URL to a file or a server", "keys are kept in memory, and lost at exit")}
	}
	return []Finding{broken(checkDatabase, "correct APIKEYS_DATABASE_URL", "the URL has no known scheme")}
}

func diagnosePostgres(ctx context.Context, cfg config.Config, now func() time.Time) []Finding {
	all := []string{checkEncoding, checkPooler, checkPrivileges, checkSchema, checkMigrations, checkClock, checkPeppers, checkSealing}
	var opts []postgres.Option
	if reads := cfg.ReadDatabaseURL.Reveal(); reads != "" {
		opts = append(opts, postgres.WithStandby(reads))
	}
	store, err := postgres.Open(ctx, cfg.DatabaseURL.Reveal(), opts...)
	if err != nil {
		return append([]Finding{unusable(err)}, unchecked(all...)...)
	}
	defer func() { _ = store.Close() }() // nothing was written
	if err := store.Examine(ctx); err != nil {
		return unfitFindings(err, all)
	}
	d, err := store.Diagnose(ctx)
	if err != nil {
		return append([]Finding{unusable(err)}, unchecked(all...)...)
	}
	read := now()
	list := []Finding{
		ok(checkDatabase, "%s is reachable", DatabaseName(cfg)), ok(checkEncoding, "UTF8"), ok(checkPooler, "each connection has a session of its own"),
		judgePrivileges(d.Lacking),
	}
	migrations, err := store.Migrations(ctx)
	newer, newerErr := store.NewerSchema(ctx)
	if err := errors.Join(err, newerErr); err != nil {
		list = append(list, broken(checkSchema, "let the role read the tables", "cannot be read: %v", err), unchecked(checkMigrations)[0])
	} else {
		list = append(list, judgeSchema(newer), judgeMigrations(cfg, migrations))
	}
	return append(list, judgeClock(d.Now.Sub(read)), judgeStoredPeppers(cfg, d.Peppers), judgeSealingKeys(cfg, d.SealingKeys))
}

// unusable returns the finding that a database cannot be used.
func unusable(err error) Finding {
	return broken(checkDatabase, "start the server, open the way to it, or correct APIKEYS_DATABASE_URL", "the database cannot be used: %v", err)
}

// unfitFindings returns the findings of an [*postgres.UnfitError], and of the checks
// before and after it.
func unfitFindings(err error, all []string) []Finding {
	unfit, isUnfit := errors.AsType[*postgres.UnfitError](err)
	if !isUnfit || unfit.Concern == postgres.ConcernAccess {
		return append([]Finding{unusable(err)}, unchecked(all...)...)
	}
	problem, remedy, _ := strings.Cut(unfit.Problem, "; ")
	list := []Finding{ok(checkDatabase, "reachable")}
	if unfit.Concern == postgres.ConcernEncoding {
		return append(append(list, broken(checkEncoding, remedy, "the URL %s", problem)), unchecked(all[1:]...)...)
	}
	list = append(list, ok(checkEncoding, "UTF8"), broken(checkPooler, remedy, "the URL %s", problem))
	return append(list, unchecked(all[2:]...)...)
}

func judgePrivileges(lacking []string) Finding {
	if len(lacking) == 0 {
		return ok(checkPrivileges, "the role has all that a service needs")
	}
	return broken(checkPrivileges, "GRANT them to the role, or let it own the tables", "the role lacks %s", strings.Join(lacking, ", "))
}

// judgeSchema judges the version of a schema that is newer than this build, or 0.
func judgeSchema(newer int64) Finding {
	if newer > 0 {
		return warn(checkSchema, "upgrade this build, unless a release is being rolled back", "version %d, which is newer than this build; it is served as it is", newer)
	}
	return ok(checkSchema, "not newer than this build")
}

func judgeMigrations(cfg config.Config, migrations []Migration) Finding {
	var pending []string
	for _, m := range migrations {
		if !m.Applied {
			pending = append(pending, strconv.FormatInt(m.Version, 10))
		}
	}
	switch {
	case len(pending) == 0:
		return ok(checkMigrations, "all %d are applied", len(migrations))
	case cfg.Migrate == config.MigrateAuto:
		return warn(checkMigrations, "nothing, or run 'apikeys migrate up' beforehand", "%s pending; the next start applies them", strings.Join(pending, ", "))
	}
	return broken(checkMigrations, "run 'apikeys migrate up'", "%s pending, and APIKEYS_MIGRATE is off", strings.Join(pending, ", "))
}

// judgeClock judges by how much the database's clock is ahead of this machine's.
func judgeClock(ahead time.Duration) Finding {
	const remedy = "synchronize both clocks (NTP)"
	detail := "the clock of the database differs from that of this machine by " + ahead.Abs().Round(time.Millisecond).String()
	switch {
	case ahead.Abs() < clockTolerance:
		return ok(checkClock, "%s", detail)
	case ahead.Abs() < clockLimit:
		return warn(checkClock, remedy, "%s", detail)
	}
	return broken(checkClock, remedy, "%s; expiry, grace periods and tokens are judged by the wrong time at one of them", detail)
}

// judgeStoredPeppers compares the configured peppers with those that the store was used
// with. It stores none.
func judgeStoredPeppers(cfg config.Config, stored []domain.PepperCheck) Finding {
	ring, err := secrets.ParseRing(cfg.Peppers.Reveal())
	if err != nil {
		return broken(checkPeppers, "correct APIKEYS_PEPPERS", "cannot be read: %v", err)
	}
	var differing, fresh, missing []string
	configured := map[string]bool{}
	for _, c := range ring.Checks() {
		configured[c.PepperID] = true
		i := slices.IndexFunc(stored, func(s domain.PepperCheck) bool { return s.PepperID == c.PepperID })
		switch {
		case i < 0:
			fresh = append(fresh, c.PepperID)
		case stored[i] != c:
			differing = append(differing, c.PepperID)
		}
	}
	for _, s := range stored {
		if !configured[s.PepperID] {
			missing = append(missing, s.PepperID)
		}
	}
	switch {
	case len(differing) > 0:
		return broken(checkPeppers, "use the entries that the service has", "not the ones that the store was used with: %s; secrets under them are rejected", strings.Join(differing, ", "))
	case len(missing) > 0:
		return warn(checkPeppers, "'apikeys pepper rotate-status' shows whether secrets still depend on them", "the store was also used with %s, which APIKEYS_PEPPERS does not have", strings.Join(missing, ", "))
	case len(fresh) > 0 && len(stored) > 0:
		return warn(checkPeppers, "see that every replica has them before one of them comes first", "new to the store: %s", strings.Join(fresh, ", "))
	}
	return ok(checkPeppers, "%d, which match the store", len(configured))
}

// judgeSealingKeys judges the configured sealing keys, given what depends on each key.
func judgeSealingKeys(cfg config.Config, uses map[string]domain.SealingUse) Finding {
	ring, err := provideSealingRing(cfg)
	if err != nil {
		return broken(checkSealing, "correct "+sealingKeys, "cannot be read: %v", err)
	}
	ids := ring.KeyIDs()
	var lost []LostSealingKey
	var missing, old []string
	for _, id := range slices.Sorted(maps.Keys(uses)) {
		use := uses[id]
		switch slices.Index(ids, id) {
		case 0:
		case -1:
			lost = append(lost, LostSealingKey{ID: id, Webhooks: use.Webhooks, First: use.First})
			missing = append(missing, lost[len(lost)-1].String())
		default:
			old = append(old, fmt.Sprintf("%s (%s)", id, counted(use.Webhooks, "webhook")))
		}
	}
	switch {
	case len(lost) > 0:
		f := broken(checkSealing, "put the entries back; if they are lost, set new ones and let the owners rotate the secrets of these webhooks",
			"%s does not have %s; nothing is sent to a webhook without its current secret", sealingKeys, strings.Join(missing, ", "))
		f.LostKeys = lost
		return f
	case len(old) > 0:
		return warn(checkSealing, "keep the old entries until the running replicas have sealed all secrets again, which takes 10 minutes", "still needed: %s", strings.Join(old, ", "))
	case len(ids) == 0:
		return ok(checkSealing, "none, so webhooks cannot be created")
	}
	return ok(checkSealing, "%d, of which the first seals all secrets of webhooks", len(ids))
}

func diagnoseSQLite(ctx context.Context, cfg config.Config, path string) []Finding {
	all := []string{checkPrivileges, checkSchema, checkMigrations, checkPeppers, checkSealing}
	d, err := sqlite.Diagnose(ctx, path)
	if err != nil {
		return append([]Finding{broken(checkDatabase, "name a database file of this service in a directory that exists, or restore it from a backup", "the file cannot be used: %v", asFault(err))}, unchecked(all...)...)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return []Finding{
			warn(checkDatabase, "nothing, unless keys were created before: then correct APIKEYS_DATABASE_URL", "%s does not exist; the next start creates it", path),
			judgeStoredPeppers(cfg, nil), judgeSealingKeys(cfg, nil),
		}
	}
	return []Finding{
		ok(checkDatabase, "%s", DatabaseName(cfg)), judgeFile(path), judgeSchema(d.Newer), judgeMigrations(cfg, d.Migrations), judgeStoredPeppers(cfg, d.Peppers),
		judgeSealingKeys(cfg, d.SealingKeys),
	}
}

// judgeFile judges whether the database file can be written to, and only by its owner.
func judgeFile(path string) Finding {
	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR, 0)
	if err != nil {
		return broken(checkPrivileges, "let the account of the service own the file and its directory", "the file cannot be written to: %v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		return warn(checkPrivileges, "chmod 600 "+path, "other accounts can read or change the file (mode %o); it has digests, names and addresses", info.Mode().Perm())
	}
	return ok(checkPrivileges, "the file can be written to")
}

const checkTokenKeys = "token keys"

func diagnoseTokens(ctx context.Context, cfg config.Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	found, err := jwtauth.Examine(ctx, jwtauth.Config{
		JWKSURL: cfg.JWKSURL, AllowHTTP: cfg.JWKSAllowHTTP, JWKSFile: cfg.JWKSFile,
	})
	switch {
	case err != nil:
		return []Finding{broken(checkTokenKeys, "correct APIKEYS_JWKS_URL or APIKEYS_JWKS_FILE, or open the way to the issuer", "no token can be verified: %v", err)}
	case len(found.Skipped) > 0:
		return []Finding{warn(checkTokenKeys, "nothing, unless tokens are signed with them", "%d usable; %s", found.Usable, strings.Join(found.Skipped, "; "))}
	}
	return []Finding{ok(checkTokenKeys, "%d usable", found.Usable)}
}

func diagnoseAddresses(ctx context.Context, cfg config.Config) (list []Finding) {
	for _, at := range []struct{ variable, addr string }{
		{publicAddr, cfg.Addr}, {internalAddr, cfg.InternalAddr}, {extAuthzAddr, cfg.ExtAuthzAddr},
	} {
		if at.addr != "" {
			list = append(list, diagnoseAddress(ctx, cfg, at.variable, at.addr))
		}
	}
	return list
}

func diagnoseAddress(ctx context.Context, cfg config.Config, variable, addr string) Finding {
	check := "listener " + variable
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return warn(check, "nothing, if that is the running service; otherwise set "+variable+" to a free address", "%s is in use", addr)
	case err != nil:
		return broken(check, "set "+variable+" to an address of this machine", "cannot listen: %v", err)
	}
	defer func() { _ = listener.Close() }()
	tcp, isTCP := listener.Addr().(*net.TCPAddr)
	if variable != publicAddr && cfg.InternalToken.Reveal() == "" && !(isTCP && tcp.IP.IsLoopback()) {
		return broken(check, "set APIKEYS_INTERNAL_TOKEN, or listen on a loopback address", "%s can be reached from other machines, and no token is required", listener.Addr())
	}
	return ok(check, "%s is free", addr)
}
