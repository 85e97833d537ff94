package httpapi

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// The contract's shapes as types for encoding/json: what the package appends by hand
// must equal what encoding/json writes.
type (
	successShape struct {
		Version   string `json:"version"`
		Timestamp int64  `json:"timestamp"`
		Success   bool   `json:"success"`
		Code      string `json:"code"`
		Message   string `json:"message"`
		Data      any    `json:"data"`
	}
	verdictShape struct {
		Allowed     bool     `json:"allowed"`
		Reason      string   `json:"reason"`
		APIKeyID    string   `json:"apiKeyId"`
		WorkspaceID string   `json:"workspaceId"`
		Mode        string   `json:"mode"`
		Scopes      []string `json:"scopes"`
		ExpiresAt   *string  `json:"expiresAt"`
	}
	unprovenShape struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason"`
	}
)

func TestAppendSuccess_IsWhatReflectionWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		questions := rapid.IntRange(0, 3).Draw(t, "questions")
		given, shape := make(verdicts, questions), make([]any, questions)
		for i := range questions {
			given[i] = decision(t)
			shape[i] = shapeOf(given[i])
		}
		at, message := rapid.Int64().Draw(t, "timestamp"), rapid.String().Draw(t, "message")
		mustMatch(t, at, message, given, shape)
		mustMatch(t, at, message, nil, nil)
		mustMatch(t, at, message, createdKey{Name: message}, createdKey{Name: message})
		if questions > 0 {
			mustMatch(t, at, message, verdict(given[0]), shape[0])
		}
	})
}

func mustMatch(t *rapid.T, at int64, message string, given, shape any) {
	got, err := appendSuccess(nil, at, message, given)
	if err != nil {
		t.Fatal(err)
	}
	want, err := answer.AppendJSON(nil, successShape{Version: "1.3.0", Timestamp: at, Success: true, Code: "2000", Message: message, Data: shape})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Fatalf("(-reflection +by hand):\n%s", diff)
	}
}

// decision may have any strings, although the domain accepts few: the JSON must be
// valid whatever a store returns.
func decision(t *rapid.T) domain.Decision {
	v := rapid.SampledFrom([]domain.Verdict{
		domain.VerdictOK, domain.VerdictNotFound, domain.VerdictDisabled,
		domain.VerdictExpired, domain.VerdictIPNotAllowed, domain.VerdictInsufficientScope,
	}).Draw(t, "verdict")
	if v == domain.VerdictNotFound {
		return domain.NotFound()
	}
	scopes, faults := domain.NewScopeSet(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) domain.Scope {
		return domain.Scope(rapid.String().Draw(t, "scope"))
	}), 0, 4).Draw(t, "scopes")...)
	if faults != nil {
		t.Fatal(faults)
	}
	d := domain.Decision{Verdict: v, Key: domain.Identity{
		KeyID:     domain.KeyID(rapid.String().Draw(t, "id")),
		Workspace: domain.WorkspaceID(rapid.String().Draw(t, "workspace")),
		Mode:      rapid.SampledFrom([]domain.Mode{domain.ModeLive, domain.ModeTest}).Draw(t, "mode"),
		Scopes:    scopes,
	}}
	if rapid.Bool().Draw(t, "expires") {
		d.Key.ExpiresAt = time.Unix(rapid.Int64Range(1, 253402300799).Draw(t, "expiry"), 0)
	}
	return d
}

func shapeOf(d domain.Decision) any {
	if d.Verdict == domain.VerdictNotFound {
		return unprovenShape{Reason: "NOT_FOUND"}
	}
	s := verdictShape{
		Allowed:     d.Verdict == domain.VerdictOK,
		Reason:      string(d.Verdict),
		APIKeyID:    string(d.Key.KeyID),
		WorkspaceID: string(d.Key.Workspace),
		Mode:        d.Key.Mode.String(),
		Scopes:      []string{},
	}
	for _, code := range d.Key.Scopes.Codes() {
		s.Scopes = append(s.Scopes, string(code))
	}
	if !d.Key.ExpiresAt.IsZero() {
		at := d.Key.ExpiresAt.UTC().Format("2006-01-02T15:04:05Z")
		s.ExpiresAt = &at
	}
	return s
}

func FuzzAppendText(f *testing.F) {
	for _, seed := range []string{"", "plain", `"`, `\`, "<&>", "\x00", "\x7f", "é", "\u2028", "\xff", "\u0000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := answer.AppendJSON(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendText(nil, s); string(got) != string(want) || !json.Valid(got) {
			t.Errorf("appendText(%q) = %s, want %s", s, got, want)
		}
	})
}
