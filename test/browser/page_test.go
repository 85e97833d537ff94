package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/slaunchx/apikeys/test/servers"
)

// tab is a tab of a browser with what it does.
type tab struct {
	context.Context //nolint:containedctx // chromedp keeps the tab in it

	t      *testing.T
	visit  *visit
	origin string // of the service
}

// shared is the browser of all tests, which is started once.
var shared struct {
	once  sync.Once
	ctx   context.Context //nolint:containedctx // chromedp keeps the browser in it
	err   error
	close func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.close != nil {
		shared.close()
	}
	os.Exit(code)
}

// startBrowser starts the shared browser.
func startBrowser(path string) error {
	dir, err := os.MkdirTemp("", "apikeys-chromium-*")
	if err != nil {
		return err
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests may run as root
		chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true),
		chromedp.UserDataDir(dir),
		chromedp.WSURLReadTimeout(time.Minute),
	)...)
	ctx, cancel := chromedp.NewContext(allocator)
	shared.ctx, shared.close = ctx, func() { cancel(); stop(); _ = os.RemoveAll(dir) }
	return chromedp.Do(ctx)
}

// newTab returns a tab with storage of its own in the shared browser.
func newTab(t *testing.T, origin string) *tab {
	t.Helper()
	path := servers.Find(t, "chromium")
	shared.once.Do(func() { shared.err = startBrowser(path) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	limited, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	b := &tab{Context: limited, t: t, visit: watch(t, limited), origin: origin}
	b.resize(1280, 860)
	b.prefer(map[string]string{"prefers-color-scheme": "light", "prefers-reduced-motion": "reduce"})
	return b
}

// open opens a path of the service.
func (b *tab) open(path string) {
	b.t.Helper()
	do(b.t, b, chromedp.Navigate(b.origin+path))
}

// eval returns the value of an expression; the page's policy does not apply to it.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return get(b.t, b, chromedp.Evaluate[T](expression))
}

// await waits until an expression is true, at most a minute.
func (b *tab) await(condition string) {
	b.t.Helper()
	script := fmt.Sprintf(`new Promise((done, fail) => {
		const begun = performance.now();
		const look = () => {
			if (%s) done(true);
			else if (performance.now() - begun > 60_000) fail(new Error(document.body.innerText.slice(0, 2000)));
			else setTimeout(look, 10);
		};
		look();
	})`, condition)
	if _, err := chromedp.Run(b, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); err != nil {
		b.t.Fatalf("%s: %v", condition, err)
	}
}

func quoted(text string) string {
	literal, _ := json.Marshal(text) // a string can always be marshalled
	return string(literal)
}

// shows waits until the page shows a text.
func (b *tab) shows(text string) {
	b.t.Helper()
	b.await("document.body?.innerText.includes(" + quoted(text) + ")")
}

// present waits for an element.
func (b *tab) present(selector string) {
	b.t.Helper()
	b.await("document.querySelector(" + quoted(selector) + ")")
}

// press clicks the enabled button, link or label with a text, in the dialog if there
// is one.
func (b *tab) press(text string) {
	b.t.Helper()
	found := fmt.Sprintf(`[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button, a, label')].find(e => e.innerText.trim().replace(/\s+/g, ' ') === %s && !e.disabled)`, quoted(text))
	b.await(found)
	eval[bool](b, "("+found+".click(), true)")
}

// fill types into a field as a person does.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.present(selector)
	eval[bool](b, fmt.Sprintf("(document.querySelector(%[1]s).focus(), document.querySelector(%[1]s).select?.(), true)", quoted(selector)))
	do(b.t, b, chromedp.KeyEvent(text))
}

// field returns the selector of the field with a label.
func (b *tab) field(label string) string {
	b.t.Helper()
	id := fmt.Sprintf(`[...document.querySelectorAll('label')].find(l => l.innerText.trim().startsWith(%s))?.htmlFor`, quoted(label))
	b.await(id)
	return "#" + eval[string](b, id)
}

// keys presses keys.
func (b *tab) keys(keys string) {
	b.t.Helper()
	do(b.t, b, chromedp.KeyEvent(keys))
}

// tabTo presses Tab until the focus is on an element.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 60 {
		if eval[bool](b, "document.activeElement?.matches("+quoted(selector)+") ?? false") {
			if !eval[bool](b, "document.activeElement.matches(':focus-visible')") {
				b.t.Errorf("%s does not show that it has the focus", selector)
			}
			return
		}
		b.keys(kb.Tab)
	}
	b.t.Fatalf("the focus never reaches %s", selector)
}

// choose selects an option of the select with a label.
func (b *tab) choose(label, value string) {
	b.t.Helper()
	b.present("select[aria-label=" + quoted(label) + "]")
	eval[bool](b, fmt.Sprintf("(() => { const s = document.querySelector('select[aria-label=%s]'); s.value = %s; s.dispatchEvent(new Event('change', {bubbles: true})); return true; })()", quoted(label), quoted(value)))
}

