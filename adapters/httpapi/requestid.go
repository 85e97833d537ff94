package httpapi

import (
	"net/http"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// identifierOf returns the identifier that an embedder's middleware has given
// the request, unless that contains a secret, or else that of the caller or a
// new one.
func identifierOf(w http.ResponseWriter, r *http.Request) string {
	if given := w.Header()["X-Request-Id"]; len(given) > 0 && !domain.HasSecret(given[0]) {
		return given[0]
	}
	return answer.RequestID(r.Header["X-Request-Id"])
}
