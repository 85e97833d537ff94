package sqlkit

import (
	"errors"
	"testing"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

var microseconds = Codec[int64]{
	Encode: time.Time.UnixMicro,
	Decode: func(us int64) time.Time { return time.UnixMicro(us).UTC() },
}

func storedRow() KeyRow[int64] {
	return KeyRow[int64]{
		KeyColumns:    KeyColumns[int64]{ID: "sk_live_0000000000000001", Name: "Key", Mode: 1, Scopes: `[]`, IPWhitelist: `[]`},
		SecretColumns: SecretColumns[int64]{Algorithm: "hmac-sha256", PepperID: "p1", Digest: make([]byte, 32)},
	}
}

func TestKey_ofNoRowsIsNotFound(t *testing.T) {
	t.Parallel()
	if _, err := microseconds.Key(nil); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("got %v, want ErrKeyNotFound", err)
	}
}

// What is wrong with a row is not wrong with the request that reads it.
func TestKey_refusesARowThatIsNoKey(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*KeyRow[int64]){
		"no name":         func(r *KeyRow[int64]) { r.Name = "" },
		"an unknown mode": func(r *KeyRow[int64]) { r.Mode = 3 },
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := storedRow()
			edit(&row)
			_, err := microseconds.Key([]KeyRow[int64]{row})
			if _, blames := errors.AsType[domain.Faults](err); err == nil || blames {
				t.Errorf("error = %v, want one that blames nobody", err)
			}
		})
	}
}

func TestKey_knowsNoAlgorithmForADigestOfAnotherLength(t *testing.T) {
	t.Parallel()
	row := storedRow()
	row.Digest = row.Digest[:31]
	key, err := microseconds.Key([]KeyRow[int64]{row})
	if err != nil {
		t.Fatal(err)
	}
	if digest := key.Snapshot().Secrets[0].Digest; digest.Algorithm != "" {
		t.Errorf("the algorithm is %q, want none", digest.Algorithm)
	}
}

func TestRows_refusesAKeyWithoutASecret(t *testing.T) {
	t.Parallel()
	if _, err := microseconds.Rows(domain.Rehydrate(domain.Snapshot{}), domain.Event{}); err == nil {
		t.Error("rows are returned")
	}
}
