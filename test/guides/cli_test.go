package guides

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/sqlite"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

// operator is somebody who types the commands of a document.
type operator struct {
	*reader

	documented string // the identifier of the key in the document
	id         string // that of the key here, empty until it is created
}

// newOperator returns an operator who has the command in the directory bin.
func newOperator(t *testing.T, bin, documented string) *operator {
	t.Helper()
	r := newReader(t)
	r.environment = append(r.environment, "PATH="+bin+":"+os.Getenv("PATH"),
		"APIKEYS_DATABASE_URL=sqlite://"+filepath.Join(r.dir, "apikeys.db"), "APIKEYS_PEPPERS_FILE="+filepath.Join(r.dir, "peppers"))
	r.shell(t, "umask 077; apikeys pepper >peppers; apikeys migrate up")
	return &operator{reader: r, documented: documented}
}

// types runs a command and returns what it prints, even if it fails, because some
// commands answer by their exit code.
func (o *operator) types(t *testing.T, command string) string {
	t.Helper()
	if o.id != "" {
		command = strings.ReplaceAll(command, o.documented, o.id)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = o.dir, o.environment
	output, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(output), "apikeys: ") {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
	if id := regexp.MustCompile(`(?m)^key +(sk_live_\w+)$`).FindStringSubmatch(string(output)); id != nil {
		o.id = id[1]
	}
	return string(output)
}

// comparable returns output without what differs between any two runs: the key, the
// times, the account, and the width of columns.
func (o *operator) comparable(output string) string {
	output = strings.ReplaceAll(output, o.id, o.documented)
	for _, r := range [][2]string{
		{`\d{4}-\d\d-\d\dT[0-9:]+Z`, "TIME"},
		{`operator:[^ \n]+`, "operator:NAME"},
		{` +(TIME|-) +\S*/app/today`, " USED /app/today"},
		{`(?m) +$`, ""},
		{` +`, " "},
	} {
		output = regexp.MustCompile(r[0]).ReplaceAllString(output, r[1])
	}
	return output
}

func TestDocs_CommandsForOperators(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", bin, "./cmd/apikeys")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	t.Run("sessions print what they say", func(t *testing.T) {
		t.Parallel()
		mustHoldSessions(t, newOperator(t, bin, "sk_live_Qo70WrYHqqotNZXu"))
	})
	t.Run("for a leaked key", func(t *testing.T) {
		t.Parallel()
		mustStopLeakedKey(t, newOperator(t, bin, "sk_live_4fKpLr9Xw2Qb7ZtN"))
	})
}

// mustHoldSessions types the commands of docs/cli.md, which must print what is below
// them.
func mustHoldSessions(t *testing.T, o *operator) {
	t.Helper()
	o.save(t, "tokens.csv", foreignTokens)
	for _, b := range blocksIn(t, "docs/cli.md") {
		for step := range strings.SplitSeq(strings.TrimPrefix(b.text, "$ "), "\n$ ") {
			command, want, _ := strings.Cut(step, "\n")
			if question, rest, _ := strings.Cut(want, "\n"); strings.HasSuffix(question, "[y/N] y") {
				command, want = command+" --yes", rest // asked on a terminal only
			}
			if strings.Contains(command, "/var/log/app") {
				o.leak(t)
				command = strings.Replace(command, "/var/log/app", filepath.Join(o.dir, "app"), 1)
			}
			if strings.HasPrefix(command, "apikeys keys usage") {
				o.use(t)
			}
			got := o.comparable(strings.TrimSpace(o.types(t, command)))
			if command == "apikeys doctor" { // what it finds is that of the machine
				want, got = lastLine(want), lastLine(got)
			}
			if diff := cmp.Diff(o.comparable(strings.TrimSpace(want)), got); diff != "" {
				t.Errorf("%s (-documented +printed):\n%s", command, diff)
			}
		}
	}
}

// lastLine returns the last line of output, without its numbers.
func lastLine(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return regexp.MustCompile(`\d+`).ReplaceAllString(lines[len(lines)-1], "N")
}

// foreignTokens is an export of Laravel Sanctum. The rows of lines 3 and 6 are
// rejected.
const foreignTokens = `token,name,abilities,expires_at,note
cd52b88dd44f85725c87b360182eae83abcc367fc4efa948d728f9acfc5a5f38,Phone,"[""a:b""]",,
0dcd55f7b7ae65a0b2f6b2d3e62ea4ac5eb7bb31c38ca5ac8ef87b2a2fd4dbb6,Star,"[""*""]",,
2dcd55f7b7ae65a0b2f6b2d3e62ea4ac5eb7bb31c38ca5ac8ef87b2a2fd4dbb6,Desk,"[""a:b""]",,"two
lines"
1dcd55f7b7ae65a0b2f6b2d3e62ea4ac5eb7bb31c38ca5ac8ef87b2a2fd4dbb6,Gone,"[""a:b""]",2020-01-01 00:00:00,
`

// leak writes the secret of the key into line 41 of a log, and enables the key.
func (o *operator) leak(t *testing.T) {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(o.dir, "report.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(o.dir, "app"), 0o700); err != nil {
		t.Fatal(err)
	}
	o.save(t, "app/today.log", strings.Repeat("nothing\n", 40)+"key="+string(secret))
	o.types(t, "apikeys keys enable "+o.id)
}

// use records the usage that the document shows.
func (o *operator) use(t *testing.T) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(o.dir, "apikeys.db"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 21, 9, 53, 10, 0, time.UTC)
	id, today := domain.KeyID(o.id), domain.DayOf(at)
	err = store.RecordUse(t.Context(), ports.UsageBatch{
		ID: "documented", Day: today,
		Checks: map[ports.CheckCount]int64{
			{KeyID: id, Day: today - 1, Verdict: domain.VerdictOK}:           120,
			{KeyID: id, Day: today - 1, Verdict: domain.VerdictRateLimited}:  28,
			{KeyID: id, Day: today - 1, Verdict: domain.VerdictIPNotAllowed}: 2,
			{KeyID: id, Day: today, Verdict: domain.VerdictOK}:               75,
		},
		Scopes: map[ports.ScopeOfKey]time.Time{{KeyID: id, Scope: "report:read"}: at},
	})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
}

// mustStopLeakedKey types the commands of SECURITY.md for a key that has leaked.
func mustStopLeakedKey(t *testing.T, o *operator) {
	t.Helper()
	o.types(t, "apikeys keys create -w ws_1 --name k --scope report:read --secret-file leaked.txt")
	ran := 0
	for _, b := range blocksIn(t, "SECURITY.md") {
		if b.heading != "When a key has leaked" || !strings.HasPrefix(b.text, "apikeys ") {
			continue
		}
		for command := range strings.Lines(b.text) {
			ran++
			if output := o.types(t, command); strings.Contains(output, "apikeys: ") {
				t.Errorf("%s: %s", command, output)
			}
		}
	}
	if ran != 4 {
		t.Errorf("%d commands were run, want 4", ran)
	}
}
