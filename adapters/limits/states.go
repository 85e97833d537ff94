package limits

import "github.com/slaunchx/apikeys/domain"

// mostStatesAtOnce is the number of states that a busy key allocates together.
const mostStatesAtOnce = 16

// newStates returns n states that are not shared with any other caller. The more states
// a key has needed, the more it allocates at once.
func (k *key) newStates(n int) []domain.LimitState {
	if len(k.unused) < n {
		k.atOnce = max(min(2*k.atOnce, mostStatesAtOnce), n)
		k.unused = make([]domain.LimitState, k.atOnce)
	}
	states := k.unused[:n:n]
	k.unused = k.unused[n:]
	return states
}
