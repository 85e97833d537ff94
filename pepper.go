package apikeys

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
)

// NewPepper makes an entry for the Peppers of a configuration, of 32 random
// bytes. The id is 1 to 32 of A-Z a-z 0-9 _ - and must be unlike that of any
// other entry of the ring.
func NewPepper(id string) (string, error) { return secrets.NewPepper(rand.Reader, id) }

// Validate is [config.Config.Validate] and more: it also reads the peppers, of
// which the configuration itself does not know how they are written. It
// returns [config.Faults] with everything that is wrong.
func Validate(cfg config.Config) error {
	var faults, peppers config.Faults
	errors.As(cfg.Validate(), &faults)
	if _, err := secrets.ParseRing(cfg.Peppers.Reveal()); err != nil {
		for problem := range strings.SplitSeq(err.Error(), "\n") {
			peppers = append(peppers, config.Fault{Variable: "APIKEYS_PEPPERS", Problem: problem})
		}
	}
	return faults.Merge(peppers).Err()
}
