package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// issued is a key of another system: what its holder has, and the row of an export.
type issued struct{ secret, row string }

// otherSystem issues keys as another system does.
type otherSystem struct {
	format, head string // of a CSV file; "" is JSON Lines
	issue        func(random func(alphabet string, n int) string) issued
}

const (
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	letters      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hexDigits    = "0123456789abcdef"
)

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

var otherSystems = map[string]otherSystem{
	"unkey": {"unkey", "id,hash,start,name,permissions,expires,enabled", func(random func(string, int) string) issued {
		key := "prod_" + random(alphanumeric, 22)
		sum := sha256.Sum256([]byte(key))
		return issued{key, `key_1,` + base64.StdEncoding.EncodeToString(sum[:]) + `,prod_abc,My key,"a:b,c:d",4102444800000,true`}
	}},
	"better-auth": {"better-auth", "", func(random func(string, int) string) issued {
		key := "ba_" + random(letters, 64)
		sum := sha256.Sum256([]byte(key))
		return issued{key, `{"id":"1","name":"Key","key":"` + base64.RawURLEncoding.EncodeToString(sum[:]) +
			`","enabled":true,"expiresAt":"2100-01-01T00:00:00.000Z","permissions":"{\"a\":[\"b\",\"c\"]}","metadata":null}`}
	}},
	"sanctum": {"sanctum", "id,tokenable_id,name,token,abilities,last_used_at,expires_at", func(random func(string, int) string) issued {
		token := random(alphanumeric, 40)
		return issued{"42|" + token, `42,7,Phone,` + hexSHA256(token) + `,"[""a:b""]",NULL,2100-01-01 00:00:00`}
	}},
	"prefixed": {"prefixed", "", func(random func(string, int) string) issued {
		short, long := random(alphanumeric, 8), random(alphanumeric, 24)
		return issued{"my_company_" + short + "_" + long, `{"shortToken":"` + short + `","longTokenHash":"` + hexSHA256(long) + `","name":"Key","scopes":["a:b"]}`}
	}},
	"knox": {"knox", "digest,token_key,user_id,created,expiry", func(random func(string, int) string) issued {
		token := random(hexDigits, 64)
		sum := sha512.Sum512([]byte(token))
		return issued{token, hex.EncodeToString(sum[:]) + `,` + token[:8] + `,7,2026-01-01 00:00:00+00,2100-01-01 00:00:00.123456+00`}
	}},
	"plain from Kong": {"plain", "", func(random func(string, int) string) issued {
		key := random(alphanumeric, 32)
		return issued{key, `{"key":"` + key + `","tags":null,"name":"consumer","scopes":"a:b c:d","ips":["127.0.0.1"],"ttl":null}`}
	}},
}

func TestImport_KeysOfEveryFormatKeepWorking(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dev")
	p := startDev(t, dir)
	base := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(p.check)
	source := rand.New(rand.NewPCG(1, 2))
	random := func(alphabet string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(alphabet[source.IntN(len(alphabet))])
		}
		return b.String()
	}
	for name, system := range otherSystems {
		var rows []string
		var keys []issued
		if system.head != "" {
			rows = append(rows, system.head)
		}
		for range 3 {
			key := system.issue(random)
			keys, rows = append(keys, key), append(rows, key.row)
		}
		file := filepath.Join(t.TempDir(), "export")
		if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"import", "--format", system.format, "-w", "demo", "-o", "json", file}
		if system.format == "knox" { // has no scopes
			args = append(args, "--scope", "a:b")
		}
		for i, want := range []string{`"imported":3,"existed":0`, `"imported":0,"existed":3`} {
			if got := command(t, dir, args...); !strings.Contains(got, want) {
				t.Errorf("%s, run %d: %s, want %s", name, i+1, got, want)
			}
			for _, key := range keys {
				want := "OK"
				if strings.Contains(key.row, "127.0.0.1") {
					want = "IP_NOT_ALLOWED" // the address is unknown here
				}
				becomes(t, base, key.secret, want)
			}
		}
		for _, key := range keys {
			for _, stored := range digestsIn(key.row) {
				if got := reason(t, base, stored); got != "NOT_FOUND" && stored != key.secret {
					t.Errorf("%s: the stored digest is a key: %s", name, got)
				}
			}
		}
	}
	var list struct{ Total int }
	if err := json.Unmarshal([]byte(operate(t, dir, "list", "-w", "demo", "-o", "json")), &list); err != nil || list.Total != 3*len(otherSystems) {
		t.Errorf("%d keys, %v", list.Total, err)
	}
	p.stop(t)
	if lost := regexp.MustCompile(`"level":"(WARN|ERROR)".*`).FindString(p.stderr.String()); lost != "" {
		t.Errorf("the service complains: %s", lost)
	}
}

// digestsIn returns what may be a digest in a row.
func digestsIn(row string) []string {
	return regexp.MustCompile(`[0-9A-Za-z+/_=-]{43,}`).FindAllString(row, -1)
}
