package guides

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/servers"
	"github.com/slaunchx/apikeys/test/serving"
)

const root = "../.."

// workspace is the workspace of "make run".
const workspace = "demo"

// owner accepts every token as that of an OWNER of the workspace.
type owner struct{}

// Authenticate implements apikeys.Authenticator.
func (owner) Authenticate(context.Context, string) (domain.Actor, error) {
	return domain.Actor{AccountID: "acc-1", Portal: domain.PortalPartner, Roles: map[domain.WorkspaceID]domain.Role{workspace: domain.RoleOwner}}, nil
}

// reader is somebody who follows a guide.
type reader struct {
	*serving.Service

	dir         string // where the commands run
	environment []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	return newReaderWith(t, func(*config.Config) {})
}

// newReaderWith returns a reader of a service that change configures.
func newReaderWith(t *testing.T, change func(*config.Config)) *reader {
	t.Helper()
	cfg := serving.Config()
	change(&cfg)
	running := serving.Start(t, cfg, apikeys.WithAuthenticator(owner{}))
	return &reader{Service: running, dir: t.TempDir(), environment: append(os.Environ(),
		"KEYS_URL=http://"+running.Public, "KEYS_INTERNAL_URL=http://"+running.Internal,
		"KEYS_TOKEN=token-of-the-owner", "WORKSPACE="+workspace)}
}

// secret creates a key with the scope of the guides.
func (r *reader) secret(t *testing.T) domain.Secret {
	t.Helper()
	created, err := r.OperatorWorkspace("guides", workspace, domain.Origin{}).CreateKey(t.Context(), apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}})
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret
}

// run runs a command in the reader's folder and returns what it prints.
func (r *reader) run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir, command.Env = r.dir, r.environment
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, output)
	}
	return string(output)
}

// shell runs blocks of commands as one session.
func (r *reader) shell(t *testing.T, blocks ...string) string {
	t.Helper()
	return r.run(t, "bash", "-euo", "pipefail", "-c", strings.Join(blocks, "\n"))
}

func (r *reader) save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustContain(t *testing.T, output string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(output, want) {
			t.Errorf("the output lacks %q:\n%s", want, output)
		}
	}
}

// mustHaveTenLines fails the test if a program that creates a key has more than ten
// lines that are not blank.
func mustHaveTenLines(t *testing.T, program string) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(program) {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	if lines > 10 {
		t.Errorf("a key takes %d lines, want 10 at most", lines)
	}
}

func TestGuides_PortalDevelopers(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	output := r.shell(t, of(t, section(t, "Portal developers"), "sh", 2)...)
	mustContain(t, output, `"name":"Checkout","status":"ACTIVE"`, `"secret":"sk_live_`, `"type":"ROTATED"`, `"clientHash":"my-portal"`)
}

func TestGuides_GoTeams(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	programs := of(t, section(t, "Go teams"), "go", 2)

	output := r.goRun(t, programs[0])
	secret := regexp.MustCompile(`\bsk_live_[0-9A-Za-z]{65}\b`).FindString(output)
	if secret == "" {
		t.Fatalf("the program revealed no secret:\n%s", output)
	}
	mustContain(t, output, secret[:24]+" [redacted] ")
	_, body, _ := strings.Cut(programs[0], "func main() {\n")
	mustHaveTenLines(t, strings.TrimSuffix(strings.TrimSpace(body), "}"))

	r.environment = append(r.environment, "SECRET="+secret)
	mustContain(t, r.goRun(t, programs[1]), "true OK demo\n")
}

// goRun runs a program as one of this module, so that it uses this version of it.
func (r *reader) goRun(t *testing.T, program string) string {
	t.Helper()
	return r.run(t, r.build(t, program))
}

