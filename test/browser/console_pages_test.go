package browser

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

// furniture is a service with something to show on every page.
type furniture struct {
	*serving.Service

	key     apikeys.CreatedKey     // the one with the most to show
	webhook apikeys.CreatedWebhook // one with deliveries of every kind but failed ones
}

// furnish starts a service with keys of all kinds, the oldest of which were used for
// four weeks, and with webhooks.
func furnish(t *testing.T) furniture {
	t.Helper()
	service, key := furnishKeys(t)
	return furniture{service, key, furnishWebhooks(t, service, key.Key.ID())}
}

// furnishWebhooks creates webhooks, the oldest of which has deliveries about a key.
func furnishWebhooks(t *testing.T, service *serving.Service, key domain.KeyID) apikeys.CreatedWebhook {
	t.Helper()
	ws := owned(t, service, "mira@acme.example")
	receiver := startReceiver(t)
	shown := newWebhook(t, ws, domain.WebhookSpec{URL: receiver.URL, Description: "Chat of the operators"})
	// have makes a change whose delivery has that status of the response.
	have := func(status int, change func() error) {
		t.Helper()
		receiver.status.Store(int64(status))
		if err := change(); err != nil {
			t.Fatal(err)
		}
		awaitDelivery(t, ws, shown.Webhook.ID, status)
	}
	enable := func(on bool) {
		if _, err := ws.UpdateWebhook(t.Context(), shown.Webhook.ID, domain.WebhookPatch{Enabled: &on}); err != nil {
			t.Fatal(err)
		}
	}
	have(http.StatusNoContent, func() error { return ws.DisableKey(t.Context(), key) })
	have(http.StatusBadGateway, func() error { return ws.EnableKey(t.Context(), key) })
	enable(false) // drops what is pending
	enable(true)
	have(http.StatusServiceUnavailable, func() error { return ws.TestWebhook(t.Context(), shown.Webhook.ID) })
	receiver.status.Store(http.StatusNoContent)
	off := false
	stopped := newWebhook(t, ws, domain.WebhookSpec{URL: "https://audit.example.com/v1/sources/keys?tenant=acme", Events: []string{"api_key.leaked", "api_key.expiring"}})
	if _, err := ws.UpdateWebhook(t.Context(), stopped.Webhook.ID, domain.WebhookPatch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	return shown
}

// awaitDelivery waits until the newest delivery has had a response with a status.
func awaitDelivery(t *testing.T, ws *apikeys.Workspace, id domain.WebhookID, status int) {
	t.Helper()
	newest, faults := domain.NewPage(0, 1)
	if faults != nil {
		t.Fatal(faults)
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		page, err := ws.ListDeliveries(t.Context(), id, "", newest)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Deliveries) == 1 && page.Deliveries[0].LastStatus == status {
			return
		}
		<-look.C
	}
}

