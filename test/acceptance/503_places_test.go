package acceptance

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/domain"
)

// serve passes r to the service without the network. Its body comes from
// elsewhere.
func (w *world) serve(t *testing.T, to http.ResponseWriter, r request, body io.Reader) {
	t.Helper()
	asked := httptest.NewRequestWithContext(t.Context(), r.method, r.url, body)
	asked.Header = r.header
	w.service.Handler().ServeHTTP(to, asked)
}

// slowReader reads a response when it is told to.
type slowReader struct {
	*httptest.ResponseRecorder

	begun, proceed chan struct{}
}

func (s slowReader) Write(p []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.proceed
	return s.ResponseRecorder.Write(p)
}

func TestOverload_IsNotCausedByClientsThatReadSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	key, _ := w.newKey(t, keySpec{Name: "k"})
	for name, asked := range asks {
		if name == "deleteKey" { // its response has no body
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			filled := strings.NewReplacer("$id", key, "$mode", "LIVE", "$number", "1")
			body := filled.Replace(asked.body)
			r := w.create(t, body, func(r *request) { r.method, r.url = asked.method, r.url+filled.Replace(asked.path) })
			reader := slowReader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
			var served sync.WaitGroup
			for range managedAtOnce {
				served.Go(func() {
					w.serve(t, slowReader{httptest.NewRecorder(), reader.begun, reader.proceed}, r, strings.NewReader(body))
				})
				<-reader.begun
			}
			if a := do(t, w.create(t, `{"name":"k"}`)); a.status != http.StatusCreated {
				t.Errorf("a creation is answered %d", a.status)
			}
			close(reader.proceed)
			served.Wait()
		})
	}
}

func TestOverload_503_alsoThatBeganWhileABodyCame(t *testing.T) {
	t.Parallel()
	store := newHeld()
	w := newWorld(t, unlimited, apikeys.WithStore(apikeys.Store{Keys: store}))
	r := w.create(t, `{"name":"k"}`)
	body, send := io.Pipe()
	answer, answered := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(answered)
		w.serve(t, answer, r, body)
	}()
	if _, err := io.WriteString(send, r.body); err != nil { // the body is read, so the request was admitted
		t.Fatal(err)
	}
	var others sync.WaitGroup
	for range managedAtOnce {
		others.Go(func() { w.serve(t, httptest.NewRecorder(), r, strings.NewReader(r.body)) })
		<-store.entered
	}
	_ = send.Close()
	select {
	case <-answered:
		if answer.Code != http.StatusServiceUnavailable {
			t.Errorf("a creation is answered %d", answer.Code)
		}
	case <-store.entered:
		t.Error("one more was carried out")
	}
	close(store.proceed)
	others.Wait()
	<-answered
}

// slowRoles makes every actor an owner, when it is told to.
type slowRoles struct{ asked, proceed chan struct{} }

func (r slowRoles) Role(context.Context, domain.Actor, domain.WorkspaceID) (domain.Role, error) {
	r.asked <- struct{}{}
	<-r.proceed
	return domain.RoleOwner, nil
}

func TestOverload_503_whileRolesAreLookedUp(t *testing.T) {
	t.Parallel()
	roles := slowRoles{make(chan struct{}), make(chan struct{})}
	w := newWorld(t, unlimited, apikeys.WithWorkspaceRoles(roles))
	answers, refused := make(chan answer, managedAtOnce), make(chan answer, 1)
	for range managedAtOnce {
		begin(t, w.list(t, ""), answers)
	}
	for range managedAtOnce {
		<-roles.asked
	}
	begin(t, w.list(t, ""), refused)
	select {
	case a := <-refused:
		mustBe(t, a, 503, "5030", "Service temporarily unavailable")
	case <-roles.asked:
		t.Error("one more is let in")
	}
	close(roles.proceed)
	for range managedAtOnce {
		if a := <-answers; a.status != http.StatusOK {
			t.Errorf("one that was let in is answered %d", a.status)
		}
	}
}
