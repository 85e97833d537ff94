package sealing_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/adapters/sealing"
)

func entry(id string, b byte) string {
	return id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32))
}

func parsed(t *testing.T, text string) sealing.Ring {
	t.Helper()
	ring, err := sealing.ParseRing(text)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func sealed(t *testing.T, ring sealing.Ring, owner string, plain []byte) (string, []byte) {
	t.Helper()
	id, box, err := ring.Seal(owner, plain)
	if err != nil {
		t.Fatal(err)
	}
	return id, box
}

func TestRing_OpensWhatItHasSealed(t *testing.T) {
	t.Parallel()
	ring := parsed(t, entry("new", 2)+","+entry("old", 1))
	rapid.Check(t, func(r *rapid.T) {
		owner := rapid.String().Draw(r, "owner")
		plain := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(r, "plain")
		id, box, err := ring.Seal(owner, plain)
		if err != nil || id != "new" {
			r.Fatalf("sealed under %q: %v", id, err)
		}
		if len(plain) >= 8 && bytes.Contains(box, plain) {
			r.Fatal("the box contains the secret")
		}
		got, err := ring.Open(owner, id, box)
		if err != nil || !bytes.Equal(got, plain) {
			r.Fatalf("opened %x: %v", got, err)
		}
	})
}

func TestRing_OpensBoxesOfOlderKeys(t *testing.T) {
	t.Parallel()
	id, box := sealed(t, parsed(t, entry("old", 1)), "wh_1", []byte("secret"))
	got, err := parsed(t, entry("new", 2)+","+entry("old", 1)).Open("wh_1", id, box)
	if err != nil || string(got) != "secret" {
		t.Errorf("opened %q: %v", got, err)
	}
}

func TestRing_SealsTheSameSecretDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	ring := parsed(t, entry("a", 1))
	_, first := sealed(t, ring, "wh_1", []byte("secret"))
	_, second := sealed(t, ring, "wh_1", []byte("secret"))
	if bytes.Equal(first, second) {
		t.Error("two boxes are equal")
	}
}

func TestRing_OpensNothingElse(t *testing.T) {
	t.Parallel()
	ring := parsed(t, entry("a", 1)+","+entry("b", 1)+","+entry("c", 2))
	id, box := sealed(t, ring, "wh_1", []byte("secret"))
	for name, c := range map[string]struct {
		owner, id string
		box       []byte
	}{
		"of another webhook":                 {"wh_2", id, box},
		"under another id with the same key": {"wh_1", "b", box},
		"under another key":                  {"wh_1", "c", box},
		"that is empty":                      {"wh_1", id, nil},
		"that is cut off":                    {"wh_1", id, box[:len(box)-1]},
		"that was changed":                   {"wh_1", id, append([]byte{box[0] ^ 1}, box[1:]...)},
	} {
		t.Run("a box "+name, func(t *testing.T) {
			t.Parallel()
			if got, err := ring.Open(c.owner, c.id, c.box); !errors.Is(err, sealing.ErrDamaged) || got != nil {
				t.Errorf("opened %q: %v", got, err)
			}
		})
	}
}

func TestRing_NamesALostKey(t *testing.T) {
	t.Parallel()
	id, box := sealed(t, parsed(t, entry("2026-a", 1)), "wh_1", []byte("secret"))
	_, err := parsed(t, entry("2026-b", 1)).Open("wh_1", id, box)
	lost, ok := errors.AsType[*sealing.LostKeyError](err)
	if !ok || lost.KeyID != "2026-a" || !strings.Contains(err.Error(), "2026-a") {
		t.Errorf("got %v", err)
	}
}

func TestRing_WithoutAKeySealsNothing(t *testing.T) {
	t.Parallel()
	var ring sealing.Ring
	if !ring.Empty() || len(ring.KeyIDs()) != 0 {
		t.Error("the zero ring has keys")
	}
	if _, _, err := ring.Seal("wh_1", []byte("secret")); !errors.Is(err, sealing.ErrNoKey) {
		t.Errorf("got %v", err)
	}
}

func TestRing_SealsByTheCurrentKey(t *testing.T) {
	t.Parallel()
	ring := parsed(t, entry("b", 2)+","+entry("a", 1))
	if got := fmt.Sprint(ring.KeyIDs()); got != "[b a]" {
		t.Errorf("keys are %s", got)
	}
	if id, _ := sealed(t, ring, "wh_1", []byte("secret")); id != "b" {
		t.Errorf("sealed under %q", id)
	}
}

func TestRing_PrintsNoKey(t *testing.T) {
	t.Parallel()
	ring := parsed(t, entry("a", 'k'))
	holder := struct{ ring sealing.Ring }{ring}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, value := range []any{ring, &ring, holder} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, "kkkk") || strings.Contains(got, "6b6b6b6b") || strings.Contains(got, "107 107") || strings.Contains(got, "0x6b, 0x6b") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}

func TestParseRing_ReturnsEveryErrorAndNoKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		errs []string
	}{
		"nothing":        {" ", []string{"no sealing key given: write id:base64"}},
		"a bare key":     {strings.TrimPrefix(entry("", 'k'), ":"), []string{"sealing key 1: must be written id:base64"}},
		"a duplicate id": {entry("a", 'k') + "," + entry("a", 'l'), []string{`sealing key 2: id "a" appears twice`}},
		"a short key":    {"a:a2tra2s=,b:!", []string{"sealing key 1: has 5 bytes, must have at least 32", "sealing key 2: must be standard base64"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sealing.ParseRing(c.text)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.errs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "a2tr") {
				t.Errorf("prints a key:\n%v", err)
			}
		})
	}
}

// FuzzParseRing checks that the parser never panics, that its errors contain no key, and
// that a ring that it accepts opens what it seals.
func FuzzParseRing(f *testing.F) {
	for _, text := range []string{"", entry("a", 1), entry("a", 1) + "," + entry("b", 2), "a:,", ":::", "a:b:c", " " + entry("a", 1) + "\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := sealing.ParseRing(text)
		if err != nil {
			for part := range strings.SplitSeq(text, ",") {
				if _, key, found := strings.Cut(part, ":"); found && len(key) >= 16 && strings.Contains(err.Error(), key) {
					t.Errorf("the error contains a key: %v", err)
				}
			}
			return
		}
		id, box, err := ring.Seal("wh_1", []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ring.Open("wh_1", id, box); err != nil || string(got) != "secret" {
			t.Errorf("opened %q: %v", got, err)
		}
	})
}
