package arch_test

import "slices"

// layer states which packages of this module the packages in one folder may
// import. All may import the standard library. Tests may import anything, because
// nothing depends on them.
type layer struct {
	// in is a folder, including all below it. If it ends in "/*", each folder
	// there is a unit of its own. The first layer that contains a package counts.
	in  string
	may []string // folders, including all below them; a unit may always import itself
	// stdlibOnly forbids every other module.
	stdlibOnly bool
	why        string
}

// layers lists all layers. A package in none of them is a violation, so that a new
// folder requires a deliberate rule.
var layers = []layer{
	{in: "domain", stdlibOnly: true, why: "the rules must outlive every library"},
	{in: "config", stdlibOnly: true, why: "an embedder fills it in without a command line"},
	{in: "ports/portstest", may: []string{"domain", "ports"}, why: "an embedder's own store runs the suites without ours"},
	{in: "ports", may: []string{"domain"}, stdlibOnly: true, why: "a promise names no technology"},
	{in: "application", may: []string{"domain", "ports"}, stdlibOnly: true, why: "a use case runs on any adapter"},
	{in: "adapters/httpapi", may: []string{"domain", "ports", "application", "adapters/internal/answer", "adapters/internal/clientaddr", "adapters/internal/keycheck", "adapters/internal/tracing"}, why: "it calls use cases, independently of stores"},
	{in: "adapters/keycache", may: []string{"domain", "ports", "application"}, why: "it is in front of the permission check, independently of stores"},
	{in: "adapters/limits", may: []string{"domain", "ports", "application"}, why: "it is in the permission check, independently of stores"},
	{in: "adapters/memory", may: []string{"domain", "ports", "adapters/internal/limitcount"}, why: "stores share only the rules of counts"},
	{in: "adapters/postgres", may: []string{"domain", "ports", "adapters/internal/limitcount", "adapters/internal/sqlkit"}, why: "stores share only SQL code and the rules of counts"},
	{in: "adapters/sqlite", may: []string{"domain", "ports", "adapters/internal/limitcount", "adapters/internal/sqlkit"}, why: "stores share only SQL code and the rules of counts"},
	{in: "adapters/telemetry", may: []string{"domain", "ports", "adapters/internal/release"}, why: "it counts and decides nothing"},
	{in: "adapters/grpcauth", may: []string{"domain", "adapters/internal/keycheck"}, why: "it checks keys with any authorizer, in process or over HTTP"},
	{in: "adapters/extauthz", may: []string{"domain", "adapters/internal/answer", "adapters/internal/keycheck", "adapters/internal/tracing"}, why: "it checks keys with any authorizer, and answers as httpapi does"},
	{in: "adapters/apidocs", may: []string{"adapters/internal/asset"}, why: "pages share only how their assets are sent"},
	{in: "adapters/console", may: []string{"adapters/internal/asset"}, why: "pages share only how their assets are sent"},
	{in: "adapters/internal/answer", may: []string{"domain", "adapters/internal/keycheck"}, why: "HTTP and gRPC answer alike"},
	{in: "adapters/internal/keycheck", may: []string{"domain", "adapters/internal/clientaddr"}, why: "HTTP and gRPC check keys alike"},
	{in: "adapters/otlp", may: []string{"adapters/internal/release"}, why: "it exports the spans of others"},
	{in: "adapters/jwtauth/jwttest", may: []string{"domain", "ports", "adapters/jwtauth"}, why: "it issues the tokens that jwtauth verifies"},
	{in: "adapters/secrets", may: []string{"domain", "ports", "adapters/internal/keyring"}, why: "peppers and sealing keys are written alike"},
	{in: "adapters/sealing", may: []string{"domain", "ports", "adapters/internal/keyring"}, why: "peppers and sealing keys are written alike"},
	{in: "adapters/jwtauth", may: []string{"domain", "ports", "adapters/internal/fetch"}, why: "public keys are fetched in one way"},
	{in: "adapters/githubkeys", may: []string{"domain", "ports", "adapters/internal/fetch"}, why: "public keys are fetched in one way"},
	{in: "adapters/*", may: []string{"domain", "ports"}, why: "adapters are interchangeable because they do not depend on each other"},
	{in: "client", may: []string{"domain"}, why: "an HTTP client links neither stores nor servers"},
	{in: "cmd/apikeys/internal/dev", may: []string{"config", "domain", "adapters/jwtauth", "adapters/secrets"}, why: "it issues the tokens and peppers of one machine, which an embedder has no use for"},
	{in: "cmd", may: []string{".", "config", "domain", "adapters/apidocs", "adapters/console", "adapters/extauthz", "adapters/otlp", "adapters/telemetry"}, why: "the command can do nothing that an embedder cannot"},
	{in: "test/serving", may: []string{".", "config", "domain", "adapters/jwtauth/jwttest", "adapters/telemetry"}, why: "it runs the service for tests from outside, as the command does"},
	{in: "test/embedder", may: []string{".", "config", "domain"}, why: "it is the smallest program that embeds the service"},
	{in: "test/migrated", may: []string{"adapters/postgres", "adapters/sqlite", "test/filetemplate", "test/pgtest"}, why: "it has the stores migrate the databases that tests copy"},
	{in: "test/ownstore", may: []string{"domain", "ports"}, why: "an embedder's own store needs the ports alone"},
	{in: "test/*", may: []string{"test/servers", "test/logbook"}, why: "shared test code must not depend on the code under test"},
	{in: ".", may: []string{"domain", "config", "ports", "application", "adapters"}, why: "the root assembles all packages except those that use it"},
}

