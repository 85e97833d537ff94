package sqlkit

import (
	"errors"

	"github.com/slaunchx/apikeys/domain"
)

// The check values of peppers in both stores, with ? for arguments.
const (
	// InsertPepper stores a check value unless there is one for that pepper. Its
	// arguments are those of [InsertPepperArgs].
	InsertPepper = `INSERT INTO api_key_peppers (pepper_id, check_value) VALUES (?, ?) ON CONFLICT (pepper_id) DO NOTHING`

	// FindPepper finds the check value of a pepper.
	FindPepper = `SELECT check_value FROM api_key_peppers WHERE pepper_id = ?`

	// ListPeppers lists the check values of all peppers.
	ListPeppers = `SELECT pepper_id, check_value FROM api_key_peppers ORDER BY pepper_id`
)

// InsertPepperArgs returns the arguments of [InsertPepper].
func InsertPepperArgs(check domain.PepperCheck) []any {
	return []any{check.PepperID, check.Sum[:]}
}

// PepperRow is a row of [FindPepper].
type PepperRow struct {
	Value []byte `db:"check_value"`
}

// IdentifiedPepper is a row of [ListPeppers].
type IdentifiedPepper struct {
	ID    string `db:"pepper_id"`
	Value []byte `db:"check_value"`
}

// PepperChecks returns the checks that [ListPeppers] found. A value of another length
// matches no pepper.
func PepperChecks(rows []IdentifiedPepper) []domain.PepperCheck {
	checks := make([]domain.PepperCheck, len(rows))
	for i, row := range rows {
		checks[i].PepperID = row.ID
		if len(row.Value) == len(checks[i].Sum) {
			copy(checks[i].Sum[:], row.Value)
		}
	}
	return checks
}

// StoredPepper returns the check that [FindPepper] found. A value of another
// length matches no pepper.
func StoredPepper(id string, found []PepperRow) (domain.PepperCheck, error) {
	check := domain.PepperCheck{PepperID: id}
	if len(found) == 0 {
		return check, ownError{errPepperGone}
	}
	if len(found[0].Value) == len(check.Sum) {
		copy(check.Sum[:], found[0].Value)
	}
	return check, nil
}

// errPepperGone means that an operator has deleted the row in the meantime.
var errPepperGone = errors.New("the check value of a pepper was deleted")
