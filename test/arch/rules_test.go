package arch_test

import "slices"

// layer says what the packages in one folder may import of this module. The
// standard library is free to all; tests of a package are free to import what
// they want, since nothing is built on them.
type layer struct {
	// in is a folder, with all below it; after "/*" each folder there is a
	// room of its own. The first layer that holds a package counts.
	in  string
	may []string // folders, with all below them; a room always knows itself
	// stdlibOnly forbids every other module.
	stdlibOnly bool
	why        string
}

// layers are the rooms of the house. A package in none of them is a fault, so
// that a new room is let in on purpose.
var layers = []layer{
	{in: "domain", stdlibOnly: true, why: "the rules must outlive every library"},
	{in: "config", stdlibOnly: true, why: "an embedder fills it in without a command line"},
	{in: "ports/portstest", may: []string{"domain", "ports"}, why: "an embedder's own store runs the suites without ours"},
	{in: "ports", may: []string{"domain"}, stdlibOnly: true, why: "a promise names no technology"},
	{in: "application", may: []string{"domain", "ports"}, stdlibOnly: true, why: "a use case runs on any adapter"},
	{in: "adapters/httpapi", may: []string{"domain", "ports", "application", "adapters/internal/clientaddr"}, why: "the edge calls use cases, whatever they run on"},
	{in: "adapters/keycache", may: []string{"domain", "ports", "application"}, why: "it stands before the permission check, whatever store is behind"},
	{in: "adapters/postgres", may: []string{"domain", "ports", "adapters/internal/sqlkit"}, why: "stores share SQL code and nothing else"},
	{in: "adapters/sqlite", may: []string{"domain", "ports", "adapters/internal/sqlkit"}, why: "stores share SQL code and nothing else"},
	{in: "adapters/telemetry", may: []string{"domain", "ports", "adapters/internal/release"}, why: "it counts, and decides nothing"},
	{in: "adapters/otlp", may: []string{"adapters/internal/release"}, why: "it sends what others trace"},
	{in: "adapters/jwtauth/jwttest", may: []string{"domain", "ports", "adapters/jwtauth"}, why: "it makes the tokens that jwtauth reads"},
	{in: "adapters/*", may: []string{"domain", "ports"}, why: "adapters can be exchanged because they do not know each other"},
	{in: "client", may: []string{"domain"}, why: "a program that asks over HTTP links neither stores nor servers"},
	{in: "cmd", may: []string{".", "config", "domain", "adapters/otlp"}, why: "the command can do nothing that an embedder cannot"},
	{in: "test/serving", may: []string{".", "config"}, why: "it runs the service for those that test it from outside"},
	{in: "test/embedder", may: []string{".", "config", "domain"}, why: "it is the smallest program that embeds the service"},
	{in: "test/*", may: []string{"test/servers"}, why: "what tests share must not bring the code under test along"},
	{in: ".", may: []string{"domain", "config", "ports", "application", "adapters"}, why: "the front door knows every room but those that stand on it"},
}

// owner says who alone may import a library, in tests too.
type owner struct {
	library string   // an import path, with all below it
	only    []string // folders, with all below them; "." is the root package alone
	why     string
}

var owners = []owner{
	{"unsafe", []string{"test"}, "memory safety is not traded for speed"},
	{"github.com/labstack/echo", []string{"adapters/httpapi", ".", "test"}, "the move to echo v5 is one folder, and tests that mount it"},
	{"github.com/lestrrat-go/jwx", []string{"adapters/jwtauth"}, "the move to jwx v3 is one folder"},
	{"github.com/jmoiron/sqlx", []string{"adapters/postgres", "adapters/sqlite", "adapters/internal/sqlkit", "test"}, "SQL stays in the stores, and in tests that look into them"},
	{"github.com/lib/pq", []string{"adapters/postgres", "adapters/internal/sqlkit", "test"}, "the move to pgx is one folder"},
	{"modernc.org/sqlite", []string{"adapters/sqlite", "test"}, "the choice of the SQLite driver is one folder"},
	{"github.com/google/wire", []string{"."}, "wire is archived; its two files can be written by hand"},
	{"github.com/alecthomas/kong", []string{"cmd"}, "an embedder has a command line of their own"},
	{"golang.org/x/time", []string{"adapters/ratelimit"}, "how rates are limited is one folder"},
	{"github.com/XSAM/otelsql", []string{"adapters/internal/sqlkit"}, "how statements are traced is one file"},
	{"go.opentelemetry.io/otel/sdk", []string{"adapters/otlp"}, "others trace by the API, whoever's SDK is behind it"},
	{"go.opentelemetry.io/otel/exporters", []string{"adapters/otlp"}, "where traces go is one folder"},
	{"go.opentelemetry.io/proto", []string{"test"}, "only a test reads what is sent"},
	{"github.com/Shopify/toxiproxy", []string{"test/fault"}, "faults of the network are one folder"},
	{"github.com/HdrHistogram", []string{"test/fault"}, "only a test needs quantiles of every answer"},
	{"github.com/rs/zerolog", []string{"test/fault"}, "it is there because toxiproxy wants it; logs go to slog"},
	{"github.com/nicksnyder/go-i18n", []string{"adapters/i18n"}, "the catalogs are one folder"},
}

// product is what users link.
type product struct {
	path     string
	unlinked []string // import paths, with all below them
}

var products = []product{
	{path: ".", unlinked: slices.Concat(forTests, forTheCommand)},
	{path: "./cmd/apikeys", unlinked: forTests},
}

// forTests is what exists for tests or to generate code: in a product it would
// only be weight and attack surface.
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
	"go.uber.org/goleak",
	"net/http/pprof", // serves profiles on http.DefaultServeMux, which an embedder may expose
	"pgregory.net/rapid",
}

// forTheCommand is what an embedder links only by importing the adapter that
// needs it. ADR 0040 has what it would weigh.
var forTheCommand = []string{
	"github.com/alecthomas/kong",
	"github.com/envoyproxy",
	"github.com/grpc-ecosystem",
	"github.com/slaunchx/apikeys/adapters/grpcauth",
	"github.com/slaunchx/apikeys/adapters/otlp",
	"go.opentelemetry.io/otel/exporters",
	"go.opentelemetry.io/otel/sdk",
	"go.opentelemetry.io/proto",
	"golang.org/x/net/trace", // serves requests on http.DefaultServeMux
	"google.golang.org/genproto",
	"google.golang.org/grpc",
}

// The bounds of what test/embedder links: packages outside the standard
// library, itself included, and bytes of the stripped program. They are a
// little above what ADR 0040 measured; raise them there first.
const (
	maxEmbedderPackages = 206
	maxEmbedderBytes    = 19_000_000
)
