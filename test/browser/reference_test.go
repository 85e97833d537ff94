package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/apidocs"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/test/serving"
)

const (
	token         = "token-of-the-owner"
	internalToken = "the-internal-token-of-this-browser-test"
)

// owner accepts the token of the owner of workspace ws_1.
type owner struct{}

func (owner) Authenticate(_ context.Context, given string) (domain.Actor, error) {
	if given != token {
		return domain.Actor{}, domain.ErrInvalidToken
	}
	return domain.Actor{AccountID: "acc-7", Portal: domain.PortalTenant, Roles: map[domain.WorkspaceID]domain.Role{"ws_1": domain.RoleOwner}}, nil
}

func startService(t *testing.T) *serving.Service {
	t.Helper()
	cfg := serving.Config()
	cfg.InternalToken = internalToken
	return serving.Start(t, cfg, apikeys.WithAuthenticator(owner{}),
		apikeys.WithReferencePages(apidocs.New(apidocs.PublicServer), apidocs.New(apidocs.InternalServer)))
}

// visit is what a tab did.
type visit struct {
	mu       sync.Mutex
	requests []string
	faults   []string // errors in the console, violations of the policy, failed requests
}

// open returns a high tab of the shared browser, and what it does.
func open(t *testing.T) (context.Context, *visit) {
	t.Helper()
	b := newTab(t, "")
	b.resize(1280, 1600)
	return b, b.visit
}

// watch notes what a tab does from now on.
func watch(t *testing.T, tab context.Context) *visit {
	t.Helper()
	v := new(visit)
	if err := chromedp.Listen(tab, v.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *visit) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		v.requests = append(v.requests, e.Request.URL)
	case *network.EventLoadingFailed:
		if e.Canceled { // by the page
			return
		}
		v.faults = append(v.faults, "a request failed: "+e.ErrorText+" "+string(e.BlockedReason))
	case *log.EventEntryAdded: // violations of the policy too
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			v.faults = append(v.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		switch e.Type {
		case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
			v.faults = append(v.faults, "console."+string(e.Type)+": "+describe(e.Args))
		}
	case *runtime.EventExceptionThrown:
		v.faults = append(v.faults, e.ExceptionDetails.Text)
	}
}

func describe(values []*runtime.RemoteObject) string {
	var all []string
	for _, v := range values {
		all = append(all, string(v.Value)+v.Description)
	}
	return strings.Join(all, " ")
}

// mustBeClean fails the test if the tab made a request to another origin, or
// anything went wrong that contains none of the expected texts.
func (v *visit) mustBeClean(t *testing.T, origin string, expected ...string) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, fault := range v.faults {
		if !slices.ContainsFunc(expected, func(part string) bool { return strings.Contains(fault, part) }) {
			t.Error(fault)
		}
	}
	if len(v.requests) == 0 {
		t.Error("the page made no request")
	}
	for _, request := range v.requests {
		if u, err := url.Parse(request); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != origin {
			t.Errorf("the page requested %.100s", request)
		}
	}
}

// screenshot writes what the tab shows into the directory APIKEYS_SCREENSHOTS, if
// it is set, for people to look at.
func screenshot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("APIKEYS_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture := get(t, tab, chromedp.CaptureScreenshot())
	if err := os.WriteFile(dir+"/"+name+".png", picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// do takes the steps, and shows the page if one fails.
func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		if err := chromedp.Do(tab, step); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func get[T any](t *testing.T, tab context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(tab, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestReference_ShowsTheOperationsOfItsListener(t *testing.T) {
	t.Parallel()
	service := startService(t)
	for name, c := range map[string]struct{ host, shown, hidden string }{
		"public":   {service.Public, "#operations-API_keys-createKey", "#operations-Permission_check-verifyKeys"},
		"internal": {service.Internal, "#operations-Permission_check-verifyKeys", "#operations-API_keys-createKey"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, v := open(t)
			do(t, tab, chromedp.Navigate("http://"+c.host+"/docs"), chromedp.WaitVisible(c.shown))
			screenshot(t, tab, "reference-"+name)
			if title := get(t, tab, chromedp.Title()); title != "API keys: reference" {
				t.Errorf("title = %q", title)
			}
			if n := get(t, tab, chromedp.Evaluate[int]("document.querySelectorAll('"+c.hidden+"').length")); n != 0 {
				t.Error("the page shows operations of the other listener")
			}
			const empty = "[...document.querySelectorAll('.opblock-tag-section')].filter(s => !s.querySelector('.opblock')).length"
			if n := get(t, tab, chromedp.Evaluate[int](empty)); n != 0 {
				t.Errorf("the page shows %d tags without operations", n)
			}
			v.mustBeClean(t, "http://"+c.host)
		})
	}
}

func TestReference_AuthorizesAndCalls(t *testing.T) {
	t.Parallel()
	service := startService(t)
	tab, v := open(t)
	const operation = "#operations-API_keys-createKey"
	do(t, tab,
		chromedp.Navigate("http://"+service.Public+"/docs"),
		chromedp.Click(".auth-wrapper .authorize"),
		chromedp.SendKeys(".auth-container input", token),
		chromedp.Click(".auth-btn-wrapper .authorize"),
		chromedp.Click(".auth-btn-wrapper .btn-done"),
		chromedp.Click(operation+" .opblock-summary-control"),
		chromedp.WaitVisible(operation+" .execute"),
	)
	for name, want := range map[string]string{"X-Client-Hash": "device-1", "Idempotency-Key": "", "X-Request-Id": ""} {
		got := get(t, tab, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector('%s input[placeholder=%q]').value", operation, name)))
		if got != want {
			t.Errorf("%s is filled in with %q, want %q", name, got, want)
		}
	}
	do(t, tab,
		chromedp.Click(operation+" .execute"),
		chromedp.WaitVisible(operation+" .live-responses-table .highlight-code"),
	)
	status := get(t, tab, chromedp.Text(operation+" .live-responses-table .response .response-col_status"))
	body := get(t, tab, chromedp.Text(operation+" .live-responses-table .highlight-code"))
	screenshot(t, tab, "reference-called")
	if !strings.HasPrefix(status, "201") || !strings.Contains(body, `"secret": "sk_live_`) {
		t.Errorf("the call was answered %q %.300s", status, body)
	}
	stored := get(t, tab, chromedp.Evaluate[string]("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"))
	if strings.Contains(stored, token) {
		t.Errorf("the token is stored: %s", stored)
	}
	v.mustBeClean(t, "http://"+service.Public)
}
