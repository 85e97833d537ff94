package httpapi

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"

	"github.com/slaunchx/apikeys/application"
	"github.com/slaunchx/apikeys/ports"
)

const idempotencyKey = "Idempotency-Key"

// read returns the body of a management request, and how the client wants it
// carried out once. A body that the operation does not ask for is read only
// where it makes a difference.
func (x *exchange) read(asked bool) ([]byte, application.Once, error) {
	key := x.Request().Header.Get(idempotencyKey) // whose form was judged with the headers
	if key == "" && !asked {
		return nil, application.Once{}, nil
	}
	body, err := readBytes(x.Response().Writer, x.Request(), maxBody)
	if err != nil || key == "" {
		return body, application.Once{}, err
	}
	return body, application.Once{Key: key, Fingerprint: fingerprint(x.account, x.Request(), body)}, nil
}

// fingerprint is the same for two requests with an idempotency key when they
// ask for the same: account, method, path and SHA-256 of the body.
func fingerprint(account string, r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	sum := sha256.Sum256(body)
	for _, part := range [][]byte{[]byte(account), []byte(r.Method), []byte(r.URL.Path), sum[:]} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}

// replayed says whether err is that of a request which was carried out before,
// and tells the client.
func (x *exchange) replayed(err error) (*ports.Replayed, bool) {
	before, ok := errors.AsType[*ports.Replayed](err)
	if ok {
		x.Response().Header().Set("Idempotent-Replayed", "true")
	}
	return before, ok
}

// unlessReplayed returns err, and nil for that of a request which was carried
// out before: its answer says nothing of the key.
func (x *exchange) unlessReplayed(err error) error {
	if _, ok := x.replayed(err); ok {
		return nil
	}
	return err
}
