package domain

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestRandomBase62_IsUniform(t *testing.T) {
	t.Parallel()
	counts := map[byte]int{}
	for b := range 248 {
		digit, err := randomBase62(bytes.NewReader([]byte{byte(b)}), 1)
		if err != nil {
			t.Fatal(err)
		}
		counts[digit[0]]++
	}
	for _, d := range []byte(base62Digits) {
		if counts[d] != 4 {
			t.Errorf("digit %c comes from %d bytes, want 4", d, counts[d])
		}
	}
}

func TestRandomBase62_DiscardsBytesThatWouldBias(t *testing.T) {
	t.Parallel()
	for b := 248; b < 256; b++ {
		digit, err := randomBase62(bytes.NewReader([]byte{byte(b), 61}), 1)
		if err != nil || digit != "z" {
			t.Errorf("byte %d, then 61: %q, %v; want z", b, digit, err)
		}
	}
}

func TestRandomBase62_FailsIfItsSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	cases := map[string]struct {
		random io.Reader
		want   error
	}{
		"a source that fails":            {iotest.ErrReader(broken), broken},
		"a source that ends":             {strings.NewReader("abc"), io.ErrUnexpectedEOF},
		"a source that fails midway":     {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), broken},
		"a source that ends on a reread": {strings.NewReader(strings.Repeat("\xff", 12)), io.EOF},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			digits, err := randomBase62(tc.random, 10)
			if digits != "" || !errors.Is(err, tc.want) {
				t.Errorf("got %q, %v; want %v", digits, err, tc.want)
			}
		})
	}
}

type constantReader byte

func (r constantReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestRandomBase62_GivesUpOnAStuckSource(t *testing.T) {
	t.Parallel()
	if digits, err := randomBase62(constantReader(0xff), 10); err == nil {
		t.Errorf("got %q, want an error", digits)
	}
}

func TestRandomBase62_AcceptsShortReads(t *testing.T) {
	t.Parallel()
	digits, err := randomBase62(iotest.OneByteReader(constantReader(10)), 5)
	if err != nil || digits != "AAAAA" {
		t.Errorf("got %q, %v", digits, err)
	}
}

func TestPutBase62_WritesTheMostSignificantDigitFirst(t *testing.T) {
	t.Parallel()
	for v, want := range map[uint64]string{
		0:          "000000",
		61:         "00000z",
		62:         "000010",
		1<<32 - 1:  "4gfFC3",
		0x7d17f63e: "2I21Yk",
	} {
		var got [checksumLength]byte
		putBase62(got[:], v)
		if string(got[:]) != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
}

func TestPutBase62_RoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Uint32().Draw(t, "v")
		var digits [checksumLength]byte
		putBase62(digits[:], uint64(want))
		var got uint64
		for _, d := range digits {
			got = got*62 + uint64(strings.IndexByte(base62Digits, d))
		}
		if got != uint64(want) {
			t.Fatalf("%q reads %d, want %d", digits, got, want)
		}
	})
}
