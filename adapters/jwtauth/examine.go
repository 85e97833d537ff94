package jwtauth

import (
	"context"
	"errors"
	"log/slog"
)

// KeysFound is the result of [Examine].
type KeysFound struct {
	Usable  int
	Skipped []string // why each of the other keys cannot be used
}

// Examine reads the key set of c once; it uses nothing else of c. It returns an error if the key
// set cannot be read or has no usable key. Its errors do not contain the URL, which may contain a
// credential.
func Examine(ctx context.Context, c Config) (KeysFound, error) {
	if c.JWKSURL == "" && c.JWKSFile == "" {
		return KeysFound{}, errors.New("neither a JWKS URL nor a JWKS file is given")
	}
	c.Logger = slog.New(slog.DiscardHandler)
	source, err := newSource(c)
	if err != nil {
		return KeysFound{}, err
	}
	document, err := source.read(ctx)
	if err != nil {
		return KeysFound{}, err
	}
	set, skipped, err := parseKeySet(document)
	var found KeysFound
	for _, key := range skipped[:min(len(skipped), maxSkippedLogged)] {
		found.Skipped = append(found.Skipped, key.String())
	}
	if set != nil {
		found.Usable = set.size
	}
	return found, err
}
