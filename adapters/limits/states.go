package limits

import "github.com/slaunchx/apikeys/domain"

// statesAtOnce is the number of states that are allocated together, because most checks
// need one.
const statesAtOnce = 16

// stateBlock has states that no check has returned yet.
type stateBlock struct{ free []domain.LimitState }

// newStates returns n states, which nobody else uses.
func (l *Limiter) newStates(n int) []domain.LimitState {
	block, _ := l.blocks.Get().(*stateBlock)
	if block == nil {
		block = new(stateBlock)
	}
	if len(block.free) < n {
		block.free = make([]domain.LimitState, max(statesAtOnce, n))
	}
	states := block.free[:n:n]
	block.free = block.free[n:]
	l.blocks.Put(block)
	return states
}
