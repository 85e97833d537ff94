package browser

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/client/webhook"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// receiver is what a webhook calls.
type receiver struct {
	*httptest.Server

	status atomic.Int64 // of its responses

	mu       sync.Mutex
	messages []message
}

// message is what a receiver got.
type message struct {
	header http.Header
	body   []byte
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.status.Store(http.StatusNoContent)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.messages = append(r.messages, message{request.Header, body})
		r.mu.Unlock()
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(int(r.status.Load()))
	}))
	t.Cleanup(r.Close)
	return r
}

// last returns the last message.
func (r *receiver) last(t *testing.T) message {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) == 0 {
		t.Fatal("the receiver got nothing")
	}
	return r.messages[len(r.messages)-1]
}

// newWebhook creates a webhook of all events.
func newWebhook(t *testing.T, ws *apikeys.Workspace, spec domain.WebhookSpec) apikeys.CreatedWebhook {
	t.Helper()
	created, err := ws.CreateWebhook(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

var webhookSecretForm = regexp.MustCompile(`^whsec_[0-9A-Za-z+/]{43}=$`)

// delivered is the text of the rows of deliveries, one a line.
const delivered = `[...document.querySelectorAll('.deliveries tbody tr')].map(r => [...r.children].map(c => c.innerText.replace(/\s+/g, ' ')).join('|')).join('\n')`

func TestConsole_CreatesAWebhookAndForgetsItsSecret(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	receiver := startReceiver(t)
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme")
	b.press("Webhooks")
	b.shows("No webhooks yet")
	b.press("Create the first webhook")
	b.press("Create webhook")
	b.shows("url must be 1 to 2048 characters") // the server's own message
	b.await("document.activeElement?.getAttribute('aria-invalid') === 'true'")
	b.fill(b.field("URL"), "https://user:pw@hooks.example.com/")
	b.shows("without user, password and fragment") // as typed
	b.fill(b.field("URL"), receiver.URL+"/hook")
	b.fill(b.field("Description"), "Chat of the operators")
	b.await("!document.querySelector('.errors p')")
	b.press("Only these events")
	b.press("Create webhook")
	b.shows("At least one event must be chosen") // an empty list would be all
	b.press("Created api_key.created")
	b.press("Leaked api_key.leaked")
	b.press("Create webhook")

	secret := b.takeSecret(webhookSecretForm, "Webhooks")
	b.shows("No deliveries in the last 30 days")
	b.shows("api_key.created")
	if b.holds(secret) {
		t.Error("the secret is still in the page")
	}
	b.press("Send a test")
	b.await(delivered + `.startsWith('webhook.test|Delivered|1|HTTP 204')`)
	got := receiver.last(t)
	if err := webhook.Verify(got.header, got.body, secret); err != nil {
		t.Errorf("the secret does not verify what is delivered: %v", err)
	}
	b.press("Webhooks")
	b.shows("1 webhook")
	b.shows("Chat of the operators")
	b.shows("2 types of event")
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)")
}

func TestConsole_ShowsDeliveriesAndRetriesThem(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	receiver := startReceiver(t)
	ws := owned(t, service, "mira@acme.example")
	created := newWebhook(t, ws, domain.WebhookSpec{URL: receiver.URL})
	first := newKey(t, ws, apikeys.KeySpec{Name: "Checkout"})
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme/webhooks/" + string(created.Webhook.ID))
	b.await(delivered + `.startsWith('api_key.created ` + string(first.Key.ID()) + `|Delivered|1|HTTP 204')`)
	receiver.status.Store(http.StatusServiceUnavailable)
	b.press("Send a test")
	b.await(delivered + `.startsWith('webhook.test|Pending|1|HTTP 503')`)
	b.await(delivered + `.includes('|in 1 hour|')`) // as the receiver asked for
	b.choose("Status", "PENDING")
	b.await("location.search === '?status=PENDING' && document.querySelectorAll('.deliveries tbody tr').length === 1")
	receiver.status.Store(http.StatusNoContent)
	b.press("Retry")
	b.shows("No delivery matches")
	b.press("Clear filters")
	b.await("location.search === '' && " + delivered + `.startsWith('webhook.test|Delivered|2|HTTP 204')`)

	receiver.status.Store(http.StatusGone)
	b.press("Retry") // the newest
	b.shows("Disabled because the receiver answered 410 (Gone)")
	b.await("!" + delivered + ".includes('Retry')") // nothing is delivered while it is disabled
	receiver.status.Store(http.StatusNoContent)
	b.press("Enable")
	b.press("Retry")
	b.await("!document.body.innerText.includes('410 (Gone)') && " + delivered + `.startsWith('webhook.test|Delivered|1|HTTP 204')`)
	for range 20 {
		if err := ws.TestWebhook(t.Context(), created.Webhook.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.press("Send a test") // reads the list again
	b.shows("Page 1 of 2")
	b.press("Next")
	b.await("location.search === '?page=2' && document.querySelectorAll('.deliveries tbody tr').length === 3")
	b.press(string(first.Key.ID())) // the oldest
	b.shows("Audit trail")
	b.visit.mustBeClean(t, b.origin)
}

func TestConsole_ChangesRotatesDisablesAndDeletesAWebhook(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	receiver := startReceiver(t)
	ws := owned(t, service, "mira@acme.example")
	created := newWebhook(t, ws, domain.WebhookSpec{URL: receiver.URL + "/old", Events: []string{"api_key.created"}})
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme/webhooks/" + string(created.Webhook.ID) + "/edit")
	b.fill(b.field("URL"), receiver.URL+"/new")
	b.press("All events")
	// What somebody else changes meanwhile stays.
	theirs := "Chat of the operators"
	if _, err := ws.UpdateWebhook(t.Context(), created.Webhook.ID, domain.WebhookPatch{Description: &theirs}); err != nil {
		t.Fatal(err)
	}
	b.press("Save")
	b.shows(theirs)
	changed, err := ws.GetWebhook(t.Context(), created.Webhook.ID)
	if err != nil || changed.URL != receiver.URL+"/new" || len(changed.Events) != 0 || changed.Description != theirs {
		t.Errorf("the webhook is %v, %v", changed, err)
	}

	b.press("Rotate")
	b.press("Get a new secret")
	b.present(".secret")
	b.shows("For 24 hours messages are signed with the old secret too.")
	secret := eval[string](b, "document.querySelector('.secret').innerText")
	b.press("I have stored the secret")
	b.press("Done")
	b.press("Send a test")
	b.await(delivered + `.startsWith('webhook.test|Delivered')`)
	got := receiver.last(t)
	for name, s := range map[string]string{"old": created.Secret.Reveal(), "new": secret} {
		if err := webhook.Verify(got.header, got.body, s); err != nil {
			t.Errorf("the %s secret does not verify what is delivered: %v", name, err)
		}
		if b.holds(s) {
			t.Errorf("the %s secret is in the page", name)
		}
	}

	b.press("Disable")
	b.press("Disable webhook")
	b.shows("Disabled by an owner")
	b.await("![...document.querySelectorAll('button')].some(e => e.innerText === 'Send a test')")
	b.press("Enable")
	b.shows("Send a test")
	b.press("Delete")
	b.press("Delete webhook")
	b.shows("No webhooks yet")
	b.open("/console/acme/webhooks/" + string(created.Webhook.ID))
	b.press("Sign in to the demo workspace")
	b.shows("Webhook not found")
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)", "404 (Not Found)")
}

func TestConsole_ManagesWebhooksByKeyboardAlone(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	receiver := startReceiver(t)
	b := newTab(t, "http://"+service.Public)
	b.open("/console/acme")
	b.present(".signin")
	b.tabTo(".demo button")
	b.keys(kb.Enter)
	b.shows("No API keys yet")
	eval[bool](b, "(document.querySelector('.skip').focus(), true)")
	b.tabTo(".views a:last-child")
	b.keys(kb.Enter)
	b.shows("No webhooks yet")
	b.tabTo(".empty .button")
	b.keys(kb.Enter)
	b.present("form")
	b.tabTo("input[inputmode=url]")
	b.keys(receiver.URL)
	b.tabTo(".segment input")
	b.keys(kb.ArrowRight)
	b.present(".events")
	b.tabTo("[type=checkbox]")
	b.keys(" ")
	b.tabTo("button.primary")
	b.keys(kb.Enter)
	b.present(".secret")
	b.tabTo("[type=checkbox]")
	b.keys(" ")
	b.tabTo(".secret-view .check + button")
	b.keys(kb.Enter)
	b.shows("No deliveries in the last 30 days")
	b.tabTo(".key-actions button")
	b.keys(kb.Enter)
	b.await(delivered + `.startsWith('webhook.test|Delivered')`)
	if got := eval[string](b, "document.activeElement.innerText"); got != "Send a test" {
		t.Errorf("after a test, the focus is on %q", got)
	}
	b.tabTo(".key-actions .danger")
	b.keys(kb.Enter)
	b.present("dialog[open]")
	b.keys(kb.Escape)
	b.await("!document.querySelector('dialog') && document.activeElement.innerText === 'Delete'")
	b.keys(kb.Enter)
	b.tabTo("dialog .danger")
	b.keys(kb.Enter)
	b.shows("No webhooks yet")
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)")
}

func TestConsole_LosesNoWebhookWhoseSecretIsLost(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	proxy := startFlakyProxy(t, service.Public)
	b := newTab(t, proxy.URL)
	b.open("/console/acme/webhooks/new")
	b.fill(b.field("Token"), partnerToken)
	b.press("Sign in")
	b.fill(b.field("URL"), "https://hooks.example.com/")
	proxy.deaf.Store(true)
	b.press("Create webhook")
	b.shows("The service does not respond")
	proxy.deaf.Store(false)
	b.press("Create webhook")
	b.shows("The secret was lost on its way")
	b.press("To the webhook")
	b.press("Rotate")
	proxy.deaf.Store(true)
	b.press("Get a new secret")
	b.shows("The service does not respond")
	proxy.deaf.Store(false)
	b.press("Get a new secret")
	b.shows("The secret that the receiver has now then stops signing at once.")
	b.press("Get a new secret")
	b.present(".secret")
	b.press("I have stored the secret")
	b.press("Done")
	b.press("Webhooks")
	b.shows("1 webhook")
	b.visit.mustBeClean(t, b.origin, "ERR_EMPTY_RESPONSE", "400 (Bad Request)", "ERR_ABORTED")
}

func TestConsole_SaysThatWebhooksAreNotSetUp(t *testing.T) {
	t.Parallel()
	service := startConsole(t, func(cfg *config.Config) { cfg.SealingKeys, cfg.WebhookInsecure = "", false })
	b := newTab(t, "http://"+service.Public)
	b.signIn("/acme/webhooks/new")
	b.fill(b.field("URL"), "http://hooks.example.com:8080/")
	b.shows("url must be an https URL") // outside of development
	b.fill(b.field("URL"), "https://10.0.0.1/")
	b.shows("url must not name a private or local address")
	b.fill(b.field("URL"), "https://hooks.example.com/")
	b.press("Create webhook")
	b.shows("Webhooks are not set up on this service")
	b.shows("APIKEYS_SEALING_KEYS")
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)", "409 (Conflict)")
}
