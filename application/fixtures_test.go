package application_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

var now = time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

const workspace domain.WorkspaceID = "ws-1"

var origin = domain.Origin{ClientHash: "hash-1", IP: netip.MustParseAddr("203.0.113.9"), RequestID: "req-1"}

func newHasher(t *testing.T) ports.SecretHasher {
	t.Helper()
	return hasherUnder(t, 'p')
}

// hasherUnder returns a hasher with the pepper p1, which consists of the byte b.
func hasherUnder(t *testing.T, b byte) ports.SecretHasher {
	t.Helper()
	pepper := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, secrets.MinPepperLength))
	ring, err := secrets.ParseRing("p1:" + pepper)
	if err != nil {
		t.Fatal(err)
	}
	return secrets.NewHasher(ring)
}

// random is deterministic, so that failures are reproducible.
func random() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{7}) }

// parts are dependencies that a test can replace. Zero fields have defaults.
type parts struct {
	random io.Reader
	now    func() time.Time
	writer ports.KeyWriter
	// countsNothing is set for a store that cannot count limits.
	countsNothing bool
	limiter       application.Limiter
}

// open returns the workspace for account acc-1 of portal.
func open(t *testing.T, keys ports.KeyRepository, portal domain.Portal) *application.Workspace {
	t.Helper()
	return openWith(t, keys, portal, parts{})
}

func openWith(t *testing.T, keys ports.KeyRepository, portal domain.Portal, p parts) *application.Workspace {
	t.Helper()
	roles := memory.NewWorkspaceRoles(map[domain.WorkspaceID]map[string]domain.Role{workspace: {"acc-1": domain.RoleOwner}})
	actor := domain.Actor{AccountID: "acc-1", Portal: portal}
	ws, err := workspacesOf(t, roles, keys, p).Open(t.Context(), actor, workspace, origin)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func workspacesOf(t *testing.T, roles ports.WorkspaceRoles, keys ports.KeyRepository, p parts) *application.Workspaces {
	t.Helper()
	if p.random == nil {
		p.random = random()
	}
	if p.now == nil {
		p.now = clock
	}
	if p.writer == nil {
		p.writer = keys
	}
	return application.NewWorkspaces(application.Dependencies{
		Roles: roles, Keys: keys, Writer: p.writer, Hasher: newHasher(t), Random: p.random, Now: p.now, Limits: application.CountsLimits(!p.countsNothing), Limiter: p.limiter, Lifetime: new(application.Lifetime),
	})
}

// eventsOf returns the audit trail of a key in the workspace.
func eventsOf(t *testing.T, keys ports.EventReader, id domain.KeyID) ([]domain.Event, error) {
	t.Helper()
	list, err := keys.Events(t.Context(), workspace, id, domain.Page{})
	return list.Events, err
}

// failingKeys is a store whose methods return err and count their calls.
type failingKeys struct {
	ports.KeyRepository // for the methods that no test calls
	err                 error
	calls               int
}

func (f *failingKeys) Create(context.Context, *domain.APIKey, domain.Event, ports.CreateOptions) error {
	f.calls++
	return f.err
}

func (f *failingKeys) Get(context.Context, domain.WorkspaceID, domain.KeyID) (*domain.APIKey, error) {
	f.calls++
	return nil, f.err
}

func (f *failingKeys) Find(context.Context, domain.KeyID) (*domain.APIKey, error) {
	f.calls++
	return nil, f.err
}

// uncached is a source that reads a repository every time.
type uncached struct{ finder ports.KeyFinder }

func (u uncached) Find(ctx context.Context, id domain.KeyID, _ time.Time) (*application.KnownKey, error) {
	key, err := u.finder.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return application.NewKnownKey(key), nil
}

func (uncached) FindForeign(context.Context, domain.Secret, time.Time) (*application.KnownKey, error) {
	return nil, domain.ErrKeyNotFound
}
