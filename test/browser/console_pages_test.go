package browser

import (
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

// furnish starts a service with keys of all kinds, the oldest of which were used for
// four weeks, and returns the one with the most to show.
func furnish(t *testing.T) (*serving.Service, apikeys.CreatedKey) {
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
func pages(b *tab, shown apikeys.CreatedKey, language string, look func(name string)) {
	b.t.Helper()
	say := texts(b.t, language)
	id := string(shown.Key.ID())
	b.open("/console/acme?lang=" + language)
	b.shows(say["demo_button"])
	look("signin")
	b.press(say["demo_button"])
	b.shows("Old point of sale")
	look("list")
	b.press(say["new_key"])
	b.present("form .chips-box")
	b.fill(b.field(say["name"]), "Checkout")
	b.fill(b.field(say["scopes"]), "payment:read payment:write ")
	b.fill(b.field(say["ip_whitelist"]), "192.0.2.7/24 ")
	b.present("#app .errors p")
	look("new")
	b.press(say["keys"])
	b.press("Checkout")
	b.present(".trail li:nth-child(4)")
	b.await("!document.querySelector('.waiting')")
	b.present(".chart svg")
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
	other := owned(b.t, b.service, "kenji@acme.example")
	for _, name := range []string{renamed, "Checkout", renamed} {
		if _, err := other.UpdateKey(b.t.Context(), shown.Key.ID(), apikeys.KeyPatch{Name: &name}, nil); err != nil {
			b.t.Fatal(err)
		}
	}
	b.fill(b.field(say["name"]), "Till")
	b.press(say["save"])
	b.present("dialog[open] .compare")
	look("conflict")
	if _, err := other.UpdateKey(b.t.Context(), shown.Key.ID(), apikeys.KeyPatch{Name: &[]string{"Checkout"}[0]}, nil); err != nil {
		b.t.Fatal(err)
	}
}

func TestConsole_IsAccessibleAndFitsInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "zh", "zh-Hant", "ja", "vi"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			service, shown := furnish(t)
			b := newTab(t, "http://"+service.Public)
			b.service = service
			pages(b, shown, language, func(name string) {
				for _, scheme := range []string{"light", "dark"} {
					b.prefer(map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
					b.mustBeAccessible(name + " in " + language + ", " + scheme)
					if language == "en" || language == "ja" {
						b.picture(name + "-" + language + "-" + scheme)
					}
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