// prefer makes the browser prefer a language, a colour scheme and so on.
func (b *tab) prefer(features map[string]string) {
	b.t.Helper()
	var all []*emulation.MediaFeature
	for name, value := range features {
		all = append(all, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: all}); err != nil {
		b.t.Fatal(err)
	}
}

// connect takes the network from the tab, or gives it back.
func (b *tab) connect(on bool) {
	b.t.Helper()
	conditions := []*network.Conditions{{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1}}
	if _, err := chromedp.Call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: conditions}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		b.t.Fatal(err)
	}
}

// beforeScripts runs a script in every page before its own.
func (b *tab) beforeScripts(source string) {
	b.t.Helper()
	if _, err := chromedp.Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source}); err != nil {
		b.t.Fatal(err)
	}
}

// resize sets the size of the window.
func (b *tab) resize(width, height int64) {
	b.t.Helper()
	do(b.t, b, chromedp.EmulateViewport(width, height))
}

// mustFit fails the test if the page scrolls sideways.
func (b *tab) mustFit(what string) {
	b.t.Helper()
	if over := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		wide := eval[string](b, `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.tagName + '.' + e.className).slice(-3).join(' ')`)
		b.t.Errorf("%s is %d px too wide: %s", what, over, wide)
	}
}

// mustBeAccessible fails the test if axe finds anything.
func (b *tab) mustBeAccessible(what string) {
	b.t.Helper()
	b.axe(what, "{resultTypes: ['violations']}")
}

// mustContrast fails the test if axe finds a text that is hard to read. It is what can
// differ between schemes of colours.
func (b *tab) mustContrast(what string) {
	b.t.Helper()
	b.axe(what, "{resultTypes: ['violations'], runOnly: ['color-contrast']}")
}

func (b *tab) axe(what, options string) {
	b.t.Helper()
	if !eval[bool](b, "typeof axe === 'object'") {
		source, err := os.ReadFile("../../.cache/typescript/node_modules/axe-core/axe.min.js")
		if err != nil {
			b.t.Fatalf("axe-core is not on this machine; to fetch it, run: make node (%v)", err)
		}
		eval[bool](b, string(source)+";true")
	}
	run := "axe.run(document, " + options + ").then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary).slice(0, 3)])))"
	found := get(b.t, b, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if found != "[]" {
		b.t.Errorf("axe finds in %s: %s", what, found)
	}
}

// picture writes what the page shows, from its top, into the directory
// APIKEYS_SCREENSHOTS, if it is set.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("APIKEYS_SCREENSHOTS")
	if dir == "" {
		return
	}
	eval[bool](b, "(window.scrollTo(0, 0), true)")
	if width := eval[int64](b, "innerWidth"); width > 1000 && !eval[bool](b, "document.querySelector('dialog') !== null") { // all of the page, up to a limit
		b.resize(width, min(max(eval[int64](b, "document.documentElement.scrollHeight"), 720), 1300))
		defer b.resize(width, 860)
	}
	b.await("document.fonts.status === 'loaded'")
	shot, err := chromedp.Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "webp", Quality: new(int64(70))})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".webp"), shot.Data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// holds reports whether a text is anywhere in the page: in its DOM, in fields, in
// storage, or in the history.
func (b *tab) holds(text string) bool {
	b.t.Helper()
	everything := eval[string](b, `JSON.stringify([document.documentElement.outerHTML, [...document.querySelectorAll('input, textarea')].map(e => e.value),
		Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href, history.state, document.referrer, window.name, document.title])`)
	entries := get(b.t, b, chromedp.NavigationEntries())
	for _, entry := range entries.Entries {
		everything += entry.URL + entry.Title
	}
	return strings.Contains(everything, text)
}

// requests waits until the tab has sent a request whose URL contains a text.
func (b *tab) requests(t *testing.T, part string) {
	t.Helper()
	b.notes(t, func() bool {
		return slices.ContainsFunc(b.visit.requests, func(url string) bool { return strings.Contains(url, part) })
	})
}

// faultWith waits until something with that text went wrong.
func (b *tab) faultWith(t *testing.T, part string) {
	t.Helper()
	b.notes(t, func() bool {
		return slices.ContainsFunc(b.visit.faults, func(fault string) bool { return strings.Contains(fault, part) })
	})
}

// notes waits until what the tab did fulfils a condition.
func (b *tab) notes(t *testing.T, condition func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		b.visit.mu.Lock()
		met := condition()
		b.visit.mu.Unlock()
		if met {
			return
		}
		select {
		case <-look.C:
		case <-b.Done():
			t.Fatalf("the tab did %q and %q", b.visit.requests, b.visit.faults)
		}
	}
}
