package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

func TestConsole_FindsKeysByWhatIsInTheAddress(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	ws := owned(t, service, "mira@acme.example")
	for i := range 23 {
		newKey(t, ws, apikeys.KeySpec{Name: fmt.Sprintf("Worker %02d", i), Scopes: []string{"job:run"}})
	}
	disabled := newKey(t, ws, apikeys.KeySpec{Name: "Billing", Mode: domain.ModeTest})
	if err := ws.DisableKey(t.Context(), disabled.Key.ID()); err != nil {
		t.Fatal(err)
	}
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme?sort=name,asc&page=2")
	b.shows("24 API keys")
	b.shows("Page 2 of 2")
	b.await("document.querySelectorAll('.keys tbody tr').length === 4")
	b.await("document.querySelector('.keys tbody .key-name').innerText === 'Worker 19'")
	b.fill("[type=search]", "billing")
	b.await("document.querySelectorAll('.keys tbody tr').length === 1")
	b.await("location.search === '?sort=name%2Casc&q=billing'")
	b.fill("[type=search]", kb.Backspace)
	b.shows("24 API keys")
	b.choose("Status", "DISABLED")
	b.shows("1 API key")
	b.await("location.search.includes('status=DISABLED')")
	b.fill("[type=search]", "nothing like it")
	b.shows("No API key matches")
	b.press("Clear filters")
	b.shows("24 API keys")
	b.press("Name ↑")
	b.await("document.querySelector('th[aria-sort=descending] .sort')?.innerText.startsWith('Name')")
	b.await("document.querySelector('.keys tbody .key-name').innerText === 'Worker 22'")
	b.press("Worker 22")
	b.shows("Audit trail")
	eval[bool](b, "(history.back(), true)")
	b.await("location.search.includes('sort=name%2Cdesc')")
	if strings.Contains(eval[string](b, "location.href"), partnerToken) {
		t.Error("the token is in the address")
	}
	b.visit.mustBeClean(t, b.origin)
}

func TestConsole_RotatesDisablesAndDeletesAKey(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	created := newKey(t, owned(t, service, "mira@acme.example"), apikeys.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}})
	works := func(secret domain.Secret) domain.Verdict {
		decision, err := service.Authorize(t.Context(), apikeys.Check{Secret: secret, Scopes: []domain.Scope{"payment:read"}})
		if err != nil {
			t.Fatal(err)
		}
		return decision.Verdict
	}
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme/keys/" + string(created.Key.ID()))
	b.press("Rotate")
	b.press("1 hour")
	b.press("Get a new secret")
	b.present(".secret")
	b.shows("The old secret works until")
	text := eval[string](b, "document.querySelector('.secret').innerText")
	rotated, err := domain.ParseSecret(text)
	if err != nil || text == created.Secret.Reveal() {
		t.Fatalf("the new secret is %q", text)
	}
	b.press("I have stored the secret")
	b.press("Done")
	b.shows("rotated the secret")
	b.shows("Old secret works until")
	if b.holds(text) {
		t.Error("the secret is still in the page")
	}
	if works(created.Secret) != domain.VerdictOK || works(rotated) != domain.VerdictOK {
		t.Error("during the grace period, not both secrets work")
	}

	b.press("End it now")
	b.fill("dialog input", "sk_live_AnotherKeyAltogether")
	b.shows("This is not a secret of this key")
	b.fill("dialog input", created.Secret.Reveal())
	b.press("End the old secret")
	b.shows("reported a secret of the key as leaked")
	b.await("!document.body.innerText.includes('End it now')")
	if works(created.Secret) != domain.VerdictNotFound || works(rotated) != domain.VerdictOK {
		t.Error("after ending the old secret, it works or the new one does not")
	}
	if b.holds(created.Secret.Reveal()) {
		t.Error("the old secret is still in the page")
	}

	b.press("Disable")
	b.press("Disable API key")
	b.shows("disabled the key")
	if got := works(rotated); got != domain.VerdictDisabled {
		t.Errorf("after disabling, a check is %s", got)
	}
	b.press("Enable")
	b.shows("enabled the key")
	if got := works(rotated); got != domain.VerdictOK {
		t.Errorf("after enabling, a check is %s", got)
	}

	b.press("Delete")
	b.fill("dialog input", "checkout")
	b.await("document.querySelector('dialog .danger').disabled")
	b.fill("dialog input", "Checkout")
	b.press("Delete API key")
	b.shows("No API keys yet")
	if got := works(rotated); got != domain.VerdictNotFound {
		t.Errorf("after deleting, a check is %s", got)
	}
	b.open("/console/acme/keys/" + string(created.Key.ID()))
	b.press("Sign in to the demo workspace")
	b.shows("API key not found")
	b.shows("deleted the key") // the trail remains
	b.visit.mustBeClean(t, b.origin, "404 (Not Found)")
}

