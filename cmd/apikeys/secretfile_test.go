package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSecretFile_ReturnsWhatTheVariableWouldHold(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ content, want string }{
		"unchanged":                           {"s3cret", "s3cret"},
		"without a final line feed":           {"s3cret\n", "s3cret"},
		"without a final Windows line ending": {"s3cret\r\n", "s3cret"},
		"with all line endings but the last":  {"s3cret\n\n", "s3cret\n"},
		"with its white space":                {" s3cret ", " s3cret "},
		"of the maximum size":                 {strings.Repeat("s", maxSecretFile), strings.Repeat("s", maxSecretFile)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readSecretFile(write(t, tc.content))
			if err != nil || got != tc.want {
				t.Errorf("got %.40q, %v", got, err)
			}
		})
	}
}

func TestReadSecretFile_Rejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ path, want string }{
		"a missing file":           {filepath.Join(t.TempDir(), "none"), "no such file"},
		"an empty file":            {write(t, "\n"), "is empty"},
		"a file that is too large": {write(t, strings.Repeat("hunter2\n", maxSecretFile/8)+"\n"), "is larger than 65536 bytes"},
		"a directory":              {t.TempDir(), "is a directory"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readSecretFile(tc.path)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
