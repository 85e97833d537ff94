package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// targetWithWebhook is the maximum cost of a change in a workspace with one webhook,
// relative to one without.
const targetWithWebhook = 1.15

// BenchmarkChangeWithWebhooks compares changes by direct calls in workspaces with one
// webhook and with ten to changes in a workspace without. It reports the time for a
// change at the rate of all clients, and the 10th percentile, on which other programs on
// the machine have little effect. Nothing is sent, because the senders run only while a
// service listens. The amount of work is fixed; -benchtime can only repeat it.
func BenchmarkChangeWithWebhooks(b *testing.B) {
	for _, engine := range engines {
		b.Run("store="+engine.name, func(b *testing.B) {
			cfg := settings(b, jwttest.NewIssuer(b), migrated(b, engine.durable(b)(b)))
			withWebhooks(b, &cfg)
			service := newEmbedded(b, cfg)
			for _, kind := range []struct {
				name   string
				change func(*hooked) client
			}{{"create", (*hooked).create}, {"disable", (*hooked).toggle}} {
				for _, clients := range []int{1, targetClients} {
					b.Run(fmt.Sprintf("%s/clients=%d", kind.name, clients), func(b *testing.B) {
						var sides []entrant
						for _, webhooks := range []int{0, 1, domain.MaxWebhooks} {
							sides = append(sides, entrant{newHooked(b, service, webhooks, kind.change), clients, keysFor(clients) / 3})
						}
						var turns [][]turn
						for b.Loop() {
							turns = interleave(b, sides...)
						}
						reportHooked(b, clients, turns)
					})
				}
			}
		})
	}
}

func reportHooked(b *testing.B, clients int, turns [][]turn) {
	b.Helper()
	one, ten := newResult(clients, turns[0], turns[1], turn.cost), newResult(clients, turns[0], turns[2], turn.cost)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(one.ratio(), "one")
	b.ReportMetric(ten.ratio(), "ten")
	b.ReportMetric(newResult(clients, turns[0], turns[1], turn.fastest).ratio(), "one-fastest")
	b.ReportMetric(newResult(clients, turns[0], turns[2], turn.fastest).ratio(), "ten-fastest")
	b.ReportMetric(targetWithWebhook, "target-one")
	b.ReportMetric(one.bare.rate, "none/s")
	b.ReportMetric(one.service.rate, "one/s")
	b.ReportMetric(ten.service.rate, "ten/s")
}

// cost returns the time for a change.
func (t turn) cost() float64 { return 1 / t.rate() }

// fastest returns the 10th percentile of the latencies in seconds.
func (t turn) fastest() float64 {
	return quantile(slices.Sorted(slices.Values(t.latencies)), 0.1).Seconds()
}

// hooked is a side that makes changes in a workspace with a number of webhooks.
type hooked struct {
	workspace *apikeys.Workspace
	change    func(*hooked) client
	ctx       context.Context
	keys      []domain.KeyID // of the clients
}

func newHooked(b testing.TB, service *apikeys.Service, webhooks int, change func(*hooked) client) *hooked {
	b.Helper()
	name := fmt.Sprintf("ws_%d", webhooks)
	s := &hooked{workspace: service.OperatorWorkspace("bench", domain.WorkspaceID(name), domain.Origin{}), change: change, ctx: b.Context()}
	all, err := s.workspace.ListWebhooks(s.ctx, domain.Page{})
	for n := len(all.Webhooks); n < webhooks && err == nil; n++ {
		_, err = s.workspace.CreateWebhook(s.ctx, domain.WebhookSpec{URL: fmt.Sprintf("https://example.com/hook-%d", n)})
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *hooked) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	for len(s.keys) < n {
		created, err := s.workspace.CreateKey(s.ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		s.keys = append(s.keys, created.Key.ID())
	}
	all := make([]client, n)
	for i := range all {
		all[i] = s.change(&hooked{workspace: s.workspace, ctx: s.ctx, keys: slices.Clone(s.keys[i : i+1])})
	}
	return all
}

func (s *hooked) create() client {
	return func(int) error {
		_, err := s.workspace.CreateKey(s.ctx, spec)
		return err
	}
}

// toggle disables a key of its own, and enables it again.
func (s *hooked) toggle() client {
	disabled := false
	return func(int) error {
		disabled = !disabled
		if disabled {
			return s.workspace.DisableKey(s.ctx, s.keys[0])
		}
		return s.workspace.EnableKey(s.ctx, s.keys[0])
	}
}
