// Package leak searches logs, responses, metrics and stores for secrets.
package leak

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/adapters/telemetry"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/logbook"
	"github.com/slaunchx/apikeys/test/pgtest"
	"github.com/slaunchx/apikeys/test/serving"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	workspace     = "ws_1"
	clientHash    = "device-1"
	pepperKey     = "a pepper of more than 32 bytes, marked"
	internalToken = "the-internal-token-of-this-test-marked"
)

func TestSecrets_AppearNowhere(t *testing.T) {
	t.Parallel()
	sqliteDir := t.TempDir()
	pgURL := pgtest.NewDatabase(t)
	tests := []struct {
		store string
		url   string
		dump  func(t *testing.T) []byte // returns the content of the store; nil if it cannot be read
	}{
		{store: "memory", url: "memory://"},
		{store: "sqlite", url: "sqlite://" + filepath.Join(sqliteDir, "apikeys.db"), dump: func(t *testing.T) []byte { return files(t, sqliteDir) }},
		{store: "postgres", url: pgURL, dump: func(t *testing.T) []byte { return tables(t, pgURL) }},
	}
	for _, tt := range tests {
		t.Run(tt.store, func(t *testing.T) {
			t.Parallel()
			var out logbook.Book
			marked := exercise(t, tt.url, &out)
			for name, value := range marked {
				for encoding, s := range encodings(value) {
					if out.Contains(s) {
						t.Errorf("the output contains %s, %s", name, encoding)
					}
				}
			}
			for _, seen := range []string{`"msg":"request"`, "apikeys_checks_total"} {
				if !out.Contains(seen) {
					t.Errorf("the output lacks %s, so the search proves nothing", seen)
				}
			}
			if tt.dump == nil {
				return
			}
			kept := tt.dump(t)
			if !bytes.Contains(kept, []byte("Marked key")) {
				t.Error("the dump lacks the key, so the search proves nothing")
			}
			for name, value := range marked {
				if strings.HasPrefix(name, "digest") {
					continue // the store contains it
				}
				for encoding, s := range encodings(value) {
					if bytes.Contains(kept, []byte(s)) {
						t.Errorf("the store contains %s, %s", name, encoding)
					}
				}
			}
		})
	}
}

