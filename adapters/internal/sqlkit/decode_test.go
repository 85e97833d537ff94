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
		ID:          "sk_live_0000000000000001",
		Name:        FieldOf("Key"),
		Mode:        FieldOf[int64](1),
		Scopes:      FieldOf(`["a:b"]`),
		IPWhitelist: FieldOf(`["10.0.0.1"]`),
		Disabled:    FieldOf(false),
		CreatedBy:   FieldOf("acc-1"),
		CreatedAt:   FieldOf[int64](1),
		RateLimits:  FieldOf(`[{"name": "default", "limit": 100, "window_seconds": 60}]`),
		Quota:       FieldOf(`{"limit": 5, "period": "DAY"}`),
		SecretRow: SecretRow[int64]{
			Algorithm: FieldOf("hmac-sha256"), PepperID: FieldOf("p1"), Digest: FieldOf(make([]byte, 32)),
		},
	}
}

func TestKey_IsNotFoundWithoutRows(t *testing.T) {
	t.Parallel()
	if _, err := microseconds.Key(nil); !errors.Is(err, domain.ErrKeyNotFound) {
		t.Errorf("got %v, want ErrKeyNotFound", err)
	}
}

// The damage suite in ports/portstest tests the effects on such a key.
func TestKey_ReadsEachColumnByItself(t *testing.T) {
	t.Parallel()
	lost := Field[string]{unreadable: true}
	lostInstant := Field[int64]{unreadable: true}
	for name, c := range map[string]struct {
		edit func(*KeyRow[int64])
		want domain.Parts
	}{
		"nothing unreadable":          {func(*KeyRow[int64]) {}, 0},
		"an empty name":               {func(r *KeyRow[int64]) { r.Name = FieldOf("") }, domain.PartName},
		"a NULL for a name":           {func(r *KeyRow[int64]) { r.Name = Field[string]{} }, domain.PartName},
		"an unknown mode":             {func(r *KeyRow[int64]) { r.Mode = FieldOf[int64](3) }, domain.PartMode},
		"scopes":                      {func(r *KeyRow[int64]) { r.Scopes = lost }, domain.PartScopes},
		"a whitelist":                 {func(r *KeyRow[int64]) { r.IPWhitelist = lost }, domain.PartIPWhitelist},
		"a status":                    {func(r *KeyRow[int64]) { r.Disabled = Field[bool]{unreadable: true} }, domain.PartStatus},
		"rate limits":                 {func(r *KeyRow[int64]) { r.RateLimits = lost }, domain.PartRateLimits},
		"a NULL for rate limits":      {func(r *KeyRow[int64]) { r.RateLimits = Field[string]{} }, domain.PartRateLimits},
		"no rate limits":              {func(r *KeyRow[int64]) { r.RateLimits = FieldOf("[ ]") }, 0},
		"a null for rate limits":      {func(r *KeyRow[int64]) { r.RateLimits = FieldOf("null") }, domain.PartRateLimits},
		"two values of rate limits":   {func(r *KeyRow[int64]) { r.RateLimits = FieldOf("[] []") }, domain.PartRateLimits},
		"a quota":                     {func(r *KeyRow[int64]) { r.Quota = lost }, domain.PartQuota},
		"no quota":                    {func(r *KeyRow[int64]) { r.Quota = Field[string]{} }, 0},
		"a null for a quota":          {func(r *KeyRow[int64]) { r.Quota = FieldOf("null") }, domain.PartQuota},
		"an author that is not UTF-8": {func(r *KeyRow[int64]) { r.CreatedBy = FieldOf("\xff") }, domain.PartCreatedBy},
		"a creation":                  {func(r *KeyRow[int64]) { r.CreatedAt = lostInstant }, domain.PartCreatedAt},
		"an expiry":                   {func(r *KeyRow[int64]) { r.ExpiresAt = lostInstant }, domain.PartExpiresAt},
		"a last use":                  {func(r *KeyRow[int64]) { r.LastUsedAt = lostInstant }, domain.PartLastUsedAt},
		"a deletion":                  {func(r *KeyRow[int64]) { r.DeletedAt = lostInstant }, domain.PartDeletedAt},
		"an algorithm":                {func(r *KeyRow[int64]) { r.Algorithm = lost }, domain.PartSecrets},
		"a digest of another length":  {func(r *KeyRow[int64]) { r.Digest = FieldOf(make([]byte, 31)) }, domain.PartSecrets},
		"an end of a secret":          {func(r *KeyRow[int64]) { r.ValidUntil = lostInstant }, domain.PartSecrets},
		"a name and a status": {func(r *KeyRow[int64]) {
			r.Name, r.Disabled = lost, Field[bool]{}
		}, domain.PartName | domain.PartStatus},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := storedRow()
			c.edit(&row)
			key, err := microseconds.Key([]KeyRow[int64]{row})
			if err != nil {
				t.Fatal(err)
			}
			if got := key.Unreadable(); got != c.want {
				t.Errorf("unreadable is %q, want %q", got, c.want)
			}
		})
	}
}

func TestKey_HasNoAlgorithmForADigestOfAnotherLength(t *testing.T) {
	t.Parallel()
	row := storedRow()
	row.Digest = FieldOf(row.Digest.V[:31])
	key, err := microseconds.Key([]KeyRow[int64]{row})
	if err != nil {
		t.Fatal(err)
	}
	if digest := key.Snapshot().Secrets[0].Digest; digest.Algorithm != "" {
		t.Errorf("the algorithm is %q, want none", digest.Algorithm)
	}
}

func TestField_ScansWhatIsNotItsTypeAsUnreadable(t *testing.T) {
	t.Parallel()
	var status Field[bool]
	for value, want := range map[any]bool{int64(0): true, int64(1): true, int64(2): false, "x": false, nil: false} {
		if err := status.Scan(value); err != nil {
			t.Errorf("%v fails the row: %v", value, err)
		}
		if _, ok := status.required(); ok != want {
			t.Errorf("%v is readable: %v, want %v", value, ok, want)
		}
	}
}

func TestRows_RejectsAKeyWithoutASecret(t *testing.T) {
	t.Parallel()
	if _, err := microseconds.Rows(domain.Rehydrate(domain.Snapshot{}), domain.Event{}); err == nil {
		t.Error("rows are returned")
	}
}
