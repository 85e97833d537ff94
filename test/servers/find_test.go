package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		present []string // executables
		plain   string   // a file that cannot be executed
		onPath  string   // what a look-up on PATH finds
		want    string   // empty: an error
	}{
		"PATH comes first": {
			present: []string{"path/nginx", "sbin/nginx", "module/.cache/servers/bin/nginx"},
			onPath:  "path/nginx", want: "path/nginx",
		},
		"a system server that PATH lacks is found": {
			present: []string{"sbin/nginx", "module/.cache/servers/bin/nginx"},
			want:    "sbin/nginx",
		},
		"a fetched server is found from a directory deep in the module": {
			present: []string{"module/.cache/servers/bin/nginx"},
			want:    "module/.cache/servers/bin/nginx",
		},
		"a file that cannot be executed is not a server": {plain: "sbin/nginx"},
		"a missing server is an error":                   {},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, filepath.Join(root, "module", "tools", "servers.sh"), 0o600)
			for _, path := range c.present {
				write(t, filepath.Join(root, path), 0o700)
			}
			if c.plain != "" {
				write(t, filepath.Join(root, c.plain), 0o600)
			}
			got, err := places{
				lookPath: func(string) (string, error) {
					if c.onPath == "" {
						return "", exec.ErrNotFound
					}
					return filepath.Join(root, c.onPath), nil
				},
				system:    filepath.Join(root, "sbin"),
				workspace: filepath.Join(root, "module", "test", "gateways"),
			}.find("nginx")
			if c.want == "" {
				if err == nil || !strings.Contains(err.Error(), "make servers") {
					t.Errorf("find() = %q, %v, want an error that names the command to run", got, err)
				}
				return
			}
			if want := filepath.Join(root, c.want); err != nil || got != want {
				t.Errorf("find() = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
}