// build builds a program as one of this module, and returns its path.
func (r *reader) build(t *testing.T, program string) string {
	t.Helper()
	path := r.save(t, "main.go", program)
	binary := filepath.Join(r.dir, "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, path)
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return binary
}

func TestGuides_GatewayOperators(t *testing.T) {
	t.Parallel()
	blocks := section(t, "Gateway operators")
	for name, start := range map[string]func(t *testing.T, r *reader, config, listen string){
		"nginx": func(t *testing.T, r *reader, config, listen string) {
			t.Helper()
			temporary := ""
			for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
				temporary += kind + "_temp_path " + filepath.Join(r.dir, kind) + ";"
			}
			config = strings.Replace(config, "http {", "http { access_log off;"+temporary, 1)
			servers.Start(t, servers.Command(t, "nginx", "-e", "stderr", "-c", r.save(t, "nginx.conf", config),
				"-g", "daemon off; user root; pid "+filepath.Join(r.dir, "pid")+";"), listen)
		},
		"caddyfile": func(t *testing.T, r *reader, config, listen string) {
			t.Helper()
			command := servers.Command(t, "caddy", "run", "--adapter", "caddyfile", "--config", r.save(t, "Caddyfile", "{\nadmin off\n}\n"+config))
			command.Env = append(os.Environ(), "HOME="+r.dir, "XDG_DATA_HOME="+r.dir, "XDG_CONFIG_HOME="+r.dir)
			servers.Start(t, command, listen)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			secret := r.secret(t)
			backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "served "+r.URL.Path+" to "+r.Header.Get("X-Api-Key-Id")+" with ["+r.Header.Get("X-Api-Key")+"]")
			}))
			t.Cleanup(backend.Close)
			listen := servers.FreeAddr(t)
			config := strings.NewReplacer(
				"127.0.0.1:8000", listen, "127.0.0.1:8081", r.Internal, "127.0.0.1:9000", strings.TrimPrefix(backend.URL, "http://"),
			).Replace(of(t, blocks, name, 1)[0])
			start(t, r, config, listen)
			r.environment = append(r.environment, "GATEWAY_URL=http://"+listen, "SECRET="+secret.Reveal())
			output := r.shell(t, of(t, blocks, "sh", 1)...)
			mustContain(t, output, "served /payments/7 to "+string(secret.KeyID())+" with []")
		})
	}
}

