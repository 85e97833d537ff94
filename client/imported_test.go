package client_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/client"
	"github.com/slaunchx/apikeys/domain"
)

// The secret of an imported key does not begin with the ID of the key.
func TestAuthorize_DecidesLikeTheServiceAboutImportedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newClient(t, client.Options{BaseURL: w.internal, Token: token, Timeout: time.Minute})
	imported, unknown := foreignSecret(t, "k3-9fQw7LzX2mVbT8rYcN5d"), foreignSecret(t, "k3-4hJx6PsZ1nRgW0tEaU7b")
	credential, err := domain.ParseForeignCredential(domain.FormatPlain, imported.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	spec := apikeys.ForeignKeySpec{KeySpec: apikeys.KeySpec{Name: "imported", Scopes: []string{"payment:read"}}, Credential: credential}
	results, err := w.OperatorWorkspace("test", ws, domain.Origin{}).ImportKeys(t.Context(), []apikeys.ForeignKeySpec{spec}, false)
	if err != nil || results[0].Err != nil {
		t.Fatalf("ImportKeys: %v, %v", results, err)
	}
	cases := map[string]struct {
		check domain.Check
		want  domain.Verdict
	}{
		"the scope is held":     {domain.Check{Secret: imported, Scopes: scopesOf("payment:read")}, domain.VerdictOK},
		"the scope is not held": {domain.Check{Secret: imported, Scopes: scopesOf("payment:write")}, domain.VerdictInsufficientScope},
		"no such key":           {domain.Check{Secret: unknown, Scopes: scopesOf("payment:read")}, domain.VerdictNotFound},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Authorize(t.Context(), test.check)
			if err != nil || got.Verdict != test.want {
				t.Fatalf("Authorize() = %v, %v; want %v", got.Verdict, err, test.want)
			}
			want, err := w.Authorize(t.Context(), test.check)
			if diff := cmp.Diff(want, got, sameScopes); err != nil || diff != "" {
				t.Errorf("the service says (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func foreignSecret(t *testing.T, text string) domain.Secret {
	t.Helper()
	secret, err := domain.ParseForeignSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
