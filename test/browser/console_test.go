package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/console"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// portal accepts tokens whose payload says which account of which workspace they are
// for: the service of these tests trusts everyone.
type portal struct{}

var partnerToken = tokenOf("PARTNER")

// tokenOfOne is of the owner of one workspace.
var tokenOfOne = tokenWith(domain.PortalPartner, `{"acme":"OWNER"}`)

// tokenOf returns a token in the form of a JWT.
func tokenOf(portal domain.Portal) string {
	return tokenWith(portal, `{"acme":"OWNER","acme-lab":"OWNER","else":"VIEWER"}`)
}

func tokenWith(portal domain.Portal, workspaces string) string {
	payload := fmt.Sprintf(`{"sub":"mira@acme.example","portal":%q,"workspaces":%s}`, portal, workspaces)
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func (portal) Authenticate(_ context.Context, given string) (domain.Actor, error) {
	for _, p := range []domain.Portal{domain.PortalPartner, domain.PortalTenant} {
		if given == tokenOf(p) || given == tokenOfOne && p == domain.PortalPartner {
			return domain.Actor{AccountID: "mira@acme.example", Portal: p, Roles: map[domain.WorkspaceID]domain.Role{
				"acme": domain.RoleOwner, "acme-lab": domain.RoleOwner, "else": domain.RoleViewer,
			}}, nil
		}
	}
	return domain.Actor{}, domain.ErrInvalidToken
}

// startConsole starts a service with the console, whose demo token is of a partner. Its
// webhooks may be on this machine.
func startConsole(t *testing.T, change func(cfg *config.Config), options ...apikeys.Option) *serving.Service {
	t.Helper()
	cfg := serving.Config()
	cfg.ManagementRate = 0
	cfg.SealingKeys, cfg.WebhookInsecure = cfg.Peppers, true
	if change != nil {
		change(&cfg)
	}
	return serving.Start(t, cfg, append(options, apikeys.WithAuthenticator(portal{}),
		apikeys.WithConsole(func(origins []string) *console.Page { return console.NewDemo(origins, partnerToken) }))...)
}

// owned returns the workspace, as its owner sees it.
func owned(t *testing.T, s *serving.Service, account string) *apikeys.Workspace {
	t.Helper()
	ws, err := s.Workspace(t.Context(), domain.Actor{AccountID: account, Portal: domain.PortalPartner, Roles: map[domain.WorkspaceID]domain.Role{"acme": domain.RoleOwner}}, "acme", domain.Origin{ClientHash: "test", RequestID: "req-of-test"})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func newKey(t *testing.T, ws *apikeys.Workspace, spec apikeys.KeySpec) apikeys.CreatedKey {
	t.Helper()
	created, err := ws.CreateKey(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// signIn opens a path of the console and signs in by the button of the demo.
func (b *tab) signIn(path string) {
	b.t.Helper()
	b.open("/console" + path)
	b.press("Sign in to the demo workspace")
	b.await("!document.querySelector('.signin')")
}

// texts are the messages of the console in one language.
func texts(t *testing.T, language string) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../../adapters/console/app/locales/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(content, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// takeSecret returns the secret that is shown, which must have that form, once it has seen
// that neither the link elsewhere nor the way back leaves the page before it is stored.
func (b *tab) takeSecret(form *regexp.Regexp, elsewhere string) string {
	b.t.Helper()
	b.present(".secret")
	secret := eval[string](b, "document.querySelector('.secret').innerText")
	if !form.MatchString(secret) {
		b.t.Fatalf("the secret is %q", secret)
	}
	b.press(elsewhere)
	eval[bool](b, "(history.back(), true)")
	b.present(".notice.bad")
	if got := eval[string](b, "document.querySelector('.secret')?.innerText"); got != secret {
		b.t.Fatal("the secret was lost on the way out")
	}
	b.press("I have stored the secret")
	b.press("Done")
	return secret
}

var secretForm = regexp.MustCompile(`^sk_(live|test)_[0-9A-Za-z]{65}$`)

func TestConsole_CreatesAKeyAndForgetsItsSecret(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	b := newTab(t, "http://"+service.Public)
	b.open("/console")
	b.present(".signin")
	b.fill(b.field("Token"), partnerToken)
	b.fill(b.field("Workspace"), "acme")
	b.press("Sign in")
	b.shows("No API keys yet")
	if b.holds(partnerToken) {
		t.Error("the token is in the page after signing in")
	}
	b.press("Create the first API key")
	b.fill(b.field("Name"), "Checkout")
	b.fill(b.field("Scopes"), "payment:read ")
	b.fill(b.field("IP whitelist"), "192.0.2.7/24 ")
	b.shows("write 192.0.2.0/24 for the whole range") // the server's own message, as typed
	b.press("Create API key")
	b.await("document.activeElement?.getAttribute('aria-invalid') === 'true'")
	eval[bool](b, "(document.querySelectorAll('.chip-remove')[1].click(), true)")
	b.fill(b.field("IP whitelist"), "192.0.2.0/24 ")
	b.press("30 days")
	b.press("Add a rate limit")
	b.fill(".limit input", "100")
	b.press("Add a quota")
	b.fill(".limit[aria-label=Quota] input", "100,000")
	b.press("Create API key")

	secret := b.takeSecret(secretForm, "API keys")
	b.shows("Audit trail")
	b.shows("created the key")
	for what, text := range map[string]string{"secret": secret, "token": partnerToken} {
		if b.holds(text) {
			t.Errorf("the %s is still in the page", what)
		}
	}
	parsed, malformed := domain.ParseSecret(secret)
	decision, err := service.Authorize(t.Context(), apikeys.Check{Secret: parsed, Scopes: []domain.Scope{"payment:read"}, Addr: netip.MustParseAddr("192.0.2.9")})
	if malformed != nil || err != nil || decision.Verdict != domain.VerdictOK {
		t.Errorf("the secret does not work: %v, %v", decision, err)
	}
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)")
}