func TestConsole_ShowsWhatSomebodyElseHasChanged(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	created := newKey(t, owned(t, service, "mira@acme.example"), apikeys.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}})
	edit := "/acme/keys/" + string(created.Key.ID()) + "/edit"
	first, second := newTab(t, "http://"+service.Public), newTab(t, "http://"+service.Public)
	for _, b := range []*tab{first, second} {
		b.signIn(edit)
		b.present("form .card")
	}
	second.fill(second.field("Scopes"), "payment:write ")
	second.fill(second.field("Name"), "Checkout EU")
	second.press("Save")
	second.shows("changed the key")

	first.fill(first.field("Name"), "Till")
	first.press("Save")
	first.present("dialog[open]")
	rows := eval[string](first, "[...document.querySelectorAll('.compare tbody tr')].map(r => [...r.children].map(c => c.innerText.replace(/\\s+/g, ' ')).join('|')).join('\\n')")
	if want := "Name|Checkout|Checkout EU|Till\nScopes|payment:read|payment:read payment:write|Unchanged"; rows != want {
		t.Errorf("the comparison is\n%s\nwant\n%s", rows, want)
	}
	first.shows("replaces what somebody else has just changed")
	first.mustBeAccessible("the conflict")
	first.press("Save this form")
	first.shows("Audit trail")
	key, err := owned(t, service, "mira@acme.example").GetKey(t.Context(), created.Key.ID())
	if err != nil || key.Snapshot().Name.String() != "Till" || len(key.Snapshot().Scopes.Codes()) != 2 {
		t.Errorf("the key is %v, %v; want the other's scopes and this name", key, err)
	}
	first.visit.mustBeClean(t, first.origin, "400 (Bad Request)", "412 (Precondition Failed)")
}

func TestConsole_WorksByKeyboardAlone(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	b := newTab(t, "http://"+service.Public)
	b.open("/console/acme")
	b.present(".signin")
	b.tabTo(".demo button")
	b.keys(kb.Enter)
	b.shows("No API keys yet")
	if got := eval[string](b, "document.activeElement.tagName"); got != "H1" {
		t.Errorf("after signing in, the focus is on %s, want the heading", got)
	}
	b.tabTo(".empty .button")
	b.keys(kb.Enter)
	b.present("form")
	b.tabTo("input[type=text]")
	b.keys("Keyboard")
	b.tabTo(".chips-box input")
	b.keys("payment:read" + kb.Enter + "payment:write" + kb.Enter)
	b.await("document.querySelectorAll('.chip').length === 2")
	b.tabTo(".segment input")
	b.keys(kb.ArrowRight)
	b.await("document.querySelector('.segment input:checked + span').innerText === '1 year'")
	b.tabTo("button.primary")
	b.keys(kb.Enter)
	b.present(".secret")
	b.tabTo("[role=tab]")
	b.keys(kb.ArrowRight)
	b.await("document.activeElement.innerText === 'Go' && document.querySelector('pre').innerText.includes('os.Getenv')")
	b.keys(kb.ArrowLeft)
	eval[bool](b, "(document.querySelector('h1').focus(), true)")
	b.tabTo("[type=checkbox]")
	b.keys(" ")
	b.tabTo(".secret-view .check + button")
	b.keys(kb.Enter)
	b.shows("Audit trail")
	eval[bool](b, "([...document.querySelectorAll('.key-actions button')].find(e => e.innerText === 'Delete').focus(), true)")
	b.keys(kb.Enter)
	b.present("dialog[open]")
	b.keys(kb.Escape)
	b.await("!document.querySelector('dialog') && document.activeElement.innerText === 'Delete'")
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)")
}

// guideScript returns the example of docs/guides.md for a portal.
func guideScript(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/guides.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "## Owners of workspaces\n")
	_, script, _ := strings.Cut(section, "```ts\n")
	script, _, ok := strings.Cut(script, "```\n")
	if !ok {
		t.Fatal("the guide has no example")
	}
	return script
}

