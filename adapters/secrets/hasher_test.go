package secrets_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
	"github.com/slaunchx/apikeys/ports/portstest"
)

var _ ports.SecretHasher = (*secrets.Hasher)(nil)

func TestHasher_PassesThePortSuite(t *testing.T) {
	t.Parallel()
	ring := "b:" + encoded('y', 32) + ",a:" + encoded('x', 32)
	portstest.RunSecretHasher(t, func(t testing.TB) ports.SecretHasher { return newHasher(t, ring) })
}

func TestHasher_ComputesHMACSHA256WithTheFirstPepper(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	mac := hmac.New(sha256.New, bytes.Repeat([]byte{'y'}, 40))
	mac.Write([]byte(secret.Reveal()))
	want := domain.Digest{
		Algorithm: domain.AlgorithmHMACSHA256,
		PepperID:  "b",
		Sum:       [32]byte(mac.Sum(nil)),
	}
	got := newHasher(t, "b:"+encoded('y', 40)+",a:"+encoded('x', 32)).Hash(secret)
	if got != want {
		t.Error("digest differs from that of crypto/hmac")
	}
}

func TestHasher_VerifiesDigestsOfEveryPepper(t *testing.T) {
	t.Parallel()
	a, b := "a:"+encoded('x', 32), "b:"+encoded('y', 32)
	secret := newSecret(t)
	old := newHasher(t, a).Hash(secret)
	if !newHasher(t, b+","+a).Verify(secret, old) {
		t.Error("a digest under an older pepper of the ring is rejected")
	}
	if newHasher(t, b).Verify(secret, old) {
		t.Error("a digest under a pepper that left the ring is accepted")
	}
	if newHasher(t, "a:"+encoded('z', 32)).Verify(secret, old) {
		t.Error("a digest under another pepper with the same id is accepted")
	}
}

func TestNewHasher_PanicsWithoutAPepper(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	secrets.NewHasher(secrets.Ring{})
}

func TestRingAndHasher_CannotBePrinted(t *testing.T) {
	t.Parallel()
	// The pepper's bytes in the forms that fmt and json would print.
	leaks := []string{strings.Repeat("x", 8), "120 120", "78787878", "0x78, 0x78", "eHh4"}
	ring, err := secrets.ParseRing("a:" + encoded('x', 32))
	if err != nil {
		t.Fatal(err)
	}
	hasher := secrets.NewHasher(ring)
	holder := struct {
		ring   secrets.Ring
		hasher *secrets.Hasher
	}{ring, hasher}
	for _, v := range []any{ring, &ring, hasher, holder, &holder, []any{ring, hasher}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			checkSilent(t, verb, fmt.Sprintf(verb, v), leaks)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkSilent(t, "json", string(text), leaks)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		checkSilent(t, "slog", log.String(), leaks)
	}
}

func checkSilent(t *testing.T, way, text string, leaks []string) {
	t.Helper()
	for _, leak := range leaks {
		if strings.Contains(text, leak) {
			t.Errorf("%s shows the pepper: %s", way, text)
		}
	}
}

func newHasher(tb testing.TB, ring string) *secrets.Hasher {
	tb.Helper()
	r, err := secrets.ParseRing(ring)
	if err != nil {
		tb.Fatal(err)
	}
	return secrets.NewHasher(r)
}

func newSecret(tb testing.TB) domain.Secret {
	tb.Helper()
	secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
	if err != nil {
		tb.Fatal(err)
	}
	return secret
}
