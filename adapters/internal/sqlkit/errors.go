package sqlkit

import (
	"fmt"

	"github.com/slaunchx/apikeys/domain"
)

// Unavailable returns cause as a [domain.ErrUnavailable].
func Unavailable(cause error) error {
	return fmt.Errorf("%w: %w", domain.ErrUnavailable, cause)
}
