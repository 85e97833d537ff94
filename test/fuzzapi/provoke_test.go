package fuzzapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// IDs of what does not exist.
const (
	noKey      = "sk_live_0000000000000000"
	noWebhook  = "wh_0000000000000000000000"
	noDelivery = "dlv_00000000000000000000000000000000"
)

// provocation changes a valid call about a new subject so that it gets a certain
// response.
type provocation func(ctx context.Context, s *service, c *call) error

// provocations lists the provocation of each response by code, or by status if it
// has no code. Responses that are not listed result from a valid call.
var provocations = map[string]provocation{
	"4000": func(_ context.Context, _ *service, c *call) error {
		switch {
		case c.operation.managed():
			c.header.Del("X-Client-Hash")
		case c.operation.authorize():
			c.query = "scopes=payment:read"
			c.path = strings.Replace(c.path, "/cost/5", "/cost/5.0", 1)
		default:
			c.send(map[string]any{})
		}
		return nil
	},
	"4010": func(_ context.Context, _ *service, c *call) error {
		c.header.Del("Authorization")
		c.header.Del("X-Internal-Token")
		return nil
	},
	"4011": func(_ context.Context, _ *service, c *call) error {
		c.header.Del("X-Api-Key")
		return nil
	},
	"403": func(_ context.Context, _ *service, c *call) error {
		c.send(map[string]any{"detector": map[string]any{"token": []string{"no secret"}}})
		return nil
	},
	"4012": func(_ context.Context, _ *service, c *call) error {
		c.body = append(c.body, '\n')
		c.header.Set(signatureHeader, "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=")
		return nil
	},
	"4030": func(_ context.Context, s *service, c *call) error {
		c.header.Set("Authorization", "Bearer "+s.tokens["viewer"])
		return nil
	},
	"4031": func(_ context.Context, s *service, c *call) error {
		c.header.Set("Authorization", "Bearer "+s.tokens["tenant"])
		c.send(map[string]any{"name": "k", "mode": 2})
		return nil
	},
	"4032": func(_ context.Context, _ *service, c *call) error {
		c.query = "scope=payment:refund"
		c.path = strings.Replace(c.path, "payment:read", "payment:refund", 1)
		return nil
	},
	"4033": func(ctx context.Context, s *service, c *call) error {
		elsewhere, err := s.newKey(ctx, map[string]any{"name": "k", "scopes": []string{"payment:read"}, "ipWhitelist": []string{"192.0.2.1"}})
		c.header.Set("X-Api-Key", elsewhere.secret)
		return err
	},
	"4040": func(_ context.Context, _ *service, c *call) error {
		c.path = strings.Replace(c.path, c.subject.key.id, noKey, 1)
		c.body = []byte(strings.Replace(string(c.body), c.subject.key.id, noKey, 1))
		return nil
	},
	"4041": func(_ context.Context, _ *service, c *call) error {
		c.path = strings.Replace(c.path, "payment:read", "/payment:read", 1)
		c.path = strings.Replace(c.path, "heap", "nothing", 1)
		c.path = strings.Replace(c.path, "leaks/github", "leaks/nothing", 1)
		return nil
	},
	"4042": func(_ context.Context, _ *service, c *call) error {
		c.path = strings.Replace(c.path, c.subject.hook.id, noWebhook, 1)
		c.body = []byte(strings.Replace(string(c.body), c.subject.hook.id, noWebhook, 1))
		return nil
	},
	"4060": func(_ context.Context, _ *service, c *call) error {
		c.header.Set("Accept", "text/html")
		return nil
	},
	"4090": func(ctx context.Context, s *service, c *call) error {
		if c.operation.OperationID != "rotateKey" {
			return whileDuplicateRuns(ctx, s, c)
		}
		expiry := s.clock.Now().Add(time.Second).Format(time.RFC3339)
		ended, err := s.newKey(ctx, map[string]any{"name": "k", "expiresAt": expiry})
		s.clock.ahead.Add(int64(2 * time.Second))
		c.path = strings.Replace(c.path, c.subject.key.id, ended.id, 1)
		return err
	},
	"4091": func(ctx context.Context, s *service, c *call) error {
		c.header.Set("Idempotency-Key", "taken-"+c.operation.OperationID)
		byAnother := *c
		byAnother.header = c.header.Clone()
		byAnother.header.Set("Authorization", "Bearer "+s.tokens["partner"])
		_, err := s.do(ctx, &byAnother)
		return err
	},
	"4092": func(ctx context.Context, s *service, c *call) error {
		c.path = strings.Replace(c.path, workspace, crowded, 1)
		c.header.Set("X-Workspace-Id", crowded)
		c.header.Set("Authorization", "Bearer "+s.tokens["crowded"])
		return s.store.crowd(ctx, crowded)
	},
	"4093": func(ctx context.Context, s *service, _ *call) error {
		for range domain.MaxWebhooks - 1 {
			if _, err := s.store.webhooks.newHook(ctx, s.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	},
	"4120": func(_ context.Context, _ *service, c *call) error {
		c.header.Set("If-Match", `"another"`)
		return nil
	},
	"4130": func(_ context.Context, _ *service, c *call) error {
		c.send(strings.Repeat("x", 256<<10))
		return nil
	},
	"4150": func(_ context.Context, _ *service, c *call) error {
		c.send(map[string]any{})
		c.header.Set("Content-Encoding", "gzip")
		return nil
	},
	"4290": func(ctx context.Context, s *service, c *call) error {
		c.header.Set("X-Forwarded-For", "192.0.2.9") // an address that no other test uses
		c.header.Del("Authorization")
		c.header.Del(signatureHeader)
		if c.operation.OperationID == "reportLeaks" {
			c.send(map[string]any{}) // is rejected without delay
		}
		for range config.Default().AuthFailureRate {
			if a, err := s.do(ctx, c); err != nil || a.code == "4290" { // by the failures of another operation
				return err
			}
		}
		return nil
	},
	"4291": limited(map[string]any{"rateLimits": []any{map[string]any{"name": "default", "limit": 1, "windowSeconds": 60}}}),
	"4292": limited(map[string]any{"quota": map[string]any{"limit": 1, "period": "TOTAL"}}),
	"5000": func(_ context.Context, s *service, _ *call) error {
		s.store.fail(errors.New("the column is on fire"))
		return nil
	},
	"5030": withoutStore,
	"503":  withoutStore,
}

// limited presents a key with limits that it has reached.
func limited(limits map[string]any) provocation {
	return func(ctx context.Context, s *service, c *call) error {
		body := map[string]any{"name": "k", "scopes": []string{"payment:read"}}
		maps.Copy(body, limits)
		k, err := s.newKey(ctx, body)
		c.header.Set("X-Api-Key", k.secret)
		if err == nil {
			_, err = s.do(ctx, c)
		}
		return err
	}
}

func withoutStore(_ context.Context, s *service, c *call) error {
	if c.operation.OperationID == "profile" { // there is one CPU profile at a time
		c.path = strings.Replace(c.path, "heap", "profile", 1)
		c.after = pprof.StopCPUProfile
		return pprof.StartCPUProfile(io.Discard)
	}
	s.store.fail(fmt.Errorf("connect: %w", domain.ErrUnavailable))
	return nil
}

// whileDuplicateRuns keeps the same call in flight until c has its response.
func whileDuplicateRuns(ctx context.Context, s *service, c *call) error {
	c.header.Set("Idempotency-Key", "duplicate-"+c.operation.OperationID)
	duplicate := *c
	started, release := s.store.hold()
	done := make(chan error, 1)
	go func() {
		_, err := s.do(ctx, &duplicate)
		done <- err
	}()
	c.after = func() {
		release()
		<-done
	}
	select {
	case <-started:
		return nil
	case err := <-done:
		return fmt.Errorf("the duplicate made no change: %w", err)
	}
}

// provoke returns an error unless the service gives the response p to a call with
// its provocation.
func (s *service) provoke(ctx context.Context, o operation, p promised) error {
	sub, err := s.newSubject(ctx)
	if err != nil {
		return err
	}
	c := s.valid(o, sub)
	name := p.code
	if name == "" {
		name = fmt.Sprint(p.status)
	}
	if change := provocations[name]; change != nil {
		if err := change(ctx, s, c); err != nil {
			return err
		}
	}
	defer s.store.fail(nil)
	a, err := s.do(ctx, c)
	if c.after != nil {
		c.after()
	}
	if err != nil {
		return err
	}
	if p.status == http.StatusForbidden && strings.HasPrefix(p.code, "429") {
		c.query += "&refuse=403"
		a, err = s.do(ctx, c)
	}
	if err != nil {
		return err
	}
	if a.status != p.status || a.code != p.code && c.method != http.MethodHead {
		return fmt.Errorf("response %d %s", a.status, a.code)
	}
	return nil
}