// owner states which folders may import a library, even in tests.
type owner struct {
	library string   // an import path, including all below it
	only    []string // folders, including all below them; "." is only the root package
	why     string
}

var owners = []owner{
	{"unsafe", []string{"test"}, "memory safety is not traded for speed"},
	{"github.com/labstack/echo", []string{"adapters/httpapi", ".", "test"}, "the move to echo v5 changes one folder, and tests that mount it"},
	{"github.com/lestrrat-go/jwx", []string{"adapters/jwtauth"}, "the move to jwx v3 changes one folder"},
	{"github.com/jmoiron/sqlx", []string{"adapters/postgres", "adapters/sqlite", "adapters/internal/sqlkit", "test"}, "SQL stays in the stores, and in tests that inspect them"},
	{"github.com/lib/pq", []string{"adapters/postgres", "adapters/internal/sqlkit", "test"}, "the move to pgx changes one folder"},
	{"modernc.org/sqlite", []string{"adapters/sqlite", "test"}, "another SQLite driver changes one folder"},
	{"github.com/google/wire", []string{"."}, "wire is archived; its two files can be written by hand"},
	{"github.com/alecthomas/kong", []string{"cmd"}, "an embedder has its own command line"},
	{"github.com/schollz/progressbar", []string{"cmd"}, "only people on a terminal see progress"},
	{"golang.org/x/time", []string{"adapters/ratelimit"}, "rate limiting is in one folder"},
	{"github.com/XSAM/otelsql", []string{"adapters/internal/sqlkit"}, "tracing of statements is in one file"},
	{"github.com/prometheus/client_golang", []string{"adapters/telemetry", ".", "test"}, "only programs that import that package link it; tests of the root measure with it"},
	{"go.opentelemetry.io/otel/sdk", []string{"adapters/otlp"}, "others use the tracing API, with any SDK"},
	{"go.opentelemetry.io/otel/exporters", []string{"adapters/otlp"}, "exporting traces is in one folder"},
	{"google.golang.org/grpc", []string{"adapters/extauthz", "adapters/grpcauth", "test"}, "only programs that import those packages link gRPC"},
	{"github.com/envoyproxy", []string{"adapters/extauthz", "test"}, "Envoy's API is in one folder"},
	{"go.opentelemetry.io/proto", []string{"test"}, "only a test reads exported traces"},
	{"github.com/Shopify/toxiproxy", []string{"test/fault"}, "network faults are in one folder"},
	{"github.com/HdrHistogram", []string{"test/fault"}, "only a test needs quantiles of all responses"},
	{"github.com/rs/zerolog", []string{"test/fault"}, "only toxiproxy requires it; the service logs with slog"},
	{"code.dny.dev/ssrf", []string{"adapters/webhooks"}, "only the sender of webhooks dials addresses of strangers"},
	{"github.com/nicksnyder/go-i18n", []string{"adapters/i18n"}, "the catalogs are in one folder"},
}

