package httpapi

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/application"

	"github.com/slaunchx/apikeys/adapters/httpapi/internal/form"
)

const idempotencyKey = "Idempotency-Key"

// readChange returns the JSON body of a change, with its options.
func readChange(x *exchange) (jsontext.Value, []application.ChangeOption, error) {
	raw, options, err := readBody(x, true)
	if err != nil {
		return nil, nil, err
	}
	body, err := form.ParseJSON(raw)
	return body, options, err
}

// readBody returns the body of a change, with its options. An operation that
// takes no body reads it only as part of the fingerprint of a request with an
// idempotency key.
func readBody(x *exchange, takesBody bool) ([]byte, []application.ChangeOption, error) {
	key := x.Request().Header.Get(idempotencyKey) // checked with the other headers
	if key == "" && !takesBody {
		return nil, nil, nil
	}
	body, err := form.ReadBytes(x.Response().Writer, x.Request(), maxBody)
	if err != nil || key == "" {
		return body, nil, err
	}
	return body, []application.ChangeOption{
		application.WithIdempotencyKey(key),
		application.WithFingerprint(fingerprint(x.account, x.Request(), body)),
	}, nil
}

// fingerprint identifies a request with an idempotency key by account, method,
// path and SHA-256 of the body.
func fingerprint(account string, r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	sum := sha256.Sum256(body)
	for _, part := range [][]byte{[]byte(account), []byte(r.Method), []byte(r.URL.Path), sum[:]} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
