package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/slaunchx/apikeys/config"
)

// portals are two portals that open the console by window.open, on press of a button.
// They answer it only if answering is set.
type portals struct {
	listed, other *httptest.Server // only the first one is in APIKEYS_CONSOLE_ORIGINS
	console       string
	answering     atomic.Bool
}

func startPortals(t *testing.T) *portals {
	t.Helper()
	p := new(portals)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/frame" {
			_, _ = fmt.Fprint(w, "<!doctype html>")
			return
		}
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Portal</title><button>Keys</button><iframe src="/frame"></iframe><script>
			const keys = %q;
			window.asked = 0;
			window.message = {type: 'apikeys:token', token: %q, workspaceId: 'acme'};
			window.send = () => window.opened.postMessage(window.message, keys);
			document.querySelector('button').onclick = () => { window.opened = window.open(keys + '/console'); };
			window.addEventListener('message', (event) => {
				if (event.origin !== keys || event.source !== window.opened || event.data.type !== 'apikeys:token-wanted') return;
				window.asked++;
				if (%t) window.send();
			});</script></html>`, p.console, partnerToken, p.answering.Load())
	})
	p.listed, p.other = httptest.NewServer(page), httptest.NewServer(page)
	t.Cleanup(p.listed.Close)
	t.Cleanup(p.other.Close)
	service := startConsole(t, func(cfg *config.Config) { cfg.ConsoleOrigins = []string{p.listed.URL} })
	p.console = "http://" + service.Public
	return p
}

// open opens a portal and, from it, the console.
func (p *portals) open(t *testing.T, portal *httptest.Server) (opener, console *tab) {
	t.Helper()
	opener = newTab(t, portal.URL)
	opener.open("/")
	opened := chromedp.WaitNewTarget(opener, func(i *target.Info) bool { return strings.HasPrefix(i.URL, p.console) })
	opener.tabTo("button")
	opener.keys(kb.Enter) // pop-ups need a person
	select {
	case id := <-opened:
		ctx, cancel := chromedp.NewContext(opener, chromedp.WithTargetID(id))
		t.Cleanup(cancel)
		limited, cancel := context.WithTimeout(ctx, 5*time.Minute)
		t.Cleanup(cancel)
		return opener, &tab{Context: limited, t: t, visit: watch(t, limited), origin: p.console}
	case <-opener.Done():
		t.Fatal("the portal did not open the console")
		return nil, nil
	}
}

// mustBeSignedOut fails the test if a message has signed in. What was posted before is
// handled by the time that the form is.
func (b *tab) mustBeSignedOut(why string) {
	b.t.Helper()
	b.present(".signin form")
	b.press("Sign in")
	b.await("document.querySelector('.errors p') || !document.querySelector('.signin')")
	if !eval[bool](b, "document.querySelector('.signin') !== null") {
		b.t.Error(why)
	}
	if b.holds(partnerToken) {
		b.t.Error("the token is in the page")
	}
}

func TestConsole_IsSignedInByThePortalThatOpenedIt(t *testing.T) {
	t.Parallel()
	p := startPortals(t)
	p.answering.Store(true)
	_, console := p.open(t, p.listed)
	console.shows("No API keys yet")
	if console.holds(partnerToken) {
		t.Error("the token is in the page")
	}
	console.press("Sign out")
	console.shows("No API keys yet") // the portal is asked again
	console.visit.mustBeClean(t, console.origin)
}

func TestConsole_IgnoresTokensThatItsOpenerDidNotSend(t *testing.T) {
	t.Parallel()
	p := startPortals(t)
	opener, console := p.open(t, p.listed)
	console.present(".signin form")
	opener.await("window.asked > 0")
	// From a listed origin, but by another window than the opener.
	eval[bool](opener, "(frames[0].eval('parent.opened.postMessage(parent.message, ' + JSON.stringify(keys) + ')'), true)")
	console.mustBeSignedOut("a frame of the portal signed the user in")
	eval[bool](opener, "(window.message.workspaceId = 7, window.send(), true)")
	console.mustBeSignedOut("a message without a workspace signed the user in")
	eval[bool](opener, "(window.message.workspaceId = 'acme', window.send(), true)")
	console.shows("No API keys yet") // so what was refused was refused for what was wrong with it
	console.visit.mustBeClean(t, console.origin)
}

func TestConsole_NeitherAsksNorHeedsAnOpenerOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	p := startPortals(t)
	p.answering.Store(true)
	opener, console := p.open(t, p.other)
	console.present(".signin form")
	eval[bool](opener, "(window.send(), true)")
	console.mustBeSignedOut("a page of another origin signed the user in")
	if eval[int](opener, "window.asked") != 0 {
		t.Error("the console asked a page of another origin for a token")
	}
}
