package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		present []string          // folders with initdb and postgres
		links   map[string]string // links to commands
		chosen  string
		onPath  string // the result of looking up initdb
		want    string
		wantErr error
	}{
		"the chosen folder comes first": {
			present: []string{"mine", "path", "usr/15/bin", "module/.cache/postgres/bin"},
			chosen:  "mine", onPath: "path/initdb", want: "mine",
		},
		"PATH comes before packages": {
			present: []string{"path", "usr/15/bin"},
			onPath:  "path/initdb", want: "path",
		},
		"a link on PATH is followed": {
			present: []string{"usr/15/bin", "usr/17/bin"},
			links:   map[string]string{"local/initdb": "usr/15/bin/initdb"},
			onPath:  "local/initdb", want: "usr/15/bin",
		},
		"the package with the highest version is used": {
			present: []string{"usr/9.6/bin", "usr/9/bin", "usr/15/bin"},
			want:    "usr/15/bin",
		},
		"a package comes before a fetched server": {
			present: []string{"usr/15/bin", "module/.cache/postgres/bin"},
			want:    "usr/15/bin",
		},
		"a fetched server is found from a subfolder": {
			present: []string{"module/.cache/postgres/bin"},
			want:    "module/.cache/postgres/bin",
		},
		"an initdb without a server is ignored": {
			present: []string{"module/.cache/postgres/bin"},
			links:   map[string]string{"lonely/initdb": "module/.cache/postgres/bin/gone"},
			onPath:  "lonely/initdb", want: "module/.cache/postgres/bin",
		},
		"nothing found is an error": {wantErr: errNoServer},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := realPath(t, t.TempDir())
			at := func(path string) string {
				if path == "" {
					return ""
				}
				return filepath.Join(root, path)
			}
			write(t, at("module/tools/postgres.sh"))
			for _, dir := range c.present {
				write(t, at(dir+"/initdb"))
				write(t, at(dir+"/postgres"))
			}
			for link, target := range c.links {
				makeDir(t, filepath.Dir(at(link)))
				if err := os.Symlink(at(target), at(link)); err != nil {
					t.Fatal(err)
				}
			}
			makeDir(t, at("module/test/pgtest"))

			got, err := places{
				chosen: at(c.chosen),
				lookPath: func(string) (string, error) {
					if c.onPath == "" {
						return "", exec.ErrNotFound
					}
					return at(c.onPath), nil
				},
				packaged:  at("usr/*/bin"),
				workspace: at("module/test/pgtest"),
			}.find()

			if got != at(c.want) || !errors.Is(err, c.wantErr) {
				t.Errorf("find() = %q, %v; want %q, %v", got, err, at(c.want), c.wantErr)
			}
		})
	}
}

func TestFind_RejectsAChosenFolderWithoutAServer(t *testing.T) {
	t.Parallel()
	if dir, err := (places{chosen: t.TempDir()}).find(); err == nil {
		t.Errorf("find() = %q", dir)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	makeDir(t, filepath.Dir(path))
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func makeDir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func realPath(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