func furnishKeys(t *testing.T) (*serving.Service, apikeys.CreatedKey) {
	t.Helper()
	var back atomic.Int64 // how far in the past the service is
	back.Store(int64(28 * 24 * time.Hour))
	service := startConsole(t, nil, apikeys.WithClock(func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }))
	ws := owned(t, service, "mira@acme.example")
	in := func(days int) time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
	newKey(t, ws, apikeys.KeySpec{Name: "Nightly export to the data warehouse", Scopes: []string{"report:read", "payment:read", "customer:read", "refund:read"}, ExpiresAt: in(12)})
	newKey(t, ws, apikeys.KeySpec{Name: "Sandbox", Mode: domain.ModeTest, Scopes: []string{"payment:write"}})
	newKey(t, ws, apikeys.KeySpec{Name: "p\u0430yments", ExpiresAt: in(30)})
	stopped := newKey(t, ws, apikeys.KeySpec{Name: "Old point of sale", Scopes: []string{"payment:write"}})
	if err := ws.DisableKey(t.Context(), stopped.Key.ID()); err != nil {
		t.Fatal(err)
	}
	shown := newKey(t, ws, apikeys.KeySpec{
		Name: "Checkout", Scopes: []string{"payment:read", "payment:write"}, IPWhitelist: []string{"192.0.2.0/24", "2001:db8::/32"}, ExpiresAt: in(90),
		RateLimits: []apikeys.RateLimitSpec{{Name: "default", Limit: 100, WindowSeconds: 60}, {Name: "hourly", Limit: 5000, WindowSeconds: 3600}},
		Quota:      apikeys.QuotaSpec{Limit: 100_000, Period: "MONTH"},
	})
	changed := "Checkout"
	other := owned(t, service, "kenji@acme.example")
	for _, name := range []string{"Checkout EU", changed} {
		if _, err := other.UpdateKey(t.Context(), shown.Key.ID(), apikeys.KeyPatch{Name: &name}, nil); err != nil {
			t.Fatal(err)
		}
	}
	check := func(scope domain.Scope, times int) {
		for range times {
			if _, err := service.Authorize(t.Context(), apikeys.Check{Secret: shown.Secret, Scopes: []domain.Scope{scope}, Addr: netip.MustParseAddr("192.0.2.7")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for day := range 29 {
		back.Store(int64(time.Duration(28-day) * 24 * time.Hour))
		check("payment:read", 20+day+(day*day*7)%23)
		check("payment:refund", (day*5)%7)
	}
	if _, err := ws.RotateKey(t.Context(), shown.Key.ID(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	check("payment:read", 1) // with the old secret
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		usage, err := ws.KeyUsage(t.Context(), shown.Key.ID(), domain.LastDays(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if usage.PreviousSecret != nil && !usage.PreviousSecret.LastUsedAt.IsZero() {
			return service, shown
		}
		<-look.C
	}
}

// pages opens every page and dialog in one language and calls look with each.
func pages(b *tab, f furniture, language string, look func(name string)) {
	b.t.Helper()
	say := texts(b.t, language)
	b.open("/console/acme?lang=" + language)
	b.shows(say["demo_button"])
	look("signin")
	b.press(say["demo_button"])
	b.shows("Old point of sale")
	look("list")
	keyPages(b, f, say, look)
	webhookPages(b, f, say, look)
}

// keyPages opens the pages of a key.
func keyPages(b *tab, f furniture, say map[string]string, look func(name string)) {
	b.t.Helper()
	id := string(f.key.Key.ID())
	b.press(say["new_key"])
	b.present("form .chips-box")
	b.fill(b.field(say["name"]), "Checkout")
	b.fill(b.field(say["scopes"]), "payment:read payment:write ")
	b.fill(b.field(say["ip_whitelist"]), "192.0.2.7/24 ")
	b.present("#app .errors p")
	look("new")
	spend(b.t, f.Service.Service, f.key, "192.0.2.7", "payment:read", 42)
	b.press(say["keys"])
	b.press("Checkout")
	b.present(".trail li:nth-child(4)")
	b.await("!document.querySelector('.waiting')")
	b.present(".chart svg")
	b.await("document.querySelectorAll('.left p').length === 3")
	b.shows(say["old_secret_used"])
	look("key")
	b.press(say["end_now"])
	b.present("dialog[open]")
	look("end")
	b.press(say["cancel"])
	for button, name := range map[string]string{say["rotate"]: "rotate", say["delete"]: "delete"} {
		b.press(button)
		b.present("dialog[open] .notice, dialog[open] .segments")
		look(name)
		b.press(say["cancel"])
	}
	b.press(say["rotate"])
	b.press(say["rotate_do"])
	b.present(".secret")
	// What is seen in pictures was never a secret.
	eval[bool](b, "(() => { const e = document.querySelector('.secret'), p = document.querySelector('pre code'), s = e.innerText, n = "+quoted(id)+" + 'NotASecret'.repeat(4) + '000000000'; e.firstChild.data = n; p.firstChild.data = p.firstChild.data.replace(s, n); return true; })()")
	look("secret")
	b.press(say["secret_stored"])
	b.press(say["close_secret"])
	b.present(".trail")
	b.press(say["edit"])
	b.present("form .chips-box")
	renamed := "Checkout EU"
	other := owned(b.t, f.Service, "kenji@acme.example")
	for _, name := range []string{renamed, "Checkout", renamed} {
		if _, err := other.UpdateKey(b.t.Context(), f.key.Key.ID(), apikeys.KeyPatch{Name: &name}, nil); err != nil {
			b.t.Fatal(err)
		}
	}
	b.fill(b.field(say["name"]), "Till")
	b.press(say["save"])
	b.present("dialog[open] .compare")
	look("conflict")
	b.press(say["take_theirs"])
	b.press(say["cancel"])
	b.present(".trail")
}

// webhookPages opens the pages of webhooks.
func webhookPages(b *tab, f furniture, say map[string]string, look func(name string)) {
	b.t.Helper()
	ws := owned(b.t, f.Service, "mira@acme.example")
	address := "https://hooks.example.com/apikeys" // nothing is sent to it: no key changes any more
	if _, err := ws.UpdateWebhook(b.t.Context(), f.webhook.Webhook.ID, domain.WebhookPatch{URL: &address}); err != nil {
		b.t.Fatal(err)
	}
	b.press(say["webhooks"])
	b.shows("Chat of the operators")
	look("webhooks")
	b.press(say["new_webhook"])
	b.fill(b.field(say["url"]), "ftp://hooks.example.com/apikeys")
	b.fill(b.field(say["description"]), "Chat of the operators")
	b.present("#app .errors p")
	b.press(say["these_events"])
	b.press(say["type_key_leaked"] + " api_key.leaked")
	b.press(say["type_expiring"] + " api_key.expiring")
	look("webhook-new")
	b.press(say["webhooks"])
	b.press("Chat of the operators")
	b.present(".deliveries .badge.dropped")
	look("webhook")
	for _, name := range []string{"disable", "delete"} {
		b.press(say[name])
		b.present("dialog[open]")
		look("webhook-" + name)
		b.press(say["cancel"])
	}
	b.press(say["rotate"])
	b.present("dialog[open]")
	look("webhook-rotate")
	b.press(say["rotate_do"])
	b.present(".secret")
	eval[bool](b, "(document.querySelector('.secret').firstChild.data = 'whsec_' + 'NotASecret'.repeat(4) + '000=', true)")
	look("webhook-secret")
	b.press(say["secret_stored"])
	b.press(say["close_secret"])
	b.present(".deliveries")
}

func TestConsole_IsAccessibleAndFitsInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh", "zh-Hant", "ja", "vi"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			f := furnish(t)
			b := newTab(t, "http://"+f.Public)
			pages(b, f, language, func(name string) {
				b.prefer(map[string]string{"prefers-color-scheme": "light", "prefers-reduced-motion": "reduce"})
				b.mustBeAccessible(name + " in " + language)
				pictured := language == "en" || language == "ja"
				if pictured {
					b.picture(name + "-" + language + "-light")
				}
				if pictured { // colours do not depend on the language
					b.prefer(map[string]string{"prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce"})
					b.mustContrast(name + " in " + language + ", dark")
					b.picture(name + "-" + language + "-dark")
				}
				b.resize(320, 640)
				b.mustFit(name + " in " + language + " at 320 px")
				if language == "ja" {
					b.picture(name + "-ja-320")
				}
				b.resize(3840, 2160)
				b.mustFit(name + " in " + language + " at 3840 px")
				b.resize(1280, 860)
			})
			if got := eval[string](b, "document.documentElement.lang"); got != language {
				t.Errorf("the language of the page is %q", got)
			}
			b.visit.mustBeClean(t, b.origin, "400 (Bad Request)", "412 (Precondition Failed)")
		})
	}
}

// shapeless lists the elements whose shape is lost when the browser replaces all colours
// and backgrounds, and what no longer differs from its neighbours.
const shapeless = `(() => {
	const style = (e) => getComputedStyle(e), paper = style(document.documentElement).backgroundColor;
	const seen = (selector) => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility());
	const faults = seen('button:not(.sort, .plain, .chip-remove, [role=tab]), .button, input:not([type=checkbox], [type=radio], .chips-box input), select, textarea, .chips-box, .card, .badge, .notice, .chip, .bone')
		.filter(e => style(e).borderBlockStartStyle === 'none' || parseFloat(style(e).borderBlockStartWidth) === 0).map(e => 'no border: ' + e.outerHTML.slice(0, 80));
	const differ = (chosen, other, look) => { const [a, b] = [seen(chosen)[0], seen(other)[0]]; if (a && b && look(style(a)) === look(style(b))) faults.push(chosen + ' looks like ' + other); };
	differ('.segment input:checked + span', '.segment input:not(:checked) + span', s => s.backgroundColor);
	differ('.option:has(:checked)', '.option:not(:has(:checked))', s => s.outlineStyle + s.outlineColor);
	differ('.views [aria-current]', '.views a:not([aria-current])', s => s.backgroundColor);
	differ('[role=tab][aria-selected=true]', '[role=tab][aria-selected=false]', s => s.borderBlockEndWidth);
	faults.push(...seen('.segment input:checked + span, .views [aria-current]').filter(e => style(e).color === style(e).backgroundColor).map(e => 'not readable: ' + e.innerText));
	faults.push(...seen('.chart .allowed, .chart .stripe, .meter rect').filter(e => style(e).fill === paper).map(() => 'a bar is not seen'));
	return faults.join('\n');
})()`

func TestConsole_IsReadableInHighContrast(t *testing.T) {
	t.Parallel()
	f := furnish(t)
	b := newTab(t, "http://"+f.Public)
	pages(b, f, "en", func(name string) {
		for _, scheme := range []string{"light", "dark"} {
			b.prefer(map[string]string{"prefers-color-scheme": scheme, "prefers-contrast": "more", "prefers-reduced-motion": "reduce"})
			b.mustContrast(name + " with more contrast, " + scheme)
			b.prefer(map[string]string{"prefers-color-scheme": scheme, "forced-colors": "active", "prefers-reduced-motion": "reduce"})
			if !eval[bool](b, "matchMedia('(forced-colors: active)').matches") {
				t.Fatal("the browser does not force colours")
			}
			// axe reads colours that the browser replaces.
			if faults := eval[string](b, shapeless); faults != "" {
				t.Errorf("%s with forced colours, %s:\n%s", name, scheme, faults)
			}
		}
	})
	b.visit.mustBeClean(t, b.origin, "400 (Bad Request)", "412 (Precondition Failed)")
}

func TestConsole_SpeaksTheLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	b := newTab(t, "http://"+service.Public)
	b.beforeScripts(`Object.defineProperty(navigator, 'languages', {get: () => ['fr-FR', 'zh-HK', 'en']})`)
	b.open("/console")
	b.shows(texts(t, "zh-Hant")["sign_in_title"])
	eval[bool](b, `(() => { const s = document.querySelector('#language'); s.value = 'vi'; s.dispatchEvent(new Event('change', {bubbles: true})); return true; })()`)
	b.shows(texts(t, "vi")["sign_in_title"])
	b.await("location.search === '?lang=vi' && document.title === " + quoted(texts(t, "vi")["title"]))
	b.visit.mustBeClean(t, b.origin)
}

// The figures are printed, not asserted, except for the size.
func TestConsole_FirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	b := newTab(t, "http://"+service.Public)
	var size, requests atomic.Int64
	if err := chromedp.Listen(b, func(event any) {
		if e, ok := event.(*network.EventLoadingFinished); ok {
			size.Add(int64(e.EncodedDataLength))
			requests.Add(1)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
		t.Fatal(err)
	}
	b.open("/console?lang=ja")
	b.shows(texts(t, "ja")["sign_in_title"])
	usable := eval[float64](b, "performance.now()")
	paint := eval[float64](b, "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
	t.Logf("first load: %.1f kB in %d requests; with a CPU 4 times slower, painted after %.0f ms and usable after %.0f ms",
		float64(size.Load())/1000, requests.Load(), paint, usable)
	if size.Load() > 60_000 {
		t.Errorf("the first load is %d bytes, want at most 60,000", size.Load())
	}
	if _, held, _ := strings.Cut(eval[string](b, "JSON.stringify(performance.getEntriesByType('resource').map(e => e.name))"), "licenses"); held != "" {
		t.Error("the licences are part of the first load")
	}
}
