package fuzzapi

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/test/conform"
	"github.com/slaunchx/apikeys/test/reporter"
	"github.com/slaunchx/apikeys/test/serving"
)

const (
	workspace     = "ws_1"
	crowded       = "ws_crowded" // has reached its number of keys
	internalToken = "the-internal-token-of-this-test-"
)

// service is a running service with its documented operations and a client that
// fails if a response is not documented.
type service struct {
	operations []operation
	client     *http.Client
	tokens     map[string]string // by kind of caller
	store      *store
	clock      *clock
	github     *reporter.GitHub
}

type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC).Add(time.Duration(c.ahead.Load()))
}

func newService(t *testing.T, changes ...func(*config.Config)) *service {
	t.Helper()
	s := &service{clock: new(clock), github: reporter.New(t)}
	s.store = newStore(s.clock.Now)
	issuer := jwttest.NewIssuer(t)
	issuer.SetClock(s.clock.Now)
	s.tokens = tokensOf(t, issuer)
	cfg := configuration(t, issuer)
	cfg.GitHubKeysURL = s.github.URL
	for _, change := range changes {
		change(&cfg)
	}
	running := serving.Start(t, cfg, apikeys.WithClock(s.clock.Now), apikeys.WithStore(apikeys.Store{
		Keys: s.store, Changes: s.store, Usage: s.store, Limits: memory.NewLimitStore(s.clock.Now), Webhooks: s.store.webhooks,
	}))
	document := readDocument(t)
	public, internal := listener(t, document, publicServer), listener(t, document, internalServer)
	s.operations = operationsOf(document, map[string]string{publicServer: running.Public, internalServer: running.Internal})
	s.client = &http.Client{
		Transport: &conform.Transport{
			Base: &http.Transport{DisableCompression: true},
			Listener: func(host string) *conform.Listener {
				if host == running.Public {
					return public
				}
				return internal
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	return s
}

func configuration(t *testing.T, issuer *jwttest.Issuer) config.Config {
	t.Helper()
	cfg := serving.ConfigTrusting(t, issuer)
	cfg.InternalToken, cfg.SealingKeys = internalToken, cfg.Peppers
	cfg.PProf = true
	cfg.ManagementRate = 0 // the clock stands still
	cfg.TrustedProxies = []string{"127.0.0.1/32"}
	return cfg
}

func withoutSealingKey(cfg *config.Config) { cfg.SealingKeys = "" }

// tokensOf returns one token of each kind.
func tokensOf(t *testing.T, issuer *jwttest.Issuer) map[string]string {
	t.Helper()
	token := func(portal, role string, change func(*jwttest.Claims)) string {
		c := jwttest.Claims{Account: "acc-7", Portal: portal, Workspaces: map[string]string{workspace: role}, TTL: 24 * time.Hour}
		change(&c)
		return issuer.Token(t, c)
	}
	same := func(*jwttest.Claims) {}
	return map[string]string{
		"owner":    token("PARTNER", "OWNER", same),
		"tenant":   token("TENANT", "OWNER", same),
		"viewer":   token("PARTNER", "VIEWER", same),
		"partner":  token("PARTNER", "OWNER", func(c *jwttest.Claims) { c.Account = "acc-8" }),
		"crowded":  token("PARTNER", "OWNER", func(c *jwttest.Claims) { c.Workspaces = map[string]string{crowded: "OWNER"} }),
		"stranger": token("PARTNER", "", func(c *jwttest.Claims) { c.Workspaces = map[string]string{"ws_2": "OWNER"} }),
		"bound":    token("PARTNER", "OWNER", func(c *jwttest.Claims) { c.ClientHash = "device-2" }),
		"expired":  token("PARTNER", "OWNER", func(c *jwttest.Claims) { c.TTL = time.Second; c.IssuedAt = issuedLongAgo }),
		"nonsense": "nonsense",
	}
}

var issuedLongAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func readDocument(t *testing.T) *conform.Document {
	t.Helper()
	document, err := conform.Read()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func listener(t *testing.T, document *conform.Document, server string) *conform.Listener {
	t.Helper()
	l, err := document.At(server)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
