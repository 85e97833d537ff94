package gateways

import "testing"

// forged are lines of headers that claim to be another key.
var forged = map[string][]string{
	"as they are":           {"X-Api-Key-Id: sk_live_forged", "X-Workspace-Id: forged", "X-Api-Key-Mode: LIVE", "X-Api-Key-Scopes: admin:all"},
	"in small letters":      {"x-api-key-id: sk_live_forged", "x-workspace-id: forged", "x-api-key-mode: LIVE", "x-api-key-scopes: admin:all"},
	"in capitals":           {"X-API-KEY-ID: sk_live_forged", "X-WORKSPACE-ID: forged", "X-API-KEY-MODE: LIVE", "X-API-KEY-SCOPES: admin:all"},
	"with underscores":      {"X_Api_Key_Id: sk_live_forged", "X_Workspace_Id: forged", "X_Api_Key_Mode: LIVE", "X_Api_Key_Scopes: admin:all"},
	"with some underscores": {"X-Api_Key-Id: sk_live_forged", "X-Workspace_Id: forged", "x-api-key_mode: LIVE", "x_api-key-scopes: admin:all"},
	"each twice":            {"X-Api-Key-Id: sk_live_forged", "x-api-key-id: sk_live_forged", "X-Workspace-Id: forged", "X-Workspace-Id: ws_1"},
	"empty":                 {"X-Api-Key-Id:", "X-Workspace-Id:", "X-Api-Key-Mode:", "X-Api-Key-Scopes:"},
	"with white space":      {"X-Api-Key-Id: sk_live_forged ", "X-Workspace-Id:\tforged"},
}

func replacesIdentity(t *testing.T, w *world) {
	for name, headers := range forged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.mustIdentify(t, w.passed(t, get("/payments/1", append(headers, "X-Api-Key: "+w.reader)...)), w.reader)
			w.mustIdentify(t, w.passed(t, get("/refunds/1", append([]string{"Authorization: Bearer " + w.writer}, headers...)...)), w.writer)
		})
	}
}

func clearsIdentityOnOpenRoutes(t *testing.T, w *world) {
	for name, headers := range forged {
		for credential, line := range map[string]string{
			"X-Api-Key":     "X-Api-Key: " + w.reader,
			"Authorization": "Authorization: Bearer " + w.reader,
			"neither":       "Accept: */*",
		} {
			t.Run(name+", "+credential, func(t *testing.T) {
				t.Parallel()
				got := w.passed(t, get("/status", append(headers, line)...))
				if identity := got.identity(); len(identity) != 0 {
					t.Errorf("the API got %v", identity)
				}
				w.mustHoldNoSecret(t, got)
			})
		}
	}
}

// keepsIdentityDespiteConnection names headers in Connection, which a proxy
// removes according to RFC 9110 section 7.6.1.
func keepsIdentityDespiteConnection(t *testing.T, w *world) {
	for _, line := range []string{
		"Connection: keep-alive, X-Api-Key-Id, X-Api-Key-Mode, X-Api-Key-Scopes, X-Workspace-Id",
		"Connection: X-Workspace-Id",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			w.mustIdentify(t, w.passed(t, get("/payments/1", line, "X-Api-Key: "+w.reader)), w.reader)
			w.mustIdentify(t, w.passed(t, get("/refunds/1", line, "X-Api-Key: "+w.writer)), w.writer)
		})
	}
}