// product is a package that users link.
type product struct {
	path     string
	unlinked []string // import paths, including all below them
}

var products = []product{
	{path: ".", unlinked: slices.Concat(forTests, forTheCommand)},
	{path: "./cmd/apikeys", unlinked: forTests},
	{path: "./client", unlinked: slices.Concat(forTests, forTheCommand, forTheService)},
}

// forTests lists packages for tests and code generation. In a product they would
// only add size and attack surface.
var forTests = []string{
	"testing",
	"github.com/getkin/kin-openapi",
	"github.com/google/go-cmp",
	"github.com/google/wire",
	"github.com/rogpeppe/go-internal",
	"github.com/rs/zerolog",
	"github.com/Shopify/toxiproxy",
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest",
	"github.com/slaunchx/apikeys/ports/portstest",
	"github.com/slaunchx/apikeys/test",
	"github.com/tsenart/vegeta",
	"github.com/standard-webhooks/standard-webhooks/libraries/go",
	"go.uber.org/goleak",
	"net/http/pprof", // serves profiles on http.DefaultServeMux, which an embedder may expose
	"pgregory.net/rapid",
}

// forTheCommand lists packages that an embedder links only by importing the
// adapter that needs them. ADR 0040 and ADR 0043 have their sizes.
var forTheCommand = []string{
	"expvar", // serves variables on http.DefaultServeMux
	"github.com/alecthomas/kong",
	"github.com/envoyproxy",
	"github.com/grpc-ecosystem",
	"github.com/schollz/progressbar",
	"github.com/prometheus",
	"github.com/slaunchx/apikeys/adapters/apidocs",
	"github.com/slaunchx/apikeys/adapters/console",
	"github.com/slaunchx/apikeys/adapters/extauthz",
	"github.com/slaunchx/apikeys/adapters/grpcauth",
	"github.com/slaunchx/apikeys/adapters/otlp",
	"github.com/slaunchx/apikeys/adapters/telemetry",
	"go.opentelemetry.io/otel/exporters",
	"go.opentelemetry.io/otel/sdk",
	"go.opentelemetry.io/proto",
	"golang.org/x/net/trace", // serves requests on http.DefaultServeMux
	"google.golang.org/genproto",
	"google.golang.org/grpc",
	"google.golang.org/protobuf",
}

// forTheService lists packages that a program which only calls the service must not
// link.
var forTheService = []string{
	"database/sql",
	"github.com/jmoiron/sqlx",
	"github.com/labstack",
	"github.com/lestrrat-go",
	"github.com/lib/pq",
	"github.com/nicksnyder/go-i18n",
	"github.com/oapi-codegen",
	"github.com/pressly/goose",
	"github.com/prometheus",
	"github.com/slaunchx/apikeys/adapters",
	"github.com/slaunchx/apikeys/application",
	"github.com/slaunchx/apikeys/config",
	"github.com/slaunchx/apikeys/ports",
	"go.opentelemetry.io",
	"go.yaml.in",
	"modernc.org",
}

// The limits of test/embedder: packages outside the standard library, including
// itself, and bytes of the stripped program. They are slightly above the figures
// in ADR 0043; to raise them, update the ADR first.
const (
	maxEmbedderPackages = 175
	maxEmbedderBytes    = 17_200_000
)
