package domain

import (
	"crypto/sha256"
	"math/big"
	"strings"
)

// The length of a foreign secret, in ASCII characters. In base64, 128 bits take 22.
const (
	MinForeignLength = 22
	MaxForeignLength = 512
)

// ParseForeignSecret returns s as a secret that another system issued, or
// [ErrMalformedSecret] unless s is [MinForeignLength] to [MaxForeignLength] visible
// ASCII characters. A string in the format of this service is never a foreign secret,
// even if its checksum is wrong.
//
// A foreign secret does not name its key. A store finds it by its digest; see
// [SecretHasher].
func ParseForeignSecret(s string) (Secret, error) {
	if len(s) < MinForeignLength || len(s) > MaxForeignLength || strings.ContainsFunc(s, notVisible) || formattedAsOurs(s) {
		return Secret{}, ErrMalformedSecret
	}
	text := s // a copy, so that a rejected s does not escape to the heap
	return Secret{text: &text, foreign: true}, nil
}

// ParsePresentedSecret returns s as a secret of this service or, if it cannot be one,
// as a foreign one. It returns [ErrMalformedSecret] if it is neither.
func ParsePresentedSecret(s string) (Secret, error) {
	if secret, err := ParseSecret(s); err == nil {
		return secret, nil
	}
	return ParseForeignSecret(s)
}

// Foreign reports whether another system issued the secret.
func (s Secret) Foreign() bool { return s.foreign }

// formattedAsOurs reports whether s has the format of a secret of this service,
// whatever its checksum.
func formattedAsOurs(s string) bool {
	if len(s) != SecretLength {
		return false
	}
	_, ok := ParseKeyID(s[:KeyIDLength])
	return ok && allBase62(s[KeyIDLength:])
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// importedIDDomain separates the IDs of imported keys from other uses of SHA-256.
const importedIDDomain = "apikeys imported key 1:"

// importedKeyID returns the ID of an imported key, given its digest in the other
// system. The ID depends only on the digest, so that a key that was imported before is
// recognised even if it was used, rotated or deleted since. It contains 95 bits of a
// SHA-256 hash, which reveal nothing about a secret of 128 bits or more.
func importedKeyID(digest Digest) KeyID {
	sum := sha256.Sum256([]byte(importedIDDomain + string(digest.Algorithm) + ":" + string(digest.Sum[:])))
	digits := strings.Repeat("0", KeyIDLength) + new(big.Int).SetBytes(sum[:]).Text(62)
	return KeyID(prefixLive + digits[len(digits)-(KeyIDLength-prefixLength):])
}
