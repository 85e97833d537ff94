package jwtauth_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

func devIssuer(t *testing.T, dir string) *jwtauth.DevIssuer {
	t.Helper()
	i, err := jwtauth.LoadOrCreateDevIssuer(dir)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func trustingDev(t *testing.T, i *jwtauth.DevIssuer) *jwtauth.Authenticator {
	t.Helper()
	return start(t, jwtauth.Config{Issuer: i.Issuer(), Audience: i.Audience(), JWKSFile: i.JWKSFile()})
}

func devToken(t *testing.T, i *jwtauth.DevIssuer, c jwtauth.DevClaims) string {
	t.Helper()
	token, err := i.Token(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestDevIssuer_SignsTokensThatItsKeySetVerifies(t *testing.T) {
	t.Parallel()
	i := devIssuer(t, filepath.Join(t.TempDir(), "new", "folder"))
	got := wantAccepted(t, trustingDev(t, i), devToken(t, i, jwtauth.DevClaims{
		Account:    "acc_1",
		Portal:     "PARTNER",
		Workspaces: map[string]string{"ws_1": "OWNER"},
		ClientHash: "device",
	}))
	want := domain.Actor{
		AccountID:  "acc_1",
		Portal:     domain.PortalPartner,
		Roles:      map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner},
		ClientHash: "device",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actor (-want +got):\n%s", diff)
	}
}

func TestDevIssuer_SignsTokensThatExpire(t *testing.T) {
	t.Parallel()
	i := devIssuer(t, t.TempDir())
	a := trustingDev(t, i)
	valid := jwtauth.DevClaims{Account: "acc_1", Portal: "SYSTEM"}
	for name, c := range map[string]struct {
		age, ttl time.Duration
		valid    bool
	}{
		"before expiry":          {time.Minute, 2 * time.Minute, true},
		"after expiry":           {3 * time.Minute, time.Minute, false},
		"before the default TTL": {50 * time.Minute, 0, true},
		"after the default TTL":  {62 * time.Minute, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims := valid
			claims.IssuedAt, claims.TTL = time.Now().Add(-c.age), c.ttl
			if token := devToken(t, i, claims); c.valid {
				wantAccepted(t, a, token)
			} else {
				wantRejected(t, a, token)
			}
		})
	}
}

func TestDevIssuer_KeepsItsKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := devIssuer(t, dir)
	token := devToken(t, first, jwtauth.DevClaims{Account: "acc_1", Portal: "PARTNER"})
	if err := os.Remove(first.JWKSFile()); err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, trustingDev(t, devIssuer(t, dir)), token)
	wantRejected(t, trustingDev(t, devIssuer(t, t.TempDir())), token)
}

func TestDevIssuer_CreatesOneKeyForConcurrentCallers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	issuers := make([]*jwtauth.DevIssuer, 8)
	var wg sync.WaitGroup
	for n := range issuers {
		wg.Go(func() {
			var err error
			if issuers[n], err = jwtauth.LoadOrCreateDevIssuer(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	a := trustingDev(t, issuers[0])
	for _, i := range issuers {
		wantAccepted(t, a, devToken(t, i, jwtauth.DevClaims{Account: "acc_1", Portal: "PARTNER"}))
	}
}

func TestDevIssuer_KeepsItsSigningKeyPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	signing := filepath.Join(dir, "signing-key.json")
	devIssuer(t, dir)
	if err := os.Chmod(signing, 0o644); err != nil { // as a careless copy does
		t.Fatal(err)
	}
	i := devIssuer(t, dir)
	if info, err := os.Stat(signing); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the signing key is %v, %v", info.Mode(), err)
	}
	public, err := os.ReadFile(i.JWKSFile())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(public), `"d"`) {
		t.Error("the key set contains the private key")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for n, entry := range entries {
		names[n] = entry.Name()
	}
	if diff := cmp.Diff([]string{"jwks.json", "signing-key.json"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestDevIssuer_WritesItsKeySetOnlyIfItDiffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := devIssuer(t, dir).JWKSFile()
	first := must(os.Stat(path))
	devIssuer(t, dir)
	if again := must(os.Stat(path)); !os.SameFile(first, again) || !first.ModTime().Equal(again.ModTime()) {
		t.Error("the key set was written again")
	}

	if err := os.WriteFile(path, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	i := devIssuer(t, dir)
	wantAccepted(t, trustingDev(t, i), devToken(t, i, jwtauth.DevClaims{Account: "acc_1", Portal: "PARTNER"}))
}

func TestDevIssuer_CannotBePrinted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i := devIssuer(t, dir)
	var kept struct{ D string }
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(dir, "signing-key.json"))), &kept); err != nil {
		t.Fatal(err)
	}
	seed := decode(t, kept.D)
	leaks := []string{fmt.Sprintf("%d", seed[:4])[1:8], fmt.Sprintf("%x", seed[:4]), kept.D[:8]}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, i) + fmt.Sprintf(verb, struct{ i *jwtauth.DevIssuer }{i})
		for _, leak := range leaks {
			if strings.Contains(text, leak) {
				t.Errorf("%s shows the signing key: %s", verb, text)
			}
		}
	}
}

func TestLoadOrCreateDevIssuer_FailsWithoutOverwriting(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"garbage":                      "hunter2",
		"the key of another algorithm": string(marshal(jwkOf(ecKey().private))),
		"a public key":                 string(marshal(edKey().public())),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "signing-key.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := jwtauth.LoadOrCreateDevIssuer(dir)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error must name the file and quote nothing of it: %v", err)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
	t.Run("a folder that is a file", func(t *testing.T) {
		t.Parallel()
		if _, err := jwtauth.LoadOrCreateDevIssuer(keyFile(t, nil)); err == nil {
			t.Error("accepted")
		}
	})
}

func TestDevIssuer_RejectsClaimsThatNoServiceAccepts(t *testing.T) {
	t.Parallel()
	i := devIssuer(t, t.TempDir())
	for name, c := range map[string]jwtauth.DevClaims{
		"no account":     {Portal: "PARTNER"},
		"no portal":      {Account: "acc_1"},
		"unknown portal": {Account: "acc_1", Portal: "ROOT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := i.Token(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}
