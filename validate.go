package apikeys

import (
	"errors"
	"strings"

	"github.com/slaunchx/apikeys/adapters/postgres"
	"github.com/slaunchx/apikeys/adapters/sealing"
	"github.com/slaunchx/apikeys/adapters/secrets"
	"github.com/slaunchx/apikeys/config"
)

const sealingKeys = "APIKEYS_SEALING_KEYS"

// Validate is like [config.Config.Validate], and also checks the settings that
// adapters parse: the peppers, the sealing keys and the options of a
// PostgreSQL URL. It returns [config.Faults] with all errors.
func Validate(cfg config.Config) error {
	return faultsOf(cfg.Validate()).Merge(pepperFaults(cfg)).Merge(sealingFaults(cfg)).Merge(databaseFaults(cfg)).Err()
}

// ValidateStorage is like [Validate] for a program that only opens the
// database; see [config.Config.ValidateStorage].
func ValidateStorage(cfg config.Config) error {
	return faultsOf(cfg.ValidateStorage()).Merge(databaseFaults(cfg)).Err()
}

func faultsOf(err error) config.Faults {
	var faults config.Faults
	errors.As(err, &faults)
	return faults
}

func pepperFaults(cfg config.Config) config.Faults {
	_, err := secrets.ParseRing(cfg.Peppers.Reveal())
	return ringFaults("APIKEYS_PEPPERS", err)
}

func sealingFaults(cfg config.Config) config.Faults {
	if cfg.SealingKeys.Reveal() == "" {
		return nil
	}
	_, err := sealing.ParseRing(cfg.SealingKeys.Reveal())
	return ringFaults(sealingKeys, err)
}

// ringFaults returns a fault for each error of a ring of keys.
func ringFaults(variable string, err error) (faults config.Faults) {
	if err == nil {
		return nil
	}
	for problem := range strings.SplitSeq(err.Error(), "\n") {
		faults = append(faults, config.Fault{Variable: variable, Problem: problem})
	}
	return faults
}

// databaseFaults returns the errors in the PostgreSQL URLs of cfg.
func databaseFaults(cfg config.Config) config.Faults {
	if kind, _ := cfg.Database(); kind != config.StorePostgres {
		return nil
	}
	faults := faultsOf(asFault(postgres.ValidateDSN(cfg.DatabaseURL.Reveal())))
	if cfg.ReadDatabaseURL == "" {
		return faults
	}
	return append(faults, faultsOf(asFault(postgres.ValidateStandbyDSN(cfg.ReadDatabaseURL.Reveal())))...)
}
