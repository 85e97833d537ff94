package jwtauth_test

import (
	"strings"
	"testing"
)

func TestAuthenticate_RejectsMalformedTokens(t *testing.T) {
	t.Parallel()
	a := trusting(t, trustedSet())
	honest := rsaKey().token(claims())
	parts := strings.Split(honest, ".")
	header, payload := string(marshal(rsaKey().header())), string(marshal(claims()))
	raw := func(header, payload string) string { return rsaKey().signRaw([]byte(header), []byte(payload)) }
	headed := func(members string) string { return raw(`{"alg":"RS256","kid":"rsa",`+members+`}`, payload) }
	for name, token := range map[string]string{
		"nothing":                              "",
		"a word":                               "token",
		"two parts":                            parts[0] + "." + parts[1],
		"four parts":                           honest + ".",
		"five parts, as of an encrypted token": honest + "..",
		"empty parts":                          "..",
		"white space before":                   " " + honest,
		"white space after":                    honest + "\n",
		"flattened JSON serialization":         string(marshal(object{"protected": parts[0], "payload": parts[1], "signature": parts[2]})),
		"general JSON serialization":           string(marshal(object{"payload": parts[1], "signatures": []object{{"protected": parts[0], "signature": parts[2]}}})),
		"a header that is not base64url":       "!" + honest,
		"a header with a line break":           honest[:4] + "\n" + honest[4:],
		"a header that is an array":            raw(`["RS256"]`, payload),
		"a header that is null":                raw(`null`, payload),
		"a header with a duplicate alg":        headed(`"alg":"RS256"`),
		"a header with a duplicate kid":        headed(`"kid":"ec"`),
		"a header whose alg is in capitals":    raw(`{"ALG":"RS256","kid":"rsa"}`, payload),
		"a header with something after it":     raw(header+`{}`, payload),
		"a header that is not UTF-8":           headed(`"x":"` + "\xff" + `"`),
		"an unknown critical header":           headed(`"crit":["exp"],"exp":1`),
		"an unencoded payload (b64)":           headed(`"crit":["b64"],"b64":false`),
		"an empty list of critical headers":    headed(`"crit":[]`),
		"critical headers that are null":       headed(`"crit":null`),
		"critical headers that are a string":   headed(`"crit":"b64"`),
		"a payload that is not base64url":      signedAsIs(parts[0] + ".e30=" + "."),
		"a payload that is an array":           raw(header, "["+payload+"]"),
		"a payload that is null":               raw(header, "null"),
		"a payload that is another token":      raw(header, honest),
		"an empty payload":                     raw(header, ""),
		"a payload with something after it":    raw(header, payload+"{}"),
		"a payload with a duplicate claim":     raw(header, payload[:len(payload)-1]+`,"sub":"acc_2"}`),
		"a payload that is not UTF-8":          raw(header, strings.Replace(payload, "acc_1", "acc\xff", 1)),
		"a payload with a lone surrogate":      raw(header, strings.Replace(payload, "acc_1", `\ud800`, 1)),
		"a deeply nested payload":              raw(header, payload[:len(payload)-1]+`,"x":`+strings.Repeat("[", 2000)),
		"a megabyte of one letter":             strings.Repeat("a", 1<<20),
		"a megabyte of dots":                   strings.Repeat(".", 1<<20),
		"a megabyte of padding, signed":        rsaKey().token(claims(object{"x": strings.Repeat("x", 1<<20)})),
		"a megabyte of header, signed":         headed(`"x":"` + strings.Repeat("x", 1<<20) + `"`),
		"one byte above the limit":             tokenOfLength(t, 8<<10+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRejected(t, a, token)
		})
	}
	t.Run("but a token at the limit is accepted", func(t *testing.T) {
		t.Parallel()
		wantAccepted(t, a, tokenOfLength(t, 8<<10))
	})
	t.Run("but an unknown header that is not critical is ignored", func(t *testing.T) {
		t.Parallel()
		wantAccepted(t, a, headed(`"x":[1]`))
	})
}

// signedAsIs signs the part before the last dot without encoding it.
func signedAsIs(token string) string {
	input, _ := split(token)
	return input + "." + encode(rsaKey().signature(input))
}

// tokenOfLength pads the header and the payload until the token has the given
// length. Padding only one of them in base64 does not reach every length.
func tokenOfLength(t *testing.T, length int) string {
	t.Helper()
	for pad := range 3 {
		header := rsaKey().header()
		header["x"] = strings.Repeat("x", pad)
		base := len(rsaKey().sign(header, claims(object{"x": ""})))
		for fill := (length - base) * 3 / 4; fill <= (length-base)*3/4+3; fill++ {
			token := rsaKey().sign(header, claims(object{"x": strings.Repeat("x", fill)}))
			if len(token) == length {
				return token
			}
		}
	}
	t.Fatalf("no token has %d bytes", length)
	return ""
}
