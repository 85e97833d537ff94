package secrets_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/domain"
)

// encoded returns the base64 encoding of n bytes b.
func encoded(b byte, n int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(b), n)))
}

func TestParseRing_AcceptsARing(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"one pepper":             "a:" + encoded('x', 32),
		"several peppers":        "b:" + encoded('y', 32) + ",a:" + encoded('x', 33),
		"every character of ids": "AZaz09_-:" + encoded('x', 32),
		"the longest id":         strings.Repeat("i", secrets.MaxPepperIDLength) + ":" + encoded('x', 32),
		"spaces and line ends":   " a:" + encoded('x', 32) + " ,\n b:" + encoded('y', 32) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := secrets.ParseRing(text); err != nil {
				t.Errorf("rejected: %v", err)
			}
		})
	}
}

func TestParseRing_ReturnsEveryError(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		errs []string
	}{
		"nothing":                 {" \n", []string{"no pepper given"}},
		"a pepper without its id": {encoded('x', 32), []string{"pepper 1: must be written id:base64"}},
		"an empty entry":          {"a:" + encoded('x', 32) + ",", []string{"pepper 2: must be written id:base64"}},
		"an empty id":             {":" + encoded('x', 32), []string{"pepper 1: id must be"}},
		"a long id":               {strings.Repeat("i", 33) + ":" + encoded('x', 32), []string{"pepper 1: id must be"}},
		"a forbidden character":   {"a.b:" + encoded('x', 32), []string{"pepper 1: id must be"}},
		"a short pepper":          {"a:" + encoded('x', 31), []string{"has 31 bytes, must have at least 32"}},
		"base64 without padding":  {"a:" + strings.TrimRight(encoded('x', 32), "="), []string{"standard base64"}},
		"URL-safe base64":         {"a:" + strings.Repeat("-_", 32), []string{"standard base64"}},
		"base64 with spare bits":  {"a:" + strings.Replace(encoded('x', 32), "g=", "h=", 1), []string{"standard base64"}},
		"a duplicate id":          {"a:" + encoded('x', 32) + ",a:" + encoded('y', 32), []string{`pepper 2: id "a" appears twice`}},
		"several errors in two":   {"?:" + encoded('x', 3) + ",zzz", []string{"pepper 1: id must be", "has 3 bytes", "pepper 2: must be"}},
		"errors after a good one": {"a:" + encoded('x', 32) + ",b:!,c", []string{"pepper 2", "pepper 3"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secrets.ParseRing(c.text)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.errs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
		})
	}
}

func TestParseRing_NeverPrintsAPepper(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 12, 31).Draw(t, "key")
		separator := rapid.SampledFrom([]string{"", ":", "::", "id:", ".:", "id:!"}).Draw(t, "separator")
		text := base64.StdEncoding.EncodeToString(key)
		_, err := secrets.ParseRing(separator + text + "," + text + separator)
		if err == nil {
			t.Fatal("accepted")
		}
		if strings.Contains(err.Error(), text) || strings.Contains(err.Error(), string(key)) {
			t.Fatalf("the error shows the pepper: %v", err)
		}
	})
}

func TestNewPepper_ReturnsAnEntryOfARing(t *testing.T) {
	t.Parallel()
	first, err := secrets.NewPepper(rand.Reader, "2026-a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := secrets.NewPepper(rand.Reader, "2026-b")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimPrefix(first, "2026-a:") == strings.TrimPrefix(second, "2026-b:") {
		t.Error("two peppers are equal")
	}
	if _, err := secrets.ParseRing(first + "," + second); err != nil {
		t.Errorf("cannot be parsed as a ring: %v", err)
	}
}

func TestNewPepper_RequiresAnIDAndRandomness(t *testing.T) {
	t.Parallel()
	if _, err := secrets.NewPepper(rand.Reader, "a b"); err == nil {
		t.Error("an id with a space is accepted")
	}
	broken := errors.New("broken")
	if _, err := secrets.NewPepper(iotest.ErrReader(broken), "a"); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

// The values are those of openssl:
// printf 'apikeys pepper check 1:a' | openssl dgst -sha256 -mac HMAC -macopt hexkey:7878…
func TestRing_ChecksTellPeppersApart(t *testing.T) {
	t.Parallel()
	checks := func(text string) []domain.PepperCheck {
		ring, err := secrets.ParseRing(text)
		if err != nil {
			t.Fatal(err)
		}
		return ring.Checks()
	}
	got := checks("a:" + encoded('x', 32) + ",b:" + encoded('x', 32))
	if len(got) != 2 || got[0].PepperID != "a" || got[1].PepperID != "b" {
		t.Fatalf("the checks are of %v", got)
	}
	if want := "0d70d6b21871b3d5166d5f4cdcbea3ba00fe84e49e563a77f1478fb75d95ca50"; hex.EncodeToString(got[0].Sum[:]) != want {
		t.Errorf("the check is %x, want %s", got[0].Sum, want)
	}
	if got[0].Sum == got[1].Sum {
		t.Error("the checks tell that two peppers are the same")
	}
	if again := checks("a:" + encoded('x', 32)); again[0] != got[0] {
		t.Error("one pepper has two checks")
	}
	if other := checks("a:" + encoded('y', 32)); other[0] == got[0] {
		t.Error("another pepper has the same check")
	}
}

func TestRing_ChecksProveNoSecret(t *testing.T) {
	t.Parallel()
	ring, err := secrets.ParseRing("a:" + encoded('x', 32))
	if err != nil {
		t.Fatal(err)
	}
	digest := domain.Digest{Algorithm: domain.AlgorithmHMACSHA256, PepperID: "a", Sum: ring.Checks()[0].Sum}
	for _, secret := range []domain.Secret{{}, newSecret(t)} {
		if secrets.NewHasher(ring).Verify(secret, digest) {
			t.Error("the check of a pepper verifies a secret")
		}
	}
}