// useTypeScript gives the reader Node.js, packages of npm and a strict configuration.
func (r *reader) useTypeScript(t *testing.T) {
	t.Helper()
	packages, err := filepath.Abs(root + "/.cache/typescript/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(packages + "/typescript"); err != nil {
		t.Fatal("the packages of npm are not on this machine; to fetch them, run: make node")
	}
	if err := os.Symlink(packages, filepath.Join(r.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	node, err := filepath.Abs(root + "/.cache/node/bin")
	if err != nil {
		t.Fatal(err)
	}
	r.environment = append(r.environment, "PATH="+filepath.Join(r.dir, "node_modules/.bin")+":"+node+":"+os.Getenv("PATH"))
	for _, name := range []string{"tsconfig.json", "package.json"} {
		text, err := os.ReadFile("../generators/typescript/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r.save(t, name, string(text))
	}
}

// compileTypeScript checks and compiles the programs of a reader. Checking declarations
// as well would take three times as long; test/generators checks those of the document.
const compileTypeScript = "tsc --project . --skipLibCheck"

func TestGuides_TypeScriptDevelopers(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.useTypeScript(t)
	blocks := section(t, "TypeScript developers")
	program := of(t, blocks, "ts", 1)[0]
	mustHaveTenLines(t, program)
	r.save(t, "main.ts", program)
	// What npx would run, without asking the registry.
	r.shell(t, strings.Replace(of(t, blocks, "sh", 1)[0], "npx ", "", 1), compileTypeScript)
	mustContain(t, r.shell(t, "node out/main.js"), "sk_live_")
}

func TestGuides_ReceiveWebhooks(t *testing.T) {
	t.Parallel()
	r := newWebhookReader(t)
	blocks := section(t, "Receive webhooks")
	listen := servers.FreeAddr(t)
	secret := r.createWebhook(t, blocks, "http://"+listen+"/hook")

	program := exec.CommandContext(context.WithoutCancel(t.Context()), r.build(t, of(t, blocks, "go", 1)[0]))
	program.Env = append(r.environment, "RECEIVER_ADDR="+listen, "WEBHOOK_SECRET="+secret)
	receiver := servers.Start(t, program, listen)
	r.secret(t) // creates a key
	mustPrint(t, receiver, " api_key.created k\n")
}

// mustPrint waits until a process has printed want.
func mustPrint(t *testing.T, process *servers.Process, want string) {
	t.Helper()
	for !strings.Contains(process.Output(), want) {
		select {
		case <-t.Context().Done():
			t.Fatalf("it printed %q, want %q", process.Output(), want)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// newWebhookReader returns a reader of a service whose webhooks may be on this machine.
func newWebhookReader(t *testing.T) *reader {
	t.Helper()
	return newReaderWith(t, func(cfg *config.Config) { cfg.SealingKeys, cfg.WebhookInsecure = cfg.Peppers, true })
}

// createWebhook creates a webhook like the guide, and returns its secret.
func (r *reader) createWebhook(t *testing.T, blocks []block, url string) string {
	t.Helper()
	r.environment = append(r.environment, "RECEIVER_URL="+url)
	created := r.shell(t, of(t, blocks, "sh", 1)...)
	secret := regexp.MustCompile(`whsec_[0-9A-Za-z+/]+=*`).FindString(created)
	if secret == "" {
		t.Fatalf("no secret in %s", created)
	}
	return secret
}

// message is a delivery as the service has sent it.
type message struct {
	header http.Header
	body   []byte
}

// sendTo sends the message, and returns the status of the response.
func (m message) sendTo(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(m.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = m.header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// sign signs the message again.
func (m message) sign(t *testing.T, secret string) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := signer.Sign(m.header.Get("Webhook-Id"), now, m.body)
	if err != nil {
		t.Fatal(err)
	}
	m.header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	m.header.Set("Webhook-Signature", signature)
}

func TestGuides_ReceiveWebhooksInTypeScript(t *testing.T) {
	t.Parallel()
	r := newWebhookReader(t)
	r.useTypeScript(t)
	blocks := section(t, "Receive webhooks")
	sent := make(chan message, 1)
	recorder := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Errorf("the delivery breaks off: %v", err)
		}
		select {
		case sent <- message{request.Header, body}:
		default: // a second delivery
		}
	}))
	t.Cleanup(recorder.Close)
	secret := r.createWebhook(t, blocks, recorder.URL+"/hook")
	r.secret(t) // creates a key

	r.save(t, "main.ts", of(t, blocks, "ts", 1)[0])
	r.shell(t, compileTypeScript)
	listen := servers.FreeAddr(t)
	_, port, _ := strings.Cut(listen, ":")
	program := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-c", "exec node out/main.js")
	program.Dir, program.Env = r.dir, append(r.environment, "PORT="+port, "WEBHOOK_SECRET="+secret)
	receiver := servers.Start(t, program, listen)

	var delivery message
	select {
	case delivery = <-sent:
	case <-t.Context().Done():
		t.Fatal("the service has sent nothing")
	}
	huge := message{delivery.header.Clone(), append(bytes.Repeat([]byte(" "), 1<<20), delivery.body...)}
	huge.sign(t, secret)
	changed := func(change func(*message)) message {
		m := message{delivery.header.Clone(), bytes.Clone(delivery.body)}
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		message message
		want    int
	}{
		"a delivery":          {delivery, http.StatusNoContent},
		"another body":        {changed(func(m *message) { m.body = bytes.Replace(m.body, []byte(`"k"`), []byte(`"l"`), 1) }), http.StatusUnauthorized},
		"another ID":          {changed(func(m *message) { m.header.Set("Webhook-Id", "dlv_1") }), http.StatusUnauthorized},
		"another time":        {changed(func(m *message) { m.header.Set("Webhook-Timestamp", strconv.FormatInt(time.Now().Unix()+1, 10)) }), http.StatusUnauthorized},
		"no signature":        {changed(func(m *message) { m.header.Del("Webhook-Signature") }), http.StatusUnauthorized},
		"a body that is huge": {huge, http.StatusUnauthorized},
	} {
		if status := c.message.sendTo(t, "http://"+listen+"/hook"); status != c.want {
			t.Errorf("%s: status %d, want %d", name, status, c.want)
		}
	}
	mustPrint(t, receiver, delivery.header.Get("Webhook-Id")+" api_key.created k\n")
}
