package client

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

func TestShortcut_isBounded(t *testing.T) {
	t.Parallel()
	s, err := newShortcut(Options{CacheFor: time.Minute, CacheEntries: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for range 1000 {
		secret, err := domain.NewSecret(rand.Reader, domain.ModeLive)
		if err != nil {
			t.Fatal(err)
		}
		s.keep(s.name(domain.Check{Secret: secret}), domain.Decision{Verdict: domain.VerdictOK}, time.Now())
	}
	s.answers.CleanUp()
	if n := s.answers.EstimatedSize(); n > 10 {
		t.Errorf("%d answers are kept", n)
	}
}

func TestShortcut_noTwoQuestionsShareAName(t *testing.T) {
	t.Parallel()
	s, err := newShortcut(Options{CacheFor: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	names := map[questionName][]domain.Scope{}
	for _, scopes := range [][]domain.Scope{
		nil, {""}, {"", ""}, {"a:b"}, {"a:b", ""}, {"", "a:b"}, {"a:ba:b"}, {"a:b", "a:b"}, {"a:", "ba:b"},
	} {
		name := s.name(domain.Check{Scopes: scopes})
		if same, ok := names[name]; ok {
			t.Errorf("%q and %q have one name", same, scopes)
		}
		names[name] = scopes
	}
}

func TestShortcut_namesTellNothingToAnotherProcess(t *testing.T) {
	t.Parallel()
	one, err1 := newShortcut(Options{CacheFor: time.Minute})
	two, err2 := newShortcut(Options{CacheFor: time.Minute})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer one.close()
	defer two.close()
	if one.name(domain.Check{}) == two.name(domain.Check{}) {
		t.Error("two processes give a question the same name")
	}
}

func TestAge_isTheLargerOfBothClocks(t *testing.T) {
	t.Parallel()
	since := time.Now()
	if got := age(since, since.Add(time.Minute)); got != time.Minute {
		t.Errorf("both advance: %v", got)
	}
	// A reading without the monotonic part stands for a machine that was
	// suspended: only the wall clock moved.
	if got := age(since, since.Add(time.Hour).Round(0)); got != time.Hour {
		t.Errorf("the monotonic clock stood still: %v", got)
	}
}

// FuzzDecisionOf looks for a body that is taken for a yes without being the
// one yes there is.
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
			t.Errorf("an error beside %v", d.Verdict)
		case d.Verdict == domain.VerdictNotFound && d.Key.KeyID != "":
			t.Error("an identity that nobody has proven")
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
