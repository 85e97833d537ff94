package jwtauth_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v2/jwa"

	"github.com/slaunchx/apikeys/adapters/jwtauth"
	"github.com/slaunchx/apikeys/domain"
)

// The token printed in the README is accepted by a service with the issuer and
// audience that the README configures.
func TestREADME_TokenIsAccepted(t *testing.T) {
	t.Parallel()
	readme := string(must(os.ReadFile("../../README.md")))
	first := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile(pattern).FindStringSubmatch(readme)
		if match == nil {
			t.Fatalf("README.md has no match for %s", pattern)
		}
		return match[1]
	}
	_, section, _ := strings.Cut(readme, "\n### Tokens\n")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, 2)
	if len(blocks) != 2 {
		t.Fatal("the section Tokens of README.md does not begin with a header and claims in JSON")
	}
	key := rsaKey().as(jwa.RS256).named("2026-03")
	for name, entry := range map[string]object{"with alg": key.public(), "without alg": key.public(object{"alg": nil})} {
		t.Run("by a key "+name, func(t *testing.T) {
			t.Parallel()
			a := start(t, jwtauth.Config{
				Issuer:   first(`APIKEYS_JWT_ISSUER=(\S+)`),
				Audience: first(`APIKEYS_JWT_AUDIENCE=(\S+)`),
				JWKSFile: keyFile(t, keySet(entry, ecKey().public())),
				Now:      func() time.Time { return time.Date(2026, 3, 21, 0, 30, 0, 0, time.UTC) },
			})
			got := wantAccepted(t, a, key.signRaw([]byte(blocks[0][1]), []byte(blocks[1][1])))
			want := domain.Actor{
				AccountID:  "acc_1",
				Portal:     domain.PortalPartner,
				Roles:      map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner, "ws_2": domain.RoleAdmin},
				ClientHash: "my-device",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("actor (-want +got):\n%s", diff)
			}
		})
	}
}
