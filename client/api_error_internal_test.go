package client

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whatever a server sends, the error for it is short, has no control characters
// and quotes neither the token nor a secret.
func FuzzErrorOf(f *testing.F) {
	const token = "token-that-must-not-be-quoted"
	f.Add(`{"success":false,"code":"4000","message":"no","errors":[{"field":"name","reason":"length","message":"too long"}]}`, "r-1", "7")
	f.Add(`{"success":false,"code":"4010","message":"Bearer `+token+`"}`, token, "-1")
	f.Add(`{"success":false,"code":"4010","message":"\u001b[2J"}`, "\u0085", "99999999999999999999")
	f.Fuzz(func(t *testing.T, body, requestID, after string) {
		response := &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{
			"Content-Type": {"application/json"}, "X-Request-Id": {requestID}, "Retry-After": {after},
		}}
		e := errorOf(response, []byte(body), "Bearer "+token)
		texts := []string{e.Code, e.Message, e.RequestID}
		for _, fault := range e.Faults {
			texts = append(texts, fault.Field, string(fault.Reason), fault.Message)
		}
		for _, text := range texts {
			if strings.Contains(text, token) || len(text) > maxMessage || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q quotes %q", body, text)
			}
		}
		if e.RetryAfter < 0 || len(e.Faults) > maxFaults {
			t.Errorf("%q: %d faults, retry after %v", body, len(e.Faults), e.RetryAfter)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"7":                             7 * time.Second,
		"-7":                            0,
		"7.5":                           0,
		"soon":                          0,
		"99999999999999999999":          0,
		"Wed, 21 Oct 2015 07:28:00 GMT": 0, // past
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}
