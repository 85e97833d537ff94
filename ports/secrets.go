package ports

import "github.com/slaunchx/apikeys/domain"

// SecretHasher is the port for [domain.SecretHasher], which states its promises.
type SecretHasher interface{ domain.SecretHasher }
