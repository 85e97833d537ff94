package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// workspaceKeys is the number of keys in the workspace that is read.
const workspaceKeys = 100_000

// BenchmarkGet compares reading one key of a large workspace, in process and over
// HTTP, with its query, using the same driver and pool size. The amount of work is
// fixed: -benchtime has no effect.
func BenchmarkGet(b *testing.B) { benchmarkReading(b, get, 4_000) }

// BenchmarkList does the same for the newest 20 keys with their total.
func BenchmarkList(b *testing.B) { benchmarkReading(b, listNewest, 1_000) }

// reading is an operation that reads keys, as a query, over HTTP and as a call.
type reading struct {
	query string
	rows  int
	args  func(i int) []any
	path  func(i int) string
	call  func(ctx context.Context, ws *apikeys.Workspace, i int) error
}

var get = reading{
	query: getKey,
	rows:  1,
	args:  func(i int) []any { return []any{numbered(i), workspace} },
	path:  func(i int) string { return "/" + numbered(i) },
	call: func(ctx context.Context, ws *apikeys.Workspace, i int) error {
		_, err := ws.GetKey(ctx, domain.KeyID(numbered(i)))
		return err
	},
}

var listNewest = reading{
	query: listKeys,
	rows:  domain.DefaultPageSize,
	args:  func(int) []any { return []any{workspace, domain.DefaultPageSize, 0, workspace} },
	path:  func(int) string { return "" },
	call: func(ctx context.Context, ws *apikeys.Workspace, _ int) error {
		page, err := ws.ListKeys(ctx, domain.KeyFilter{}, domain.Order{}, domain.Page{})
		if err == nil && (len(page.Keys) != domain.DefaultPageSize || page.Total != workspaceKeys) {
			err = fmt.Errorf("%d keys of %d were listed", len(page.Keys), page.Total)
		}
		return err
	},
}

// numbered returns the ID of the i-th key to read.
func numbered(i int) string { return fmt.Sprintf("sk_live_%016d", 1+i*37%workspaceKeys) }

func benchmarkReading(b *testing.B, r reading, times int) {
	b.Helper()
	for _, engine := range engines {
		b.Run("store="+engine.name, func(b *testing.B) {
			sides := newSides(b, engine, r)
			for _, clients := range []int{1, targetClients} {
				turns := interleave(b,
					entrant{sides.bare, clients, times}, entrant{sides.embedded, clients, times}, entrant{sides.http, clients, times})
				for i, name := range []string{"in-process", "http"} {
					b.Run(fmt.Sprintf("%s/clients=%d", name, clients), func(b *testing.B) {
						newResult(clients, turns[0], turns[1+i], turn.rate).report(b)
					})
				}
			}
		})
	}
}

type sides struct{ bare, embedded, http side }

func newSides(b *testing.B, e engine, r reading) sides {
	b.Helper()
	databaseURL := migrated(b, e.volatile(b)(b))
	fillWorkspace(b, e, databaseURL)
	cfg := settings(b, jwttest.NewIssuer(b), databaseURL)
	embedded := newEmbedded(b, cfg)
	return sides{
		bare:     newQuerying(b, e, databaseURL, r),
		embedded: &calling{workspace: openWorkspace(b, embedded), reading: r},
		http:     &requesting{service: newService(b, databaseURL), reading: r},
	}
}

// calling is a side that calls the embedded service.
type calling struct {
	workspace *apikeys.Workspace
	reading   reading
}

func (s *calling) clients(t testing.TB, n, _ int) []client {
	t.Helper()
	ctx := t.Context()
	return alike(n, func(i int) error { return s.reading.call(ctx, s.workspace, i) })
}

// requesting is a side that sends requests to the service over HTTP.
type requesting struct {
	service     *service
	reading     reading
	connections []*requester
}

func (s *requesting) clients(t testing.TB, n, keys int) []client {
	t.Helper()
	token := s.service.token(t)
	requests := make([][]byte, keys)
	for i := range requests {
		requests[i] = fmt.Appendf(nil, "GET /web/v1/workspaces/%s/api-keys%s HTTP/1.1\r\n"+
			"Host: %s\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\nX-Client-Hash: %s\r\nX-Workspace-Id: %s\r\n\r\n",
			workspace, s.reading.path(i), s.service.address, token, clientHash, workspace)
	}
	for len(s.connections) < n {
		s.connections = append(s.connections, dial(t, s.service.address, nil))
	}
	return sending(s.connections[:n], requests)
}