func TestConsole_IsSignedInByAPortalOfAListedOriginOnly(t *testing.T) {
	t.Parallel()
	var console atomic.Value // its origin
	script := guideScript(t)
	portal := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		keys, _ := console.Load().(string)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Portal</title><iframe title="Keys" width="1200" height="700" src="%s/console"></iframe><script type="module">
			const freshToken = async () => %q;
			%s</script></html>`, keys, partnerToken, strings.NewReplacer("https://keys.example", keys, "'demo'", "'acme'").Replace(script))
	})
	listed, other := httptest.NewServer(portal), httptest.NewServer(portal)
	t.Cleanup(listed.Close)
	t.Cleanup(other.Close)
	service := startConsole(t, func(cfg *config.Config) { cfg.ConsoleOrigins = []string{listed.URL} })
	console.Store("http://" + service.Public)

	b := newTab(t, listed.URL)
	b.open("/")
	b.requests(t, "/web/v1/workspaces/acme/api-keys?page=0")

	b = newTab(t, other.URL)
	b.open("/")
	b.faultWith(t, "frame-ancestors")
	b.visit.mu.Lock()
	defer b.visit.mu.Unlock()
	for _, request := range b.visit.requests {
		if strings.Contains(request, "/web/v1/") {
			t.Errorf("a page of another origin made the console request %s", request)
		}
	}
}

func TestConsole_IgnoresMessagesOfOthers(t *testing.T) {
	t.Parallel()
	service := startConsole(t, func(cfg *config.Config) { cfg.ConsoleOrigins = []string{"https://portal.example"} })
	b := newTab(t, "http://"+service.Public)
	b.open("/console")
	b.present(".signin")
	message := fmt.Sprintf("{type: 'apikeys:token', token: %q, workspaceId: 'acme'}", partnerToken)
	eval[bool](b, "(window.postMessage("+message+", '*'), true)") // its own window and origin
	eval[bool](b, "(window.dispatchEvent(new MessageEvent('message', {origin: 'https://portal.example', source: null, data: "+message+"})), true)")
	eval[bool](b, "(window.dispatchEvent(new MessageEvent('message', {origin: 'https://portal.example', source: window, data: "+message+"})), true)")
	b.press("Sign in") // an empty form, so that a message that counts would have been seen by now
	b.shows("A token is one line without spaces")
	b.visit.mustBeClean(t, b.origin)
}

func TestConsole_ForgetsTheTokenAfter15MinutesWithoutUse(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	created := newKey(t, owned(t, service, "mira@acme.example"), apikeys.KeySpec{Name: "Checkout"})
	b := newTab(t, "http://"+service.Public)
	b.beforeScripts("const now = Date.now; window.later = 0; Date.now = () => now.call(Date) + window.later;")
	b.signIn("/acme/keys/" + string(created.Key.ID()))
	b.shows("Audit trail")
	look := "document.dispatchEvent(new Event('visibilitychange'))"
	eval[bool](b, "(window.later += 14 * 60_000, "+look+", true)")
	b.keys(kb.Shift) // a use
	eval[bool](b, "(window.later += 14 * 60_000, "+look+", true)")
	b.shows("Audit trail")
	eval[bool](b, "(window.later += 60_000, "+look+", true)")
	b.shows("Signed out after 15 minutes without use")
	if strings.Contains(eval[string](b, "document.body.innerText"), "Checkout") {
		t.Error("what was shown is still there")
	}
	b.press("Sign in to the demo workspace")
	b.shows("Audit trail") // of the same key
	b.visit.mustBeClean(t, b.origin)
}

// flakyProxy is a service that can die.
type flakyProxy struct {
	*httptest.Server

	dead, deaf atomic.Bool // deaf: the request arrives, its response is lost
}

func startFlakyProxy(t *testing.T, host string) *flakyProxy {
	t.Helper()
	p := new(flakyProxy)
	upstream := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.dead.Load() {
			panic(http.ErrAbortHandler)
		}
		if p.deaf.Load() {
			upstream.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		upstream.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func TestConsole_SurvivesTheDeathOfTheServer(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	created := newKey(t, owned(t, service, "mira@acme.example"), apikeys.KeySpec{Name: "Checkout", Scopes: []string{"payment:read"}})
	proxy := startFlakyProxy(t, service.Public)
	b := newTab(t, proxy.URL)
	b.open("/console/acme/keys/" + string(created.Key.ID()))
	b.fill(b.field("Token"), partnerToken)
	b.press("Sign in")
	b.shows("Audit trail")
	proxy.dead.Store(true)
	b.press("Disable")
	b.press("Disable API key")
	b.shows("The service does not respond")
	b.press("Cancel")
	b.press("API keys")
	b.shows("The service does not respond")
	proxy.dead.Store(false)
	b.press("Try again")
	b.shows("1 API key")

	b.press("New API key")
	b.fill(b.field("Name"), "Lost")
	proxy.deaf.Store(true)
	b.press("Create API key")
	b.shows("The service does not respond")
	proxy.deaf.Store(false)
	// The expiry in 90 days must stay that of the first attempt.
	eval[bool](b, "(Date.now = ((now) => () => now() + 2000)(Date.now.bind(Date)), true)")
	b.press("Create API key")
	b.shows("The secret was lost on its way")
	b.press("To the API key")
	b.shows("Audit trail")
	b.press("API keys")
	b.shows("2 API keys") // not three
	b.visit.mustBeClean(t, b.origin, "ERR_EMPTY_RESPONSE", "400 (Bad Request)", "ERR_ABORTED")
}

func TestConsole_SaysThatItIsOffline(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	ws := owned(t, service, "mira@acme.example")
	created := newKey(t, ws, apikeys.KeySpec{Name: "Checkout"})
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme/keys/" + string(created.Key.ID()))
	b.shows("Audit trail")
	b.connect(false)
	b.shows("What is shown may be out of date.")
	b.mustBeAccessible("a page without a connection")
	b.press("Disable")
	b.press("Disable API key")
	b.await("document.querySelector('dialog .notice.warn + .actions')?.previousElementSibling.innerText.startsWith('No connection')")
	b.press("Cancel")
	renamed := "Till"
	if _, err := ws.UpdateKey(t.Context(), created.Key.ID(), apikeys.KeyPatch{Name: &renamed}, nil); err != nil {
		t.Fatal(err)
	}
	if !eval[bool](b, "document.querySelector('h1').innerText === 'Checkout'") {
		t.Error("what was shown is gone")
	}
	b.connect(true)
	b.await("document.querySelector('h1').innerText === 'Till'") // read again
	b.await("!document.body.innerText.includes('No connection')")
	b.visit.mustBeClean(t, b.origin, "ERR_INTERNET_DISCONNECTED")
}

func TestConsole_SignsOutWhenTheTokenIsRejected(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	b := newTab(t, "http://"+service.Public)
	b.open("/console/acme")
	b.fill(b.field("Token"), "e30.e30.forged")
	b.press("Sign in")
	b.shows("The token is invalid or has expired")
	b.fill(b.field("Token"), tokenOf(domain.PortalTenant))
	b.fill(b.field("Workspace"), "else")
	b.press("Sign in")
	b.shows("Only workspace owner can manage API keys") // the server's own words
	eval[bool](b, `(() => { const s = document.querySelector('#language'); s.value = 'ja'; s.dispatchEvent(new Event('change', {bubbles: true})); return true; })()`)
	b.shows(texts(t, "ja")["not_owner_hint"])
	b.open("/console/acme/new")
	b.fill(b.field("Token"), tokenOf(domain.PortalTenant))
	b.press("Sign in")
	b.present("form .chips-box")
	if eval[bool](b, "document.querySelector('[name=mode]') !== null") {
		t.Error("a portal that may not create TEST keys is offered the mode")
	}
	b.visit.mustBeClean(t, b.origin, "401 (Unauthorized)", "403 (Forbidden)", "400 (Bad Request)")
}

func TestConsole_ShowsHostileNamesHarmlessly(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	ws := owned(t, service, "mira@acme.example")
	for _, name := range []string{"<img src=x onerror=alert(1)>", "pay\u200dment", "p\u0430yment", "\u05ea\u05e9\u05dc\u05d5\u05dd 42", "{name}"} {
		newKey(t, ws, apikeys.KeySpec{Name: name})
	}
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme?sort=name,asc")
	b.shows("5 API keys")
	shown := eval[string](b, "[...document.querySelectorAll('.key-name')].map(e => e.innerText).sort().join('\\n')")
	for _, want := range []string{"<img src=x onerror=alert(1)>", "payU+200Dment", "p\u0430ymentmixed scripts", "{name}"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the names are shown as\n%s\nwithout %q", shown, want)
		}
	}
	if n := eval[int](b, "document.querySelectorAll('.key-name > bdi').length"); n != 5 {
		t.Errorf("%d names are isolated, want 5", n)
	}
	b.visit.mustBeClean(t, b.origin)
}
