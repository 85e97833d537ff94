package client

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestCache_IsBounded(t *testing.T) {
	t.Parallel()
	s, err := newCache(Options{CacheFor: time.Minute, CacheEntries: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for range 1000 {
		secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
		if err != nil {
			t.Fatal(err)
		}
		s.put(s.idOf(domain.Check{Secret: secret}), domain.Decision{Verdict: domain.VerdictOK}, time.Now())
	}
	s.approvals.CleanUp()
	if n := s.approvals.EstimatedSize(); n > 10 {
		t.Errorf("%d approvals are cached", n)
	}
}

func TestCache_GivesDifferentChecksDifferentIDs(t *testing.T) {
	t.Parallel()
	s, err := newCache(Options{CacheFor: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	ids := map[checkID][]domain.Scope{}
	for _, scopes := range [][]domain.Scope{
		nil, {""}, {"", ""}, {"a:b"}, {"a:b", ""}, {"", "a:b"}, {"a:ba:b"}, {"a:b", "a:b"}, {"a:", "ba:b"},
	} {
		id := s.idOf(domain.Check{Scopes: scopes})
		if same, ok := ids[id]; ok {
			t.Errorf("%q and %q have the same ID", same, scopes)
		}
		ids[id] = scopes
	}
}

func TestCache_IDsDifferBetweenProcesses(t *testing.T) {
	t.Parallel()
	one, err1 := newCache(Options{CacheFor: time.Minute})
	two, err2 := newCache(Options{CacheFor: time.Minute})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer one.close()
	defer two.close()
	if one.idOf(domain.Check{}) == two.idOf(domain.Check{}) {
		t.Error("two caches give a check the same ID")
	}
}

// FuzzDecisionOf checks that no body gives an approval or an identity that
// contradicts the check.
func FuzzDecisionOf(f *testing.F) {
	secret, err := domain.NewSecret(zeros{}, domain.ModeLive)
	if err != nil {
		f.Fatal(err)
	}
	id := string(secret.KeyID())
	f.Add(`{"success":true,"data":{"allowed":true,"reason":"OK","apiKeyId":"` + id + `","workspaceId":"w","mode":"LIVE","scopes":["a:b"],"expiresAt":null}}`)
	f.Add(`{"success":true,"data":{"allowed":true,"reason":"NOT_FOUND"}}`)
	f.Add(`{"success":true,"data":{"allowed":false,"reason":"DISABLED","apiKeyId":"` + id + `","workspaceId":"w","mode":"LIVE","scopes":[],"expiresAt":"2026-03-21T00:00:00Z"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		d, err := decisionOf([]byte(body), domain.Check{Secret: secret, Scopes: []domain.Scope{"a:b"}})
		switch {
		case err != nil && d.Verdict != domain.VerdictNotFound:
			t.Errorf("an error with the verdict %v", d.Verdict)
		case d.Verdict == domain.VerdictNotFound && d.Key.KeyID != "":
			t.Error("an identity without proof")
		case d.Verdict != domain.VerdictNotFound && (d.Key.KeyID != secret.KeyID() || d.Key.Workspace == ""):
			t.Errorf("%v without an identity", d.Verdict)
		case d.Allowed() && !d.Key.Scopes.Holds([]domain.Scope{"a:b"}):
			t.Error("allowed without the scope")
		}
	})
}

// zeros is an io.Reader of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
