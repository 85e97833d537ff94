package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// binVariable is the variable that names the folder of the binaries to use.
const binVariable = "APIKEYS_TEST_POSTGRES_BIN"

var errNoServer = errors.New("found no PostgreSQL on this machine; fetch one with: make pg")

// places lists where to look for PostgreSQL.
type places struct {
	chosen    string                            // a folder; empty if none was chosen
	lookPath  func(file string) (string, error) // finds a command on PATH
	packaged  string                            // glob pattern of folders */bin, named by version
	workspace string                            // a folder of the module with the cache to use
}

// machine returns the places on this machine.
func machine() places {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "."
	}
	return places{
		chosen:    os.Getenv(binVariable),
		lookPath:  exec.LookPath,
		packaged:  "/usr/lib/postgresql/*/bin",
		workspace: cwd,
	}
}

// find returns the bin folder of the first installation found.
func (p places) find() (string, error) {
	if p.chosen != "" {
		if !isInstallation(p.chosen) {
			return "", fmt.Errorf("%s=%s has no initdb and postgres", binVariable, p.chosen)
		}
		return p.chosen, nil
	}
	for _, look := range []func() string{p.onPath, p.newestPackaged, p.fetched} {
		if dir := look(); isInstallation(dir) {
			return dir, nil
		}
	}
	return "", errNoServer
}

func (p places) onPath() string {
	initdb, err := p.lookPath("initdb")
	if err != nil {
		return ""
	}
	target, err := filepath.EvalSymlinks(initdb)
	if err != nil {
		return ""
	}
	return filepath.Dir(target)
}

func (p places) newestPackaged() string {
	dirs, _ := filepath.Glob(p.packaged) // the only error is a bad pattern
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !isInstallation(dir) })
	if len(dirs) == 0 {
		return ""
	}
	return slices.MaxFunc(dirs, func(a, b string) int { return packagedVersion(a) - packagedVersion(b) })
}

// packagedVersion returns the major version, such as 15 for
// /usr/lib/postgresql/15/bin, and 0 for old versions such as 9.6.
func packagedVersion(dir string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return major
}

// fetched returns the folder where "make pg" installs PostgreSQL.
func (p places) fetched() string {
	for dir := p.workspace; ; dir = filepath.Dir(dir) {
		// A folder may be a module of its own.
		if _, err := os.Stat(filepath.Join(dir, "tools", "postgres.sh")); err == nil {
			return filepath.Join(dir, ".cache", "postgres", "bin")
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// isInstallation reports whether dir has the programs to create and run a server.
// Client packages do not.
func isInstallation(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if dir == "" || err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}
