package main

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onTerminal runs a command on a terminal where answer is typed, and returns what
// the terminal shows and the exit code.
func onTerminal(t *testing.T, dir, answer string, environ []string, args ...string) (shown string, code int) {
	t.Helper()
	screen, terminal := openTerminal(t)
	command := exec.CommandContext(t.Context(), self(t), append([]string{"keys"}, args...)...)
	command.Args[0] = "apikeys"
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.Env = append([]string{
		raceAtOnce, "APIKEYS_DATABASE_URL=sqlite://" + filepath.Join(dir, "apikeys.db"),
		"APIKEYS_PEPPERS=p1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	}, environ...)
	if _, err := io.WriteString(screen, answer); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // the exit code says it
	if _, err := io.WriteString(terminal, "\nthe end\n"); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for lines := bufio.NewScanner(screen); lines.Scan() && lines.Text() != "the end"; {
		all.WriteString(lines.Text() + "\n")
	}
	return all.String(), command.ProcessState.ExitCode()
}

func TestKeys_AskOnATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	migrate := exec.CommandContext(t.Context(), self(t), "migrate", "up")
	migrate.Args[0] = "apikeys"
	migrate.Env = []string{raceAtOnce, "APIKEYS_DATABASE_URL=sqlite://" + filepath.Join(dir, "apikeys.db")}
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	shown, code := onTerminal(t, dir, "", nil, "create", "-w", "ws_1", "--name", "k")
	expect(t, shown, `(?m)^secret     sk_live_[0-9A-Za-z]{65}\r?$`)
	expect(t, shown, "\x1b\\[32mACTIVE\x1b\\[0m")
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	id := shown[strings.Index(shown, "sk_live_"):][:24]
	shown, code = onTerminal(t, dir, "n\n", nil, "disable", id)
	expect(t, shown, `disable `+id+`, "k" of workspace ws_1\? \[y/N\] `)
	expect(t, shown, `nothing was changed`)
	if code != exitRefused {
		t.Errorf("after a no the exit code is %d, want %d", code, exitRefused)
	}
	if shown, code = onTerminal(t, dir, "y\n", nil, "disable", id); code != exitOK {
		t.Errorf("after a yes the exit code is %d: %s", code, shown)
	}
	shown, _ = onTerminal(t, dir, "", []string{"NO_COLOR=1"}, "show", id)
	expect(t, shown, `status     DISABLED`)
	if strings.Contains(shown, "\x1b[") {
		t.Errorf("NO_COLOR is ignored: %q", shown)
	}
}
