package application_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/domain"
)

func spec() domain.KeySpec {
	return domain.KeySpec{
		Name:        "Production Key",
		Scopes:      []string{"payment:read", "payment:write"},
		IPWhitelist: []string{"192.168.1.0/24"},
		ExpiresAt:   now.Add(24 * time.Hour),
	}
}

func TestCreateKey_StoresTheKeyAndItsCreationEvent(t *testing.T) {
	t.Parallel()
	keys, hasher := memory.NewKeyRepository(), newHasher(t)
	created, err := open(t, keys, domain.PortalTenant).CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	id := created.Secret.KeyID()

	stored, err := keys.Get(t.Context(), workspace, id)
	if err != nil {
		t.Fatal(err)
	}
	s := stored.Snapshot()
	if len(s.Secrets) != 1 || !hasher.Verify(created.Secret, s.Secrets[0].Digest) || !s.Secrets[0].ValidUntil.IsZero() {
		t.Error("the stored digest is not that of the secret")
	}
	if s.CreatedBy != "acc-1" || !s.CreatedAt.Equal(now) || s.Mode != domain.ModeLive || s.Name.String() != "Production Key" {
		t.Errorf("stored by %s at %s as %s: %s", s.CreatedBy, s.CreatedAt, s.Mode, s.Name)
	}

	events, err := eventsOf(t, keys, id)
	if err != nil {
		t.Fatal(err)
	}
	want := []domain.Event{{
		KeyID:     id,
		Workspace: workspace,
		Type:      domain.EventCreated,
		At:        now,
		By:        domain.Author{AccountID: "acc-1", Portal: domain.PortalTenant, Origin: origin},
		Changes: []domain.Change{
			{Field: "name", New: "Production Key"},
			{Field: "mode", New: "LIVE"},
			{Field: "scopes", New: []string{"payment:read", "payment:write"}},
			{Field: "ipWhitelist", New: []string{"192.168.1.0/24"}},
			{Field: "expiresAt", New: "2026-03-22T12:00:00Z"},
		},
	}}
	ignoreID := cmpopts.IgnoreFields(domain.Event{}, "ID")
	if diff := cmp.Diff(want, events, ignoreID, cmpopts.EquateComparable(domain.Origin{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestCreateKey_StoresOnlyTheDigestOfTheSecret(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	created, err := open(t, keys, domain.PortalPartner).CreateKey(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := keys.Find(t.Context(), created.Secret.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	events, err := eventsOf(t, keys, created.Secret.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	digest := stored.Snapshot().Secrets[0].Digest.Sum
	kept := fmt.Sprintf("%#v %#v %v", stored.Snapshot(), events, created)
	for name, secret := range map[string]string{
		"the random part": created.Secret.Reveal()[domain.KeyIDLength:],
		"its prefix":      created.Secret.Reveal()[domain.KeyIDLength:][:8],
		"the digest":      hex.EncodeToString(digest[:]),
		"its bytes":       strings.Trim(fmt.Sprint(digest), "[]"),
	} {
		if strings.Contains(kept, secret) {
			t.Errorf("%s is in %s", name, kept)
		}
	}
}

func TestCreateKey_GeneratesUniqueIDsAndSecrets(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	ws, seen := open(t, keys, domain.PortalPartner), map[string]bool{}
	for range 50 {
		created, err := ws.CreateKey(t.Context(), spec())
		if err != nil {
			t.Fatal(err)
		}
		events, err := eventsOf(t, keys, created.Key.ID())
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for _, id := range []string{string(created.Key.ID()), created.Secret.Reveal()[domain.KeyIDLength:], events[0].ID} {
			if seen[id] {
				t.Errorf("%d distinct values, then a duplicate", len(seen))
			}
			seen[id] = true
		}
	}
}

func TestCreateKey_AllowsTestKeysOnlyForThePartnerPortal(t *testing.T) {
	t.Parallel()
	for portal, want := range map[domain.Portal]error{
		domain.PortalPartner:  nil,
		domain.PortalTenant:   domain.ErrTestKeyPortal,
		domain.PortalSystem:   domain.ErrTestKeyPortal,
		domain.PortalConsumer: domain.ErrTestKeyPortal,
	} {
		t.Run(string(portal), func(t *testing.T) {
			t.Parallel()
			keys := &failingKeys{}
			test := spec()
			test.Mode = domain.ModeTest
			created, err := open(t, keys, portal).CreateKey(t.Context(), test)
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if want != nil && (keys.calls != 0 || created != application.CreatedKey{}) {
				t.Errorf("%d keys were stored", keys.calls)
			}
			if want == nil && (keys.calls != 1 || !strings.HasPrefix(created.Secret.Reveal(), "sk_test_")) {
				t.Errorf("%d keys were stored, ID %s", keys.calls, created.Secret.KeyID())
			}
		})
	}
}

func TestCreateKey_StoresNothingOnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	past := domain.Faults{{Field: "expiresAt", Reason: domain.ReasonInPast, Rule: domain.RuleExpiryInPast}}
	nameless := domain.Faults{{Field: "name", Reason: domain.ReasonLength, Rule: domain.RuleNameLength}}
	unknownMode := domain.Faults{{Field: "mode", Reason: domain.ReasonRange, Rule: domain.RuleModeRange}}
	for name, tc := range map[string]struct {
		change func(*domain.KeySpec)
		random io.Reader
		want   error
	}{
		"an expiry in the past":          {func(s *domain.KeySpec) { s.ExpiresAt = now }, random(), past},
		"no name":                        {func(s *domain.KeySpec) { s.Name = "" }, random(), nameless},
		"an unknown mode":                {func(s *domain.KeySpec) { s.Mode = 3 }, random(), unknownMode},
		"no randomness for the secret":   {nil, iotest.ErrReader(broken), broken},
		"no randomness for the event":    {nil, io.MultiReader(bytes.NewReader(make([]byte, 73)), iotest.ErrReader(broken)), broken},
		"randomness that ends too early": {nil, strings.NewReader("short"), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, s := &failingKeys{}, spec()
			if tc.change != nil {
				tc.change(&s)
			}
			created, err := openWith(t, keys, domain.PortalPartner, parts{random: tc.random}).CreateKey(t.Context(), s)
			if want, ok := errors.AsType[domain.Faults](tc.want); ok {
				if got, ok := errors.AsType[domain.Faults](err); !ok || cmp.Diff(want, got) != "" {
					t.Errorf("got %v, want %v", err, want)
				}
			} else if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if keys.calls != 0 || created != (application.CreatedKey{}) {
				t.Errorf("%d keys were stored", keys.calls)
			}
		})
	}
}

func TestCreateKey_ReturnsNoSecretThatWasNotStored(t *testing.T) {
	t.Parallel()
	down := fmt.Errorf("%w: connection refused", domain.ErrUnavailable)
	for name, want := range map[string]error{
		"the store is down":     down,
		"the ID already exists": domain.ErrKeyExists,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := &failingKeys{err: want}
			created, err := open(t, keys, domain.PortalPartner).CreateKey(t.Context(), spec())
			if !errors.Is(err, want) || keys.calls != 1 || created != (application.CreatedKey{}) {
				t.Errorf("got %v after %d calls, want %v", err, keys.calls, want)
			}
		})
	}
	t.Run("the request was cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		created, err := open(t, memory.NewKeyRepository(), domain.PortalPartner).CreateKey(ctx, spec())
		if !errors.Is(err, domain.ErrUnavailable) || created != (application.CreatedKey{}) {
			t.Errorf("got %v", err)
		}
	})
}
