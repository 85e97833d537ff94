package domain_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/domain"
)

var formats = []string{
	"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%b", "%o", "%U", "%c", "%t", "%e", "%z", "%5.3v", "%-90s", "%*d", "no verb",
}

// formatPointer makes fmt print a non-pointer without calling its methods. It shows
// a digest, which is harmless.
var formatPointer = "%p"

// holder has a secret in a field where fmt cannot call its methods.
type holder struct{ secret domain.Secret }

type embedder struct{ domain.Secret }

func TestSecret_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := newSecret(t, 1, domain.ModeLive)
	tail := secret.Reveal()[domain.KeyIDLength:]
	for name, v := range map[string]any{
		"itself":                   secret,
		"a pointer":                &secret,
		"a struct":                 struct{ Secret domain.Secret }{secret},
		"a pointer to a struct":    &struct{ Secret domain.Secret }{secret},
		"an unexported field":      holder{secret},
		"a pointer to that struct": &holder{secret},
		"an embedded field":        embedder{secret},
		"a slice":                  []domain.Secret{secret},
		"an array":                 [1]domain.Secret{secret},
		"a map value":              map[string]domain.Secret{"k": secret},
		"a map key":                map[domain.Secret]int{secret: 1},
		"an interface":             []any{secret},
		"a check":                  domain.Check{Secret: secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ways := printings(v)
			ways["%p"] = fmt.Sprintf(formatPointer, v)
			for way, out := range ways {
				if leaks(out, tail) {
					t.Errorf("%s shows the secret: %s", way, out)
				}
			}
		})
	}
}

func TestDigest_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	digest := domain.Digest{Algorithm: domain.AlgorithmHMACSHA256, PepperID: "PEPPER-ID"}
	copy(digest.Sum[:], "DIGEST-OF-32-BYTES-DIGEST-OF-32-")
	stored := domain.StoredSecret{Digest: digest}
	for name, v := range map[string]any{
		"a pointer":                    &digest,
		"a stored secret":              stored,
		"a pointer to a stored secret": &stored,
		"a slice":                      []domain.StoredSecret{stored},
		"a map":                        map[string]domain.Digest{"k": digest},
		"a snapshot":                   domain.Snapshot{Secrets: []domain.StoredSecret{stored}},
		"a pointer to a snapshot":      &domain.Snapshot{Secrets: []domain.StoredSecret{stored}},
		"a key":                        domain.Rehydrate(domain.Snapshot{Secrets: []domain.StoredSecret{stored}}),
		"a key by value":               *domain.Rehydrate(domain.Snapshot{Secrets: []domain.StoredSecret{stored}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, out := range printings(v) {
				if leaks(out, string(digest.Sum[:])) {
					t.Errorf("%s shows the digest: %s", way, out)
				}
			}
		})
	}
}

func TestSecretAndDigest_PrintAPlaceholder(t *testing.T) {
	t.Parallel()
	secret, digest := newSecret(t, 1, domain.ModeLive), domain.Digest{PepperID: "p"}
	for _, v := range []any{secret, digest, domain.Secret{}, domain.Digest{}} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(format, v); got != "[redacted]" {
				t.Errorf("%s of a %T: %q", format, v, got)
			}
		}
		if got, err := json.Marshal(v); err != nil || string(got) != `"[redacted]"` {
			t.Errorf("JSON of a %T: %s, %v", v, got, err)
		}
		if got := v.(fmt.Stringer).String(); got != "[redacted]" {
			t.Errorf("String of a %T: %q", v, got)
		}
		if got := v.(fmt.GoStringer).GoString(); got != "[redacted]" {
			t.Errorf("GoString of a %T: %q", v, got)
		}
	}
}

func TestAPIKey_PrintsItsID(t *testing.T) {
	t.Parallel()
	key := domain.Rehydrate(domain.Snapshot{ID: "sk_live_0123456789abcdef"})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, key); got != "sk_live_0123456789abcdef" {
			t.Errorf("%s: %q", format, got)
		}
	}
}

// printings returns the output of every way to print, log or encode v.
func printings(v any) map[string]string {
	out := map[string]string{
		"Sprint": fmt.Sprint(v), "Sprintln": fmt.Sprintln(v),
		"an error":        fmt.Errorf("broken: %v", v).Error(),
		"a wrapped error": fmt.Errorf("outer: %w", errors.Join(fmt.Errorf("inner: %+v", v))).Error(),
		"a panic":         fmt.Sprint(recovered(v)),
	}
	for _, format := range formats {
		out[format] = fmt.Sprintf(format, v)
	}
	var text, document bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&document, nil)} {
		log := slog.New(handler)
		log.Info("m", "v", v, slog.Group("g", "v", v))
		log.With("v", v).Info("m", slog.Any("v", []any{v}))
		log.Info(fmt.Sprint(v), slog.Any("v", &v))
	}
	out["slog text"], out["slog JSON"] = text.String(), document.String()
	for way, encode := range map[string]func(any) ([]byte, error){
		"JSON": json.Marshal,
		"XML":  xml.Marshal,
	} {
		b, err := encode(v)
		out[way] = fmt.Sprint(string(b), err)
	}
	return out
}

func recovered(v any) (r any) {
	defer func() { r = recover() }()
	panic(v)
}

// leaks reports whether out contains s as text, in hexadecimal or as a list of
// bytes.
func leaks(out, s string) bool {
	decimals := strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]")
	for _, form := range []string{
		s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), fmt.Sprintf("% x", s),
		decimals, strings.ReplaceAll(decimals, " ", ", "), strings.ReplaceAll(decimals, " ", ","),
		fmt.Sprintf("%#v", []byte(s))[len("[]byte{"):30],
	} {
		if strings.Contains(out, form) {
			return true
		}
	}
	return false
}
