package apikeys_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/memory"
	"github.com/slaunchx/apikeys/config"
	"github.com/slaunchx/apikeys/domain"
)

// operatorsOn returns a service for operators on keys, with a new pepper p1.
func operatorsOn(t *testing.T, keys *memory.KeyRepository) *apikeys.Service {
	t.Helper()
	pepper, err := apikeys.NewPepper("p1")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Peppers = config.Secret(pepper)
	service, err := apikeys.New(t.Context(), cfg, apikeys.WithManagementOnly(), apikeys.WithStore(apikeys.Store{Keys: keys}))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, service)
	return service
}

func TestWithManagementOnly_NeedsNoTokenIssuerAndAcceptsNoToken(t *testing.T) {
	t.Parallel()
	service := operatorsOn(t, memory.NewKeyRepository())
	ws := service.OperatorWorkspace("tool", "ws_1", domain.Origin{})
	if _, err := ws.CreateKey(t.Context(), apikeys.KeySpec{Name: "k"}); err != nil {
		t.Error(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/web/v1/workspaces/ws_1/api-keys", http.NoBody)
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	service.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a token is answered %d", w.Code)
	}
}

func TestComparePeppers_RejectsAnotherPepperUnderTheSameID(t *testing.T) {
	t.Parallel()
	keys := memory.NewKeyRepository()
	first, second := operatorsOn(t, keys), operatorsOn(t, keys)
	for range 2 {
		if err := first.ComparePeppers(t.Context()); err != nil {
			t.Errorf("the first pepper: %v", err)
		}
	}
	if _, isFault := errors.AsType[config.Faults](second.ComparePeppers(t.Context())); !isFault {
		t.Error("another pepper is accepted")
	}
}
