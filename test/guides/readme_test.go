package guides

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

func TestREADME_Requests(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.environment = append(r.environment, "TOKEN=token-of-the-owner")
	addresses := strings.NewReplacer("localhost:8080", r.Public, "localhost:8081", r.Internal)
	var commands []string
	for _, b := range blocksIn(t, "README.md") {
		if b.language == "sh" && strings.HasPrefix(b.text, "curl ") {
			commands = append(commands, addresses.Replace(b.text))
		}
	}
	if len(commands) != 3 {
		t.Fatalf("README.md has %d requests, want 3", len(commands))
	}
	output := r.shell(t, commands[0])
	secret := regexp.MustCompile(`sk_live_[0-9A-Za-z]{65}`).FindString(output)
	if secret == "" {
		t.Fatalf("the response has no secret:\n%s", output)
	}
	r.environment = append(r.environment, "SECRET="+secret)
	mustContain(t, r.shell(t, commands[1]), `"allowed":true,"reason":"OK"`, `"workspaceId":"demo"`)
	mustContain(t, r.shell(t, commands[2]), "HTTP/1.1 204 No Content", "X-Api-Key-Id: "+secret[:24], "X-Workspace-Id: demo", "X-Api-Key-Scopes: payment:read")
}

// given declares the names that parts of programs in the documents use without
// declaring them.
const given = `package docs

import (
	"context"
	"database/sql"
	"net/http"
	"net/netip"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports/portstest"
	"github.com/slaunchx/apikeys/test/ownstore"
)

var (
	_ context.Context
	_ netip.Addr
	_ testing.TB
	_ *sql.DB
	_ *echo.Echo
	_ config.Config
	_ domain.Actor
	_ client.Options
	_ *postgres.KeyRepository
	_ portstest.Store
	_ = ownstore.New
)

type sessions struct{}

func (sessions) Authenticate(context.Context, string) (domain.Actor, error) { return domain.Actor{}, nil }

var (
	ctx           context.Context
	cfg           config.Config
	db            *sql.DB
	e             *echo.Echo
	mux           *http.ServeMux
	r             *http.Request
	service       *apikeys.Service
	presented     string
	internalToken string
	check         domain.Check
	tokens        client.TokenSource
	listPayments  echo.HandlerFunc
)

func payments(http.ResponseWriter, *http.Request) {}

`

// Parts of programs compile. What they do is in the examples of the packages.
func TestDocs_PartsOfProgramsCompile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := given
	for _, path := range []string{"README.md", "docs/bring-your-own-store.md"} {
		for _, b := range blocksIn(t, path) {
			switch {
			case b.language != "go":
			case strings.HasPrefix(b.text, "func "):
				program += b.text + "\n"
			default:
				program += "func _() {\n" + b.text + used(b.text) + "}\n\n"
			}
		}
	}
	path := filepath.Join(dir, "docs.go")
	if err := os.WriteFile(path, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, path)
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("go build: %v\n%s", err, output)
	}
}

// used returns statements that use every variable that code declares.
func used(code string) string {
	var names []string
	for _, declared := range regexp.MustCompile(`(?m)^([\w, ]+) :=`).FindAllStringSubmatch(code, -1) {
		for name := range strings.SplitSeq(declared[1], ", ") {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	var statements strings.Builder
	for _, name := range names {
		statements.WriteString("_ = " + name + "\n")
	}
	return statements.String()
}

func TestDocs_NameTargetsOfTheMakefile(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, path := range []string{"README.md", "CONTRIBUTING.md", "docs/benchmarks.md", "docs/reliability.md"} {
		for _, b := range blocksIn(t, path) {
			for _, target := range regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(b.text, -1) {
				named++
				if !strings.Contains(string(makefile), "\n"+target[1]+":") {
					t.Errorf("%s: there is no target %s", path, target[1])
				}
			}
		}
	}
	if named == 0 {
		t.Error("the documents name no target")
	}
}

// The scanner in SECURITY.md finds our secrets and no others.
func TestSECURITY_ScannerFindsSecrets(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing, in which the scanner is written")
	}
	r := newReader(t)
	secret := r.secret(t)
	text := secret.Reveal()
	mistyped := text[:72] + "0"
	if mistyped == text {
		mistyped = text[:72] + "1"
	}
	if _, err := domain.ParseSecret(mistyped); err == nil {
		t.Fatal("the mistyped secret is valid")
	}
	var scanner string
	for _, b := range blocksIn(t, "SECURITY.md") {
		if b.language == "python" {
			scanner = b.text
		}
	}
	path := r.save(t, "scanner.py", scanner+"\nimport sys\nprint(list(find(sys.stdin.read())))\n")
	command := exec.CommandContext(t.Context(), python, path)
	command.Stdin = strings.NewReader("a " + text + ", b " + mistyped + ", c x" + text)
	output, err := command.CombinedOutput()
	if want := "['" + string(secret.KeyID()) + "']\n"; err != nil || string(output) != want {
		t.Errorf("the scanner printed %s, %v, want %s", output, err, want)
	}
}

func TestSECURITY_AReportedKeyStopsWorking(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	secret := r.secret(t)
	r.save(t, "report.json", `{"secrets": ["`+secret.Reveal()+`"], "source": "https://where.it/was-found"}`)
	var commands []string
	for _, b := range blocksIn(t, "SECURITY.md") {
		if strings.HasPrefix(b.text, "curl ") {
			commands = append(commands, strings.Replace(b.text, "https://keys.example", "http://"+r.Public, 1))
		}
	}
	mustContain(t, r.shell(t, commands...), `"data":{"received":1}`)
	decision, err := r.Authorize(t.Context(), apikeys.Check{Secret: secret})
	if err != nil || decision.Verdict != domain.VerdictDisabled {
		t.Errorf("the check says %v, %v, want DISABLED", decision.Verdict, err)
	}
}
