package domain_test

import (
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
)

// goldenSecrets were computed independently with Python's zlib.crc32. They must
// never change, because issued keys depend on the format.
var goldenSecrets = []string{
	"sk_live_000000000000000000000000000000000000000000000000000000000002I21Yk", // CRC-32 0x7d17f63e
	"sk_live_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz3sUWAa", // 0xd3cf8b20
	"sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw1GmBaH", // 0x4561d155
	"sk_live_3456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz2vlQsT", // 0xa0166271
	"sk_test_000000000000000000000000000000000000000000000000000000000004g4EQZ", // 0xff7966a7
	"sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw3e0teW", // 0xc70f41cc
	"sk_test_3456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0d8hjc", // 0x2278f2e8, padded by one
	"sk_live_0000000000000000000000000000000000000000000000000000000005000QOrL", // 0x0060027b, padded by two
}

func TestHasSecret(t *testing.T) {
	t.Parallel()
	const id = "sk_live_0123456789ABCDEF"
	for _, secret := range goldenSecrets {
		for _, text := range []string{secret, "x" + secret, secret + "x", "sk_" + secret, "sk_live_" + secret, id + "-" + secret, secret[:len(secret)-6], secret[:25]} {
			if !domain.HasSecret(text) {
				t.Errorf("no secret is found in %s", text)
			}
		}
		for _, text := range []string{secret[:24], secret[:24] + "-1", "x" + secret[:24], secret[1:], strings.ToUpper(secret), "sk_prod_" + secret[8:]} {
			if domain.HasSecret(text) {
				t.Errorf("a secret is found in %s", text)
			}
		}
	}
	for _, text := range []string{"", "sk_", "sk_live_", strings.Repeat("sk_", 100), "sk_live_" + strings.Repeat("_", 100)} {
		if domain.HasSecret(text) {
			t.Errorf("a secret is found in %q", text)
		}
	}
}

func TestParseSecret_AcceptsTheGoldenSecrets(t *testing.T) {
	t.Parallel()
	for _, text := range goldenSecrets {
		secret, err := domain.ParseSecret(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if secret.IsZero() || secret.Reveal() != text || string(secret.KeyID()) != text[:24] {
			t.Errorf("%s: reveals %s, key %s", text, secret.Reveal(), secret.KeyID())
		}
	}
}

func TestParseSecret_RejectsEveryChangeOfOneCharacter(t *testing.T) {
	t.Parallel()
	text := goldenSecrets[2]
	for i := range text {
		for c := range 256 {
			changed := text[:i] + string([]byte{byte(c)}) + text[i+1:]
			if changed == text {
				continue
			}
			if secret, err := domain.ParseSecret(changed); !errors.Is(err, domain.ErrMalformedSecret) || !secret.IsZero() {
				t.Fatalf("%q: %v", changed, err)
			}
		}
	}
}

func TestParseSecret_RejectsEverySwapOfNeighbours(t *testing.T) {
	t.Parallel()
	text := goldenSecrets[2]
	for i := range len(text) - 1 {
		swapped := text[:i] + text[i+1:i+2] + text[i:i+1] + text[i+2:]
		if swapped == text {
			continue
		}
		if _, err := domain.ParseSecret(swapped); !errors.Is(err, domain.ErrMalformedSecret) {
			t.Errorf("%q: %v", swapped, err)
		}
	}
}

func TestParseSecret_RejectsOtherFormats(t *testing.T) {
	t.Parallel()
	text := goldenSecrets[0]
	for name, s := range map[string]string{
		"empty":                            "",
		"only the key ID":                  text[:24],
		"one character too few":            text[:72],
		"one character too many":           text + "0",
		"white space around":               " " + text,
		"a line end":                       text + "\n",
		"another prefix":                   "sk_prod_" + text[8:],
		"upper case":                       strings.ToUpper(text),
		"full-width digits":                strings.Repeat("０", 24) + "0",
		"a megabyte":                       strings.Repeat(text, 1<<20/73),
		"the checksum of another body":     text[:67] + "4gfFC3",
		"a checksum above 32 bits":         text[:67] + "zzzzzz",
		"a character outside base62":       withChecksum("sk_live_" + strings.Repeat("0", 58) + "-"),
		"a right checksum, another prefix": withChecksum("sk_demo_" + strings.Repeat("0", 59)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret, err := domain.ParseSecret(s)
			if !errors.Is(err, domain.ErrMalformedSecret) || !secret.IsZero() {
				t.Errorf("got %v, %v", secret.IsZero(), err)
			}
			if s != "" && err != nil && strings.Contains(err.Error(), s) {
				t.Error("the error contains the secret")
			}
		})
	}
}

func withChecksum(body string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, out := crc32.ChecksumIEEE([]byte(body)), ""
	for range 6 {
		out = string(digits[sum%62]) + out
		sum /= 62
	}
	return body + out
}

