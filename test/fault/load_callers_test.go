package fault

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
)

// busyWorkspaces is the number of workspaces in the load.
const busyWorkspaces = 16

// busyHouse is a service whose keys are checked and managed continuously.
type busyHouse struct {
	*process

	checks  [][]byte     // the request of a check for each key
	created atomic.Int64 // keys that were acknowledged
	seeded  int          // keys created beforehand
	doubts  atomic.Int64 // creates that were refused, or got no response
}

// newBusyHouse returns a service with that many keys, a tenth of which does not
// fit into its cache.
func newBusyHouse(t *testing.T, databaseURL string, keys int) *busyHouse {
	t.Helper()
	issuer := jwttest.NewIssuer(t)
	roles := map[string]string{}
	for i := range busyWorkspaces {
		roles[busyWorkspace(i)] = "OWNER"
	}
	d := &deployment{
		settings: settings{
			DatabaseURL: databaseURL, CacheKeys: keys * 9 / 10,
			JWKSFile: issuer.JWKSFile(t), Issuer: issuer.Issuer(), Audience: issuer.Audience(),
		},
		token: issuer.Token(t, jwttest.Claims{Account: "acc-7", Portal: "PARTNER", Workspaces: roles, TTL: 24 * time.Hour}),
	}
	h := &busyHouse{process: d.start(t), seeded: keys}
	h.fill(t)
	return h
}

func busyWorkspace(i int) string { return "ws_" + strconv.Itoa(i%busyWorkspaces) }

func (h *busyHouse) fill(t *testing.T) {
	t.Helper()
	callers := h.callers(t, busyWorkspaces)
	for i := range h.seeded {
		c := callers[i%busyWorkspaces]
		a := available(t, func() answer {
			status, body, err := c.public.ask(c.creates)
			if err != nil {
				t.Fatal(err)
			}
			if status == http.StatusServiceUnavailable {
				h.doubts.Add(1)
			}
			return answer{status: status, body: string(body)}
		})
		secret := member(a.body, "secret")
		if a.status != http.StatusCreated || secret == "" {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		h.checks = append(h.checks, fmt.Appendf(nil, "POST /internal/v1/api-keys/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"+
			"Content-Type: application/json\r\n\r\n"+`{"key":"%s","scopes":["payment:read"]}`, len(secret)+len(`{"key":"","scopes":["payment:read"]}`), secret))
	}
}

const newKey = `{"name":"k","scopes":["payment:read"]}`

// caller sends one request after the other. It is used by one goroutine.
type caller struct {
	house            *busyHouse
	public, internal *cheapLine
	random           *rand.Rand
	workspace        string
	creates, lists   []byte
	mine             mine
}

// mine is a key of the caller's own, with its requests; "" if there is none
// yet.
type mine struct {
	id                       string
	shows, rotates, disables []byte
}

func (h *busyHouse) caller(t *testing.T, i int) *caller {
	t.Helper()
	c := &caller{
		house: h, public: newCheapLine(t, h.public), internal: newCheapLine(t, h.internal),
		random: rand.New(rand.NewPCG(1, uint64(i))), workspace: busyWorkspace(i),
	}
	c.creates, c.lists = c.managed(http.MethodPost, "", newKey), c.managed(http.MethodGet, "?size=20", "")
	return c
}

func (h *busyHouse) callers(t *testing.T, n int) []*caller {
	t.Helper()
	all := make([]*caller, n)
	for i := range all {
		all[i] = h.caller(t, i)
	}
	return all
}

func (c *caller) connect(t *testing.T) {
	t.Helper()
	if err := errors.Join(c.public.dial(), c.internal.dial()); err != nil {
		t.Fatal(err)
	}
}

// kind is one kind of request. It returns false for a wrong response, and its
// status.
type kind func(c *caller) (status int, right bool, err error)

// check checks one of the allowed keys.
func check(c *caller) (int, bool, error) {
	status, body, err := c.internal.ask(c.house.checks[c.random.IntN(len(c.house.checks))])
	return status, bytes.Contains(body, []byte(`"allowed":true`)), err
}

// manage creates a key, or gets, lists, rotates or disables keys.
func manage(c *caller) (int, bool, error) {
	if c.mine.id == "" {
		return c.create()
	}
	switch c.random.IntN(5) {
	case 0:
		return c.create()
	case 1:
		return c.succeed(c.mine.shows)
	case 2:
		return c.succeed(c.mine.rotates)
	case 3:
		return c.succeed(c.mine.disables)
	default:
		return c.succeed(c.lists)
	}
}

// mixed sends a check, or once in fifty times a management request.
func mixed(c *caller) (int, bool, error) {
	if c.random.IntN(50) == 0 {
		return manage(c)
	}
	return check(c)
}

func (c *caller) create() (int, bool, error) {
	resent := c.public.resent
	status, body, err := c.public.ask(c.creates)
	if c.public.resent > resent { // the first may have been made
		c.house.doubts.Add(1)
	}
	if err != nil || status != http.StatusCreated {
		c.house.doubts.Add(1)
		return status, false, err
	}
	c.house.created.Add(1)
	id := member(string(body), "apiKeyId")
	c.mine = mine{
		id:       id,
		shows:    c.managed(http.MethodGet, "/"+id, ""),
		rotates:  c.managed(http.MethodPost, "/"+id+"/rotate", `{}`),
		disables: c.managed(http.MethodPost, "/"+id+"/disable", `{}`),
	}
	return status, id != "", nil
}

func (c *caller) succeed(request []byte) (int, bool, error) {
	status, _, err := c.public.ask(request)
	return status, status == http.StatusOK, err
}

func (c *caller) managed(method, path, body string) []byte {
	return fmt.Appendf(nil, "%s /web/v1/workspaces/%s/api-keys%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"X-Client-Hash: device-1\r\nX-Workspace-Id: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, c.workspace, path, c.house.token, c.workspace, len(body), body)
}
