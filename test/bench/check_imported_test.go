package bench

import (
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/slaunchx/apikeys"
	"github.com/slaunchx/apikeys/adapters/jwtauth/jwttest"
	"github.com/slaunchx/apikeys/domain"
)

// importedBeside is the number of imported keys beside a checked key.
const importedBeside = 10_000

// BenchmarkCheckImported measures checks of keys of this service without and beside
// imported keys, which should cost the same, checks of an imported key, and checks of
// made-up secrets of another format.
func BenchmarkCheckImported(b *testing.B) {
	for name, c := range map[string]struct {
		imported int
		ours     bool
		verdict  domain.Verdict
	}{
		"own key":                         {0, true, domain.VerdictOK},
		"own key beside imported ones":    {importedBeside, true, domain.VerdictOK},
		"imported key":                    {importedBeside, false, domain.VerdictOK},
		"made-up secret":                  {0, false, domain.VerdictNotFound},
		"made-up secret beside some keys": {importedBeside, false, domain.VerdictNotFound},
	} {
		b.Run(name, func(b *testing.B) {
			service := newEmbedded(b, settings(b, jwttest.NewIssuer(b), "memory://"))
			secrets := importKeys(b, service, c.imported)
			check := apikeys.Check{Scopes: []domain.Scope{"payment:read"}, Secret: create(b, service)}
			switch {
			case !c.ours && c.verdict == domain.VerdictOK:
				check.Secret = secrets[0]
			case !c.ours:
				check.Secret = foreignSecret(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				if d, err := service.Authorize(b.Context(), check); err != nil || d.Verdict != c.verdict {
					b.Fatalf("verdict %s, error %v", d.Verdict, err)
				}
			}
		})
	}
}

// importKeys imports keys in the format plain and returns their secrets.
func importKeys(b *testing.B, service *apikeys.Service, keys int) (secrets []domain.Secret) {
	b.Helper()
	specs := make([]apikeys.ForeignKeySpec, keys)
	for i := range specs {
		secret := foreignSecret(b)
		secrets = append(secrets, secret)
		credential, err := domain.ParseForeignCredential(domain.FormatPlain, secret.Reveal())
		if err != nil {
			b.Fatal(err)
		}
		specs[i] = apikeys.ForeignKeySpec{KeySpec: apikeys.KeySpec{Name: "k", Scopes: []string{"payment:read"}}, Credential: credential}
	}
	imported, err := service.OperatorWorkspace("bench", "ws_imported", domain.Origin{}).ImportKeys(b.Context(), specs, false)
	if err != nil {
		b.Fatal(err)
	}
	for _, key := range imported {
		if key.Err != nil {
			b.Fatal(key.Err)
		}
	}
	return secrets
}

func foreignSecret(b *testing.B) domain.Secret {
	b.Helper()
	var text [24]byte
	_, _ = rand.Read(text[:])
	secret, err := domain.ParseForeignSecret("other_" + hex.EncodeToString(text[:]))
	if err != nil {
		b.Fatal(err)
	}
	return secret
}