// exercise calls every operation, correctly and incorrectly, and returns the values
// that must not be found afterwards.
func exercise(t *testing.T, url string, out *logbook.Book) map[string]string {
	t.Helper()
	issuer := jwttest.NewIssuer(t)
	cfg := config.Default()
	cfg.DatabaseURL = config.Secret(url)
	cfg.JWKSFile, cfg.JWTIssuer, cfg.JWTAudience = issuer.JWKSFile(t), issuer.Issuer(), issuer.Audience()
	cfg.Peppers = config.Secret("p1:" + base64.StdEncoding.EncodeToString([]byte(pepperKey)))
	cfg.InternalToken = internalToken
	service, err := apikeys.New(t.Context(), cfg,
		apikeys.WithMetrics(telemetry.New(telemetry.Options{})),
		apikeys.WithLogger(slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	public, internal := httptest.NewServer(service.Handler()), httptest.NewServer(service.InternalHandler())
	t.Cleanup(public.Close)
	t.Cleanup(internal.Close)
	token := issuer.Token(t, jwttest.Claims{Account: "acc-7", Portal: "PARTNER", Workspaces: map[string]string{workspace: "OWNER"}})

	call := func(base, path, body string, more ...string) []byte {
		header := http.Header{
			"Authorization":    {"Bearer " + token},
			"Content-Type":     {"application/json"},
			"X-Client-Hash":    {clientHash},
			"X-Workspace-Id":   {workspace},
			"X-Internal-Token": {internalToken},
		}
		for i := 0; i < len(more); i += 2 {
			header.Set(more[i], more[i+1])
		}
		method := http.MethodPost
		if path == "/metrics" {
			method = http.MethodGet
		}
		return send(t, method, base+path, header, body)
	}
	const keys, verify = "/web/v1/workspaces/" + workspace + "/api-keys", "/internal/v1/api-keys/verify"

	var created struct {
		Data struct{ APIKeyID, Secret string }
	}
	if err := json.Unmarshal(call(public.URL, keys, `{"name":"Marked key","scopes":["payment:read"],"ipWhitelist":["10.0.0.0/8"]}`), &created); err != nil {
		t.Fatal(err)
	}
	secret := created.Data.Secret
	for _, response := range [][]byte{
		call(internal.URL, verify, `{"key":"`+secret+`","scopes":["payment:read"],"ip":"10.0.0.1"}`),
		call(internal.URL, verify, `[{"key":"`+secret+`"},{"key":"`+secret+`x"}]`),
		call(internal.URL, verify, `{"key":"`+secret+`","ip":"`+secret+`"}`),
		call(internal.URL, verify, `{"key":["`+secret+`"]}`),
		call(internal.URL, verify, `"`+secret+`"`),
		call(internal.URL, verify, `{"key":"`+secret+`"}`, "X-Internal-Token", "wrong"),
		call(internal.URL, "/internal/v1/"+secret, ``),
		call(public.URL, keys+"/"+secret, ``),
		call(public.URL, keys+"/"+secret+"/disable", ``),
		call(public.URL, keys+"/"+created.Data.APIKeyID+"/disable", ``),
		call(public.URL, keys+"/"+created.Data.APIKeyID+"/enable", ``),
		call(public.URL, keys+"/delete", `{"keyId":"`+secret+`"}`),
		call(internal.URL, "/internal/v1/authorize?scope="+secret, ``, "X-Api-Key", secret),
		call(internal.URL, "/internal/v1/authorize/for/"+secret, ``, "X-Api-Key", secret+"x"),
		call(internal.URL, "/metrics", ``),
		call(public.URL, keys, `{"name":1,"scopes":["`+secret+`"],"mode":"`+secret+`","ipWhitelist":["`+secret+`"],"expiresAt":"`+secret+`"}`),
		call(public.URL, keys, `{"name":"k"}`, "Authorization", "Bearer "+secret),
		call(public.URL, keys, `{"name":"k"}`, "X-Client-Hash", secret+" x"),
		call(public.URL, keys, `{"name":"k"}`, "X-Workspace-Id", secret),
		call(public.URL, keys, `{"name":"k"}`, "Content-Type", secret),
	} {
		if len(response) == 0 {
			t.Error("empty response")
		}
		if _, err := out.Write(response); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := domain.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "%v %+v %#v %s %v", parsed, apikeys.Check{Secret: parsed}, parsed, cfg.Peppers, cfg)

	ring, err := secrets.ParseRing(cfg.Peppers.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	digest := secrets.NewHasher(ring).Hash(parsed)
	return map[string]string{
		"the secret":         secret[len(created.Data.APIKeyID):],
		"the token":          token[strings.LastIndex(token, ".")+1:],
		"the pepper":         pepperKey,
		"the internal token": internalToken,
		"digest":             string(digest.Sum[:]),
	}
}

// encodings returns the forms in which a value is likely to be output.
func encodings(value string) map[string]string {
	return map[string]string{
		"plain":      value,
		"in hex":     hex.EncodeToString([]byte(value)),
		"in base64":  strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "="),
		"as numbers": strings.Trim(fmt.Sprintf("%d", []byte(value)), "[]"),
	}
}

func send(t *testing.T, method, url string, header http.Header, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	_, content := serving.Exchange(t, http.DefaultClient, req)
	return []byte(content)
}

// files returns the contents of all files in dir, including the write-ahead log.
func files(t *testing.T, dir string) []byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

// tables returns all rows of all tables as text.
func tables(t *testing.T, url string) []byte {
	t.Helper()
	db, err := sqlx.ConnectContext(t.Context(), "postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	if err := db.SelectContext(t.Context(), &names, `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range names {
		all = append(all, rows(t, db, name)...)
	}
	return all
}

func rows(t *testing.T, db *sqlx.DB, table string) []byte {
	t.Helper()
	var text []string
	if err := db.SelectContext(context.Background(), &text, `SELECT t::text FROM `+table+` t`); err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Join(text, "\n"))
}
