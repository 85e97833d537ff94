package client_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/client"
)

// exposed returns what every way of printing a value prints.
func exposed(v any) string {
	marshalled, _ := json.Marshal(v)
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("v", "v", v)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("v", "v", v)
	return fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v) + string(marshalled) + logged.String()
}

func TestManager_NoNewSecretCanBePrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created, err := w.manager(t, ownerToken).Workspace(ws).CreateKey(t.Context(), client.KeySpec{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	random := created.Secret.Reveal()[len(created.Key.ID):]
	if len(random) < 43 {
		t.Fatalf("the secret has %d characters after the ID", len(random))
	}
	for _, v := range []any{created, &created, created.Secret, &created.Secret, []client.CreatedKey{created}, struct{ s client.Secret }{created.Secret}} {
		if text := exposed(v); strings.Contains(text, random) || strings.Contains(text, fmt.Sprintf("%x", random)) {
			t.Errorf("%T prints its secret", v)
		}
	}
}

func TestManager_PrintsNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.manager(t, ownerToken)
	for _, v := range []any{m, *m, m.Workspace(ws)} {
		if strings.Contains(exposed(v), ownerToken) {
			t.Errorf("%T prints its token", v)
		}
	}
}

func TestManager_NoErrorQuotesWhatAServerEchoes(t *testing.T) {
	t.Parallel()
	const token = "token-that-must-not-be-echoed"
	secret := newSecret(t).Reveal()
	bodies := map[string]string{
		"a message":    `{"success":false,"code":"4000","message":"Bearer ` + token + `"}`,
		"a fault":      `{"success":false,"code":"4000","message":"no","errors":[{"field":"` + token + `","reason":"` + token + `","message":"` + secret + `"}]}`,
		"a code":       `{"success":false,"code":"` + token + `","message":"no"}`,
		"no envelope":  `<html>` + token + `</html>`,
		"a success":    `{"success":true,"data":"` + token + secret + `"}`,
		"control text": "{\"success\":false,\"code\":\"4000\",\"message\":\"\\u001b[2J\\r\\n" + strings.Repeat("x", 5000) + "\"}",
	}
	for name, body := range bodies {
		for _, status := range []int{200, 400, 401, 500} {
			url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.Header().Set("X-Request-Id", token)
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
			m, err := client.NewManager(client.ManagerOptions{BaseURL: url, Token: tokenOf(token), ClientHash: "device-1"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.Workspace(ws).CreateKey(t.Context(), client.KeySpec{Name: "k"})
			m.Close()
			if err == nil {
				t.Errorf("%s, status %d: no error", name, status)
				continue
			}
			text := err.Error() + exposed(err)
			if strings.Contains(text, token) || strings.Contains(text, secret[24:]) || strings.ContainsAny(err.Error(), "\x1b\r\n") || len(err.Error()) > 2000 {
				t.Errorf("%s, status %d: error = %.200q", name, status, err)
			}
		}
	}
}

func TestManager_RejectsWhatNoServiceSends(t *testing.T) {
	t.Parallel()
	secret, other := newSecret(t), newSecret(t).Reveal()
	key := func(rest string) string {
		return `{"success":true,"data":{"apiKeyId":"` + string(secret.KeyID()) + `","name":"k","status":"ACTIVE","mode":"LIVE","scopes":[],"ipWhitelist":[],"createdAt":"2026-03-21T00:00:00Z"` + rest + `}}`
	}
	own := `,"secret":"` + secret.Reveal() + `"`
	for name, body := range map[string]string{
		"valid":                       key(own),
		"nothing":                     "",
		"null":                        "null",
		"no data":                     `{"success":true}`,
		"null data":                   `{"success":true,"data":null}`,
		"a failure":                   strings.Replace(key(own), "true", "false", 1),
		"no secret":                   key(""),
		"another key's secret":        key(`,"secret":"` + other + `"`),
		"no secret of ours":           key(`,"secret":"hunter2"`),
		"a member twice":              key(own + own),
		"more than it may be":         strings.Repeat(" ", 8<<20) + key(own),
		"something after the data":    key(own) + "{}",
		"a time that is none":         strings.Replace(key(own), "2026-03-21T00:00:00Z", "yesterday", 1),
		"a list of something else":    strings.Replace(key(own), `"scopes":[]`, `"scopes":[1]`, 1),
		"an envelope in another case": strings.Replace(key(own), `"data"`, `"DATA"`, 1),
	} {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
		m, err := client.NewManager(client.ManagerOptions{BaseURL: url, Token: tokenOf("t"), ClientHash: "device-1"})
		if err != nil {
			t.Fatal(err)
		}
		if created, err := m.Workspace(ws).CreateKey(t.Context(), client.KeySpec{Name: "k"}); (err == nil) != (name == "valid") {
			t.Errorf("%s: CreateKey() = %v, %v", name, created, err)
		}
		m.Close()
	}
}

func TestKeyLimits_RejectsWhatNoServiceSends(t *testing.T) {
	t.Parallel()
	state := func(rest string) string {
		return `{"success":true,"data":{"limits":[{"name":"a","limit":5,` + rest + `}]}}`
	}
	for name, body := range map[string]string{
		"valid":                state(`"remaining":0,"resetSeconds":null`),
		"no limits":            `{"success":true,"data":{}}`,
		"null limits":          `{"success":true,"data":{"limits":null}}`,
		"less than nothing":    state(`"remaining":-1,"resetSeconds":1`),
		"no end":               state(`"remaining":1`),
		"an end that is text":  state(`"remaining":1,"resetSeconds":"1"`),
		"an end far away":      state(`"remaining":1,"resetSeconds":9999999999`),
		"more than a key has":  `{"success":true,"data":{"limits":[` + strings.Repeat(`{"name":"a","limit":5,"remaining":1,"resetSeconds":1},`, 6) + `{"name":"a","limit":5,"remaining":1,"resetSeconds":1}]}}`,
		"a limit without name": `{"success":true,"data":{"limits":[{"limit":5,"remaining":1,"resetSeconds":1}]}}`,
	} {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, body) })
		m, err := client.NewManager(client.ManagerOptions{BaseURL: url, Token: tokenOf("t"), ClientHash: "device-1"})
		if err != nil {
			t.Fatal(err)
		}
		if states, err := m.Workspace(ws).KeyLimits(t.Context(), newSecret(t).KeyID()); (err == nil) != (name == "valid") {
			t.Errorf("%s: KeyLimits() = %v, %v", name, states, err)
		}
		m.Close()
	}
}
