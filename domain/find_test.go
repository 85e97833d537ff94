package domain_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/domain"
)

// found lists the secrets in r with their lines.
func found(t testing.TB, r io.Reader) []string {
	t.Helper()
	var all []string
	err := domain.FindSecrets(r, func(f domain.FoundSecret) error {
		all = append(all, fmt.Sprint(f.Line, " ", f.Secret.Reveal()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// foundNaively does what found does, in the simplest way.
func foundNaively(text []byte) []string {
	var all []string
	for i := 0; i+domain.SecretLength <= len(text); i++ {
		if secret, err := domain.ParseSecret(string(text[i : i+domain.SecretLength])); err == nil {
			all = append(all, fmt.Sprint(bytes.Count(text[:i], []byte("\n"))+1, " ", secret.Reveal()))
		}
	}
	return all
}

func TestFindSecrets_FindsThemWhereverTheyAre(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive).Reveal()
	test := newSecret(t, 2, domain.ModeTest).Reveal()
	for name, text := range map[string]string{
		"nothing":                  "",
		"alone":                    secret,
		"in lines":                 "a\nkey=" + secret + "\n\n" + test + "\n",
		"one after the other":      secret + test + secret,
		"among letters":            "xsk_" + secret + "Z",
		"in binary data":           "\x00\xff" + secret + "\x00",
		"a start before it":        "sk_live_sk_" + secret,
		"one character short":      secret[:72],
		"another checksum":         secret[:72] + "!",
		"on a line of a megabyte":  strings.Repeat("x", 1<<20) + test + strings.Repeat("sk_", 1<<10) + "\n" + secret,
		"across every border":      strings.Repeat(secret+"\n", 20_000),
		"at the end of the buffer": strings.Repeat("\n", 256<<10-73) + secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := foundNaively([]byte(text))
			if diff := cmp.Diff(want, found(t, strings.NewReader(text))); diff != "" {
				t.Errorf("(-want +got):\n%.2000s", diff)
			}
			if len(text) < 1<<12 {
				if diff := cmp.Diff(want, found(t, iotest.OneByteReader(strings.NewReader(text)))); diff != "" {
					t.Errorf("byte by byte (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestFindSecrets_StopsAtAnError(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive).Reveal()
	failed := errors.New("failed")
	if err := domain.FindSecrets(iotest.ErrReader(failed), nil); !errors.Is(err, failed) {
		t.Errorf("reading: %v", err)
	}
	calls := 0
	err := domain.FindSecrets(strings.NewReader(secret+secret), func(domain.FoundSecret) error {
		calls++
		return failed
	})
	if !errors.Is(err, failed) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func FuzzFindSecrets(f *testing.F) {
	secret := newSecret(f, 1, domain.ModeLive).Reveal()
	f.Add([]byte("a\n"+secret+"sk_"), uint16(0), uint8(1))
	f.Add([]byte(secret[:40]+secret), uint16(3), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, at uint16, step uint8) {
		// Mutation alone would never hit a checksum: plant a secret.
		i := int(at) % (len(text) + 1)
		text = bytes.Join([][]byte{text[:i], []byte(secret), text[i:]}, nil)
		got := found(t, &shortReader{r: bytes.NewReader(text), most: int(step) + 1})
		if diff := cmp.Diff(foundNaively(text), got); diff != "" {
			t.Errorf("(-naive +got):\n%s", diff)
		}
	})
}

// shortReader returns at most the given number of bytes at a time.
type shortReader struct {
	r    io.Reader
	most int
}

func (s *shortReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.most)]) }

// logLines is text without secrets, in which the sk_ that they begin with is common.
func logLines(size int) []byte {
	const line = `2026-03-21T07:30:15Z INFO request method=GET route=/v1/payments/:id status=200 disk_used=41 task_id=8f3a user=u_29f` + "\n"
	return bytes.Repeat([]byte(line), size/len(line)+1)[:size]
}

func BenchmarkFindSecrets(b *testing.B) {
	text := logLines(64 << 20)
	b.Run("in memory", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if err := domain.FindSecrets(bytes.NewReader(text), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	path := filepath.Join(b.TempDir(), "log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	b.Run("of a file", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			if err := errors.Join(domain.FindSecrets(file, nil), file.Close()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("grep -c sk_live_ of that file", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			out, err := exec.CommandContext(b.Context(), "grep", "-c", "sk_live_", path).CombinedOutput()
			if string(out) != "0\n" {
				b.Fatalf("%v: %s", err, out)
			}
		}
	})
}
