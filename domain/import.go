package domain

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// ForeignFormat is the format in which another system stores the secrets of its keys.
type ForeignFormat string

// The formats.
const (
	FormatUnkey      ForeignFormat = "unkey"       // standard Base64 of SHA-256
	FormatBetterAuth ForeignFormat = "better-auth" // Base64url without padding of SHA-256
	FormatSanctum    ForeignFormat = "sanctum"     // hex SHA-256 of what follows the first | (Laravel)
	FormatPrefixed   ForeignFormat = "prefixed"    // hex SHA-256 of what follows the last _ (prefixed-api-key)
	FormatKnox       ForeignFormat = "knox"        // hex SHA-512 (django-rest-knox)
	FormatPlain      ForeignFormat = "plain"       // the secret itself (Kong, Tyk)
)

// foreignEncoding describes how a format encodes a digest.
type foreignEncoding struct {
	algorithm Algorithm
	decode    func(string) ([]byte, error)
	bytes     int
	spelled   string
}

var foreignEncodings = map[ForeignFormat]foreignEncoding{
	FormatUnkey:      {AlgorithmSHA256, base64.StdEncoding.Strict().DecodeString, 32, "44 characters of standard Base64"},
	FormatBetterAuth: {AlgorithmSHA256, base64.RawURLEncoding.Strict().DecodeString, 32, "43 characters of Base64url"},
	FormatSanctum:    {AlgorithmSHA256AfterBar, hex.DecodeString, 32, "64 hexadecimal digits"},
	FormatPrefixed:   {AlgorithmSHA256AfterUnderscore, hex.DecodeString, 32, "64 hexadecimal digits"},
	FormatKnox:       {AlgorithmSHA512Half, hex.DecodeString, 64, "128 hexadecimal digits"},
}

// ForeignCredential is the secret of a key as another system stores it. It prints
// only a placeholder.
type ForeignCredential struct {
	Redacted

	format ForeignFormat
	digest Digest // for FormatPlain, that of AlgorithmSHA256
	plain  Secret // for FormatPlain
}

// Errors of [ParseForeignCredential]. None contains a part of the credential.
var (
	errSlowHash   = errors.New("is a password hash (bcrypt, PBKDF2, argon2, scrypt), by which no key can be found; issue a new key")
	errWeakSecret = errors.New("has fewer than 128 random bits; issue a new key")
	errPlain      = fmt.Errorf("must be %d to %d visible ASCII characters, and not in the format of this service", MinForeignLength, MaxForeignLength)
)

// ParseForeignCredential parses text as stored by a system with the given format. The
// error says why the text was rejected, but does not contain it.
func ParseForeignCredential(format ForeignFormat, text string) (ForeignCredential, error) {
	if slowHash(text) {
		return ForeignCredential{}, errSlowHash
	}
	if format == FormatPlain {
		return parsePlainCredential(text)
	}
	encoding, ok := foreignEncodings[format]
	if !ok {
		return ForeignCredential{}, errors.New("has an unknown format")
	}
	sum, err := encoding.decode(text)
	if err != nil || len(sum) != encoding.bytes {
		return ForeignCredential{}, fmt.Errorf("must be a digest of %s: %s", format, encoding.spelled)
	}
	c := ForeignCredential{format: format, digest: Digest{Algorithm: encoding.algorithm}}
	copy(c.digest.Sum[:], sum)
	return c, nil
}

func parsePlainCredential(text string) (ForeignCredential, error) {
	secret, err := ParseForeignSecret(text)
	switch {
	case err != nil && len(text) > 0 && len(text) < MinForeignLength:
		return ForeignCredential{}, errWeakSecret
	case err != nil:
		return ForeignCredential{}, errPlain
	case randomBits(text) < 128:
		return ForeignCredential{}, errWeakSecret
	}
	digest := Digest{Algorithm: AlgorithmSHA256, Sum: sha256.Sum256([]byte(text))}
	return ForeignCredential{format: FormatPlain, digest: digest, plain: secret}, nil
}

// slowHash reports whether text looks like a password hash.
func slowHash(text string) bool {
	for _, prefix := range []string{"$", "pbkdf2", "argon2", "bcrypt", "scrypt", "{"} {
		if strings.HasPrefix(strings.ToLower(text), prefix) {
			return true
		}
	}
	return false
}

// randomBits returns the maximum number of random bits in text if its letters and
// digits are random. It assumes the smallest common alphabet that contains all of them.
// A UUID has 122 bits. Text with few distinct characters counts as not random.
func randomBits(text string) float64 {
	var counted int
	var upper, lower, beyondHex bool
	different := map[rune]bool{}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9':
		case 'a' <= c && c <= 'z':
			lower, beyondHex = true, beyondHex || c > 'f'
		case 'A' <= c && c <= 'Z':
			upper, beyondHex = true, beyondHex || c > 'F'
		default:
			continue
		}
		counted++
		different[c] = true
	}
	switch {
	case len(different) < 8:
		return 0
	case len(text) == 36 && counted == 32 && strings.Count(text, "-") == 4 && !beyondHex:
		return 122
	case !upper && !lower:
		return float64(counted) * math.Log2(10)
	case !beyondHex:
		return float64(counted) * 4
	case upper && lower:
		return float64(counted) * math.Log2(62)
	}
	return float64(counted) * 5 // base32
}

// KeyID returns the ID of an imported key with this credential. It depends on nothing
// else.
func (c ForeignCredential) KeyID() KeyID { return importedKeyID(c.digest) }

// ForeignKeySpec describes a key of another system in plain values.
type ForeignKeySpec struct {
	KeySpec

	Credential ForeignCredential // required
	Disabled   bool
}

// Import returns the key that the spec describes, and its creation event. It returns
// [Faults] as [KeySpec.Draft] does.
func (s ForeignKeySpec) Import(workspace WorkspaceID, hasher SecretHasher, eventID string, by Author, now time.Time) (*APIKey, Event, error) {
	draft, faults := s.Draft(workspace, now)
	if faults != nil {
		return nil, Event{}, faults
	}
	digest := s.Credential.digest
	if !s.Credential.plain.IsZero() {
		digest = hasher.Hash(s.Credential.plain)
	}
	key, err := Issue(draft, s.Credential.KeyID(), digest, by, now)
	if err != nil {
		return nil, Event{}, err
	}
	key.s.Disabled = s.Disabled
	event := key.Created(eventID, by)
	event.Changes = append(event.Changes, Change{Field: "importedFrom", New: string(s.Credential.format)})
	return key, event, nil
}