func TestParseSecret_AllocatesLittle(t *testing.T) { // not parallel: AllocsPerRun counts for the whole process
	good := goldenSecrets[0]
	for name, tc := range map[string]struct {
		text string
		most float64
	}{
		"a secret":           {good, 2}, // a copy for the checksum, and the Secret
		"a wrong checksum":   {good[:72] + "0", 1},
		"too long":           {good + "0", 0},
		"another alphabet":   {good[:40] + "-" + good[41:], 0},
		"no key ID":          {"xx" + good[2:], 0},
		"an empty string":    {"", 0},
		"a megabyte of text": {strings.Repeat("x", 1<<20), 0},
	} {
		if n := testing.AllocsPerRun(100, func() {
			secret, _ := domain.ParseSecret(tc.text)
			_, _ = secret.KeyID(), secret.Reveal()
		}); n > tc.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, tc.most)
		}
	}
}

func TestNewSecret_HasTheDocumentedFormat(t *testing.T) {
	t.Parallel()
	shape := map[domain.Mode]*regexp.Regexp{
		domain.ModeLive: regexp.MustCompile(`^sk_live_[0-9A-Za-z]{65}$`),
		domain.ModeTest: regexp.MustCompile(`^sk_test_[0-9A-Za-z]{65}$`),
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))
		mode := rapid.SampledFrom([]domain.Mode{domain.ModeLive, domain.ModeTest}).Draw(t, "mode")
		secret, err := domain.NewSecret(rand.NewChaCha8(seed), mode)
		if err != nil {
			t.Fatal(err)
		}
		text := secret.Reveal()
		if !shape[mode].MatchString(text) {
			t.Fatalf("%q", text)
		}
		again, err := domain.ParseSecret(text)
		if err != nil || again.Reveal() != text || again.KeyID() != secret.KeyID() {
			t.Fatalf("%q reads %q, %v", text, again.Reveal(), err)
		}
		if id, ok := domain.ParseKeyID(string(secret.KeyID())); !ok || id.Mode() != mode {
			t.Fatalf("ID %q, mode %v", id, id.Mode())
		}
	})
}

func TestNewSecret_FailsIfItsSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	secret, err := domain.NewSecret(iotest.ErrReader(broken), domain.ModeLive)
	if !errors.Is(err, broken) || !secret.IsZero() {
		t.Errorf("got %v", err)
	}
}

func TestSecret_ZeroValueIsEmpty(t *testing.T) {
	t.Parallel()
	var zero domain.Secret
	if !zero.IsZero() || zero.Reveal() != "" || zero.KeyID() != "" {
		t.Errorf("reveals %q, key %q", zero.Reveal(), zero.KeyID())
	}
}

func TestParseKeyID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]domain.Mode{
		"sk_live_0123456789abcdef":  domain.ModeLive,
		"sk_test_zzzzzzzzzzzzzzzz":  domain.ModeTest,
		"":                          0,
		"sk_live_":                  0,
		"sk_live_0123456789abcde":   0,
		"sk_live_0123456789abcdef0": 0,
		"sk_live_0123456789abcde-":  0,
		"sk_live_0123456789abcde\n": 0,
		"SK_LIVE_0123456789abcdef":  0,
		"sk_demo_0123456789abcdef":  0,
		"sk-live-0123456789abcdef":  0,
		"sk_live_éééééééé":          0, // 24 bytes
	} {
		id, ok := domain.ParseKeyID(s)
		if ok != (want != 0) || id.Mode() != want {
			t.Errorf("%q: %q, %v, mode %v; want mode %v", s, id, ok, id.Mode(), want)
		}
	}
}

func TestKeyIDMode_IsZeroForAMalformedID(t *testing.T) {
	t.Parallel()
	for _, id := range []domain.KeyID{"", "sk_", "sk_prod_0123456789abcdef"} {
		if got := id.Mode(); got != 0 {
			t.Errorf("%q: %v", id, got)
		}
	}
}

// FuzzParseSecret checks that an accepted secret reveals exactly its input, which
// has a valid checksum, and that a rejected one yields the zero Secret.
func FuzzParseSecret(f *testing.F) {
	for _, text := range goldenSecrets {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		secret, err := domain.ParseSecret(s)
		if err != nil {
			if !errors.Is(err, domain.ErrMalformedSecret) || !secret.IsZero() {
				t.Errorf("rejected with %v, zero %v", err, secret.IsZero())
			}
			return
		}
		if secret.Reveal() != s || withChecksum(s[:67]) != s {
			t.Errorf("%q reads %q", s, secret.Reveal())
		}
		if _, ok := domain.ParseKeyID(string(secret.KeyID())); !ok {
			t.Errorf("ID %q", secret.KeyID())
		}
	})
}

func TestNewSecretOf_RejectsMalformedIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []domain.KeyID{"", "x", "sk_live_123456789012345", "sk_live_12345678901234567", "sk_prod_1234567890123456", "sk_live_123456789012345!"} {
		if secret, err := domain.NewSecretOf(rand.NewChaCha8([32]byte{}), id); !errors.Is(err, domain.ErrKeyNotFound) || !secret.IsZero() {
			t.Errorf("%q: error = %v, want ErrKeyNotFound", id, err)
		}
	}
}
