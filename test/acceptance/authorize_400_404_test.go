package acceptance

import (
	"testing"
)

func TestAuthorize_400(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	tests := []struct {
		name, query string
		want        []string
	}{
		{"a misspelt parameter", "scopes=payment:read", []string{"scopes unknown_field"}},
		{"a parameter in another case", "Scope=payment:read", []string{"Scope unknown_field"}},
		{"other parameters with the scope", "scope=payment:read&a=1&b=2", []string{"a unknown_field", "b unknown_field"}},
		{"a value without a name", "=payment:read", []string{"unknown_field"}},
		{"a semicolon", "scope=payment:read;scope=payment:write", []string{"scope syntax"}},
		{"an invalid escape", "scope=payment%3read%z", []string{"scope syntax"}},
		{"an invalid escape in a name", "sc%ope=payment:read", []string{"scope syntax"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mustFail(t, do(t, w.authorize("?"+tt.query, with(secret))), tt.want)
		})
	}
}

// A path without a scope is not a check without scopes.
func TestAuthorize_404_withoutAScopeInThePath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	for _, rest := range []string{"/for", "/for/", "/for//payment:read", "/for/?scope=payment:read", "/", "/payment:read", "d"} {
		mustBe(t, do(t, w.authorize(rest, with(secret))), 404, "4041", "No such endpoint")
	}
}

func TestAuthorize_404_onThePublicListener(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, secret := w.newKey(t, keySpec{Name: "k", Scopes: []string{"payment:read"}})
	for _, path := range []string{"/internal/v1/authorize?scope=payment:read", "/internal/v1/authorize/for/payment:read", "/internal/v1/api-keys/verify"} {
		mustBe(t, do(t, request{method: "POST", url: w.public + path, header: with(secret)}), 404, "4041", "No such endpoint")
	}
}
