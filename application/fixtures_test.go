package application_test

import (
	"bytes"
	"context"
	"encoding/base64"
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

// hasherUnder returns a hasher under the pepper p1 that consists of that byte.
func hasherUnder(t *testing.T, b byte) ports.SecretHasher {
	t.Helper()
	pepper := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, secrets.MinPepperLength))
	ring, err := secrets.ParseRing("p1:" + pepper)
	if err != nil {
		t.Fatal(err)
	}
	return secrets.NewHasher(ring)
}

// random is deterministic, so that a failure can be run again.
func random() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{7}) }

// ownerOf returns the proof that account acc-1, come through portal, owns the workspace.
func ownerOf(t *testing.T, portal domain.Portal) application.Owner {
	t.Helper()
	roles := memory.NewWorkspaceRoles(map[domain.WorkspaceID]map[string]domain.Role{workspace: {"acc-1": domain.RoleOwner}})
	actor := domain.Actor{AccountID: "acc-1", Portal: portal}
	owner, err := application.NewRequireOwner(roles, &application.Lifetime{}).Do(t.Context(), actor, workspace, origin)
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

func newName(t *testing.T, s string) domain.Name {
	t.Helper()
	name, faults := domain.ParseName(s)
	if faults != nil {
		t.Fatal(faults)
	}
	return name
}

func newScopes(t *testing.T, codes ...domain.Scope) domain.ScopeSet {
	t.Helper()
	set, faults := domain.NewScopeSet(codes...)
	if faults != nil {
		t.Fatal(faults)
	}
	return set
}

func newWhitelist(t *testing.T, entry string) domain.IPWhitelist {
	t.Helper()
	r, faults := domain.ParseIPRange(entry)
	if faults != nil {
		t.Fatal(faults)
	}
	list, faults := domain.NewIPWhitelist(r)
	if faults != nil {
		t.Fatal(faults)
	}
	return list
}

// newCreateKey returns the use case on keys, without a bound on their number.
func newCreateKey(t *testing.T, keys ports.KeyRepository) *application.CreateKey {
	t.Helper()
	return application.NewCreateKey(keys, keys, newHasher(t), random(), clock, 0)
}

// createdBy is what create makes of a spec that is right.
func createdBy(t *testing.T, create *application.CreateKey, once application.Once) (application.CreatedKey, error) {
	t.Helper()
	return create.Do(t.Context(), ownerOf(t, domain.PortalPartner), spec(t), once)
}

// eventsOf returns the trail of a key of the workspace.
func eventsOf(t *testing.T, keys ports.EventReader, id domain.KeyID) ([]domain.Event, error) {
	t.Helper()
	list, err := keys.Events(t.Context(), workspace, id, domain.Page{})
	return list.Events, err
}

// failingKeys is a store that answers everything with err, and counts.
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

// uncached is a source that asks a repository each time.
type uncached struct{ finder ports.KeyFinder }

func (u uncached) Find(ctx context.Context, id domain.KeyID, _ time.Time) (*application.KnownKey, error) {
	key, err := u.finder.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return application.NewKnownKey(key), nil
}
