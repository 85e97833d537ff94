package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Find returns the path of the server with the given command name, such as
// "nginx". If there is none, the test fails and says what to run.
func Find(t testing.TB, name string) string {
	t.Helper()
	path, err := machine().find(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// places are where a server may be.
type places struct {
	lookPath  func(file string) (string, error) // finds a command
	system    string                            // a directory that PATH often lacks
	workspace string                            // a directory in the module
}

// machine returns the places of this machine.
func machine() places {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "."
	}
	return places{lookPath: exec.LookPath, system: "/usr/sbin", workspace: cwd}
}

// find returns the path of the first executable with the given name.
func (p places) find(name string) (string, error) {
	if path, err := p.lookPath(name); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range []string{p.system, p.fetched()} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not on this machine; to fetch it, run: make servers", name)
}

// fetched returns the directory in which "make servers" puts commands.
func (p places) fetched() string {
	for dir := p.workspace; ; dir = filepath.Dir(dir) {
		// A folder may be a module of its own.
		if _, err := os.Stat(filepath.Join(dir, "tools", "servers.sh")); err == nil {
			return filepath.Join(dir, ".cache", "servers", "bin")
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
