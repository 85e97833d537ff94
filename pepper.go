package apikeys

import (
	"crypto/rand"

	"github.com/slaunchx/apikeys/adapters/secrets"
)

// NewPepper makes an entry for the Peppers of a configuration, of 32 random
// bytes. The id is 1 to 32 of A-Z a-z 0-9 _ - and must be unlike that of any
// other entry of the ring.
func NewPepper(id string) (string, error) { return secrets.NewPepper(rand.Reader, id) }
