package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// permit grants or denies the clipboard to every page of the tab.
func (b *tab) permit(setting browser.PermissionSetting) {
	b.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(b, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting, BrowserContextID: chromedp.FromContext(b).BrowserContextID,
		}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// downloads saves what the tab downloads in the returned directory, and sends the name
// of each file that is complete.
func (b *tab) downloads() (dir string, complete <-chan string) {
	b.t.Helper()
	dir = b.t.TempDir()
	context := chromedp.FromContext(b).BrowserContextID
	if _, err := chromedp.CallBrowser(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: context, DownloadPath: dir, EventsEnabled: new(true),
	}); err != nil {
		b.t.Fatal(err)
	}
	names := make(chan string, 10)
	if err := chromedp.ListenBrowser(b, func(event any) {
		e, ok := event.(*browser.EventDownloadProgress) // of any tab
		if ok && e.State == browser.DownloadProgressStateCompleted && filepath.Dir(e.FilePath) == dir {
			names <- filepath.Base(e.FilePath)
		}
	}); err != nil {
		b.t.Fatal(err)
	}
	return dir, names
}

// The clipboard belongs to the browser, which all tabs share, so one test does it all.
func TestConsole_CopiesAndDownloadsSecrets(t *testing.T) {
	t.Parallel()
	service := startConsole(t, nil)
	ws := owned(t, service, "mira@acme.example")
	key := newKey(t, ws, apikeys.KeySpec{Name: "Checkout"})
	webhook := newWebhook(t, ws, domain.WebhookSpec{URL: "https://hooks.example.com/"})
	b := newTab(t, "http://"+service.Public)
	if _, err := chromedp.Call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	dir, complete := b.downloads()
	b.open("/console/acme")
	b.press("Sign in to the demo workspace")
	for _, c := range []struct{ page, back, name, variable string }{
		{"Checkout", "API keys", string(key.Key.ID()), "API_KEY"},
		{"hooks.example.com", "Webhooks", string(webhook.Webhook.ID), "WEBHOOK_SECRET"},
	} {
		b.press(c.back)
		b.press(c.page)
		b.press("Rotate")
		b.press("Get a new secret")
		b.present(".secret")
		secret := eval[string](b, "document.querySelector('.secret').innerText")
		b.permit(browser.PermissionSettingDenied)
		b.press("Copy secret")
		b.shows("The browser did not allow copying.")
		b.permit(browser.PermissionSettingGranted)
		b.press("Copy secret")
		b.shows("Copied")
		read := chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise)
		if got := get(t, b, read); got != secret {
			t.Errorf("copying %s put %q on the clipboard, want %q", c.variable, got, secret)
		}
		b.press("Copy lines")
		b.await("[...document.querySelectorAll('.tabs ~ [role=tabpanel] button')].some(e => e.innerText === 'Copied')")
		if got, want := get(t, b, read), eval[string](b, "document.querySelector('pre').innerText"); got != want {
			t.Errorf("copying the lines put %q on the clipboard, want %q", got, want)
		}
		b.press("Download")
		select {
		case name := <-complete:
			if name != c.name+".env" {
				t.Errorf("the file is %s, want %s.env", name, c.name)
			}
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != c.variable+"="+secret+"\n" {
				t.Errorf("the file contains %q, %v; want %s and the secret", got, err, c.variable)
			}
		case <-b.Done():
			t.Fatal("nothing was downloaded")
		}
		b.press("I have stored the secret")
		b.press("Done")
		b.present(".back")
		if b.holds(secret) {
			t.Errorf("%s is still in the page", c.variable)
		}
	}
	b.visit.mustBeClean(t, b.origin)
}
