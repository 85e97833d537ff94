package fault

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// What SQLite still writes to a removed file is lost with the process, so no
// such key may be acknowledged.
func TestDatabase_IsUnavailableOnceItsFileIsRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "apikeys.db")
	w := start(t, "sqlite://"+path)
	w.newKey(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustBeUnavailable(t, "create", w.create(t))
	mustBeUnavailable(t, "readyz", w.ready(t))
	if a := w.call(t, http.MethodGet, w.internal+"/livez", ""); a.status != http.StatusOK {
		t.Errorf("livez: %d", a.status)
	}
}
