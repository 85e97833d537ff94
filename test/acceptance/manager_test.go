package acceptance

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	goclient "github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// Tests manage keys with the Go client, unless they are about the bytes of a
// request or a response.

type keySpec = goclient.KeySpec

// at returns the time that text is in RFC 3339.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// manager returns the workspace through the Go client, with a token that changes
// change. Its exchanges are held to the document like all others.
func (w *world) manager(t *testing.T, changes ...func(*jwttest.Claims)) *goclient.Workspace {
	t.Helper()
	return w.managed(t, checked, workspace, changes...)
}

// managerOf is manager for the owner of another workspace.
func (w *world) managerOf(t *testing.T, workspace string) *goclient.Workspace {
	t.Helper()
	return w.managed(t, checked, workspace, func(c *jwttest.Claims) { c.Workspaces = map[string]string{workspace: "OWNER"} })
}

func (w *world) managed(t *testing.T, transport http.RoundTripper, workspace string, changes ...func(*jwttest.Claims)) *goclient.Workspace {
	t.Helper()
	m, err := goclient.NewManager(goclient.ManagerOptions{
		BaseURL:    w.public,
		Token:      func(context.Context) (string, error) { return w.token(t, changes...), nil },
		ClientHash: clientHash,
		Timeout:    time.Minute,
		Attempts:   1,
		HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m.Workspace(domain.WorkspaceID(workspace))
}

// newKey creates a key and returns it with its secret.
func (w *world) newKey(t *testing.T, spec keySpec) (id, secret string) {
	t.Helper()
	created := must(w.manager(t).CreateKey(t.Context(), spec))(t)
	return string(created.Key.ID), created.Secret.Reveal()
}

func (w *world) getKey(t *testing.T, id string) goclient.Key {
	t.Helper()
	return must(w.manager(t).GetKey(t.Context(), domain.KeyID(id)))(t)
}

func (w *world) disableKey(t *testing.T, id string) {
	t.Helper()
	if err := w.manager(t).DisableKey(t.Context(), domain.KeyID(id)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) deleteKey(t *testing.T, id string) {
	t.Helper()
	if err := w.manager(t).DeleteKey(t.Context(), domain.KeyID(id)); err != nil {
		t.Fatal(err)
	}
}

// must returns a function that returns value, or fails the test with err.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// codeOf returns the code of a response that the client has turned into an error,
// or "" without an error.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	response, ok := errors.AsType[*goclient.Error](err)
	if !ok {
		t.Fatal(err)
	}
	return response.Code
}
