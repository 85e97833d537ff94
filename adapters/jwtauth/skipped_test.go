package jwtauth_test

import (
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/test/logbook"
)

// logBook is the log of an authenticator.
type logBook struct{ logbook.Book }

func (b *logBook) config(c *jwtauth.Config) { c.Logger = slog.New(slog.NewTextHandler(b, nil)) }

// logged starts an authenticator with a file that contains document, and returns
// its log.
func logged(t *testing.T, document []byte) (*jwtauth.Authenticator, *logBook) {
	t.Helper()
	log := &logBook{}
	return start(t, config(fromFile(keyFile(t, document)), log.config)), log
}

func TestNew_SkipsABadKeyAmongGoodOnes(t *testing.T) {
	t.Parallel()
	entry := func(o object) string { return string(marshal(o)) }
	padded := func(member string, value *big.Int) string {
		return entry(rsaKey().public(object{"kid": "bad", member: encode(value.Bytes())}))
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 2047)
	for name, bad := range map[string]string{
		"with a duplicate member":             `{"kid":"bad",` + entry(rsaKey().public(object{"kid": nil, "x": 1}))[1:len(entry(rsaKey().public(object{"kid": nil, "x": 1})))-1] + `,"kty":"RSA"}`,
		"with two kids":                       `{"kid":"rsa","kid":"bad",` + entry(rsaKey().public(object{"kid": nil}))[1:],
		"with text that is not UTF-8":         `{"kid":"bad` + "\xff" + `","kty":"RSA"}`,
		"of an unknown type":                  `{"kid":"bad","kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`,
		"without a type":                      `{"kid":"bad"}`,
		"with a kid that is an object":        `{"kid":{"bad":1},"kty":"RSA"}`,
		"that is null":                        `null`,
		"that is text":                        `"bad"`,
		"that is an array":                    `[]`,
		"an Ed25519 key of 3 bytes":           `{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"AAAA"}`,
		"an Ed25519 key of 33 bytes":          `{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"` + encode(make([]byte, 33)) + `"}`,
		"an RSA key of 2047 bits":             padded("n", new(big.Int).Sub(new(big.Int).Rsh(modulus, 1), big.NewInt(1))),
		"an RSA key of 8193 bits":             padded("n", new(big.Int).Add(new(big.Int).Lsh(modulus, 8192-2047), big.NewInt(1))),
		"an RSA key with an even modulus":     padded("n", modulus),
		"an RSA key with the exponent 1":      padded("e", big.NewInt(1)),
		"an RSA key with an even exponent":    padded("e", big.NewInt(65536)),
		"an RSA key with an exponent of 2^32": padded("e", big.NewInt(1<<32+1)),
		"an RSA key without exponent":         entry(rsaKey().public(object{"kid": "bad", "e": ""})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := []byte(`{"keys":[` + bad + `,` + entry(ecKey().public()) + `]}`)
			a, log := logged(t, set)
			wantAccepted(t, a, ecKey().token(claims()))
			wantRejected(t, a, edKey().token(claims()))
			if log.Count("key 0 ") != 1 {
				t.Errorf("the log does not report key 0 as skipped:\n%s", log)
			}
		})
	}
}

func TestNew_NamesSkippedKeysByKidAndIndex(t *testing.T) {
	t.Parallel()
	_, log := logged(t, keySet(ecKey().public(), rsaKey().public(object{"use": "enc", "kid": "2026-03"})))
	for _, part := range []string{"level=WARN", "key 1 ", "2026-03", "is not for signatures"} {
		if log.Count(part) != 1 {
			t.Errorf("the log does not contain %q exactly once:\n%s", part, log)
		}
	}
}

func TestNew_LogsSkippedKeysInOneShortLine(t *testing.T) {
	t.Parallel()
	keys := []object{ecKey().public()}
	for i := range 1000 {
		keys = append(keys, object{"kty": "oct", "kid": fmt.Sprint(i) + strings.Repeat("x", 500)})
	}
	_, log := logged(t, keySet(keys...))
	if log.Count("level=WARN") != 1 || log.Count("count=1000") != 1 || len(log.String()) > 4<<10 {
		t.Errorf("the log has %d bytes, want one line for all skipped keys:\n%.2000s", len(log.String()), log)
	}
}

func TestBackground_LogsSkippedKeysOncePerDocument(t *testing.T) {
	t.Parallel()
	secret := object{"kty": "oct", "k": "AAAA"}
	for name, c := range map[string]struct {
		document []byte
		want     int
	}{
		"with good keys":    {keySet(ecKey().public(), secret), 1},
		"without good keys": {keySet(secret), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := &logBook{}
				start(t, config(by(script(c.document)), log.config))
				pass(time.Hour)
				if n := log.Count("skipped"); n != c.want {
					t.Errorf("skipped keys were logged %d times in an hour, want %d:\n%s", n, c.want, log)
				}
			})
		})
	}
}

func TestNew_SkipsAByteOrderMark(t *testing.T) {
	t.Parallel()
	document := append([]byte("\xef\xbb\xbf"), trustedSet()...)
	t.Run("of a file", func(t *testing.T) {
		t.Parallel()
		wantAccepted(t, trusting(t, document), ecKey().token(claims()))
	})
	t.Run("of a response", func(t *testing.T) {
		t.Parallel()
		a := start(t, config(fromURL(serveKeys(t, document).URL)))
		wantAccepted(t, a, ecKey().token(claims()))
	})
	t.Run("but not two", func(t *testing.T) {
		t.Parallel()
		path := keyFile(t, append([]byte("\xef\xbb\xbf"), document...))
		if _, err := jwtauth.New(t.Context(), config(fromFile(path))); err == nil {
			t.Error("accepted")
		}
	})
}
