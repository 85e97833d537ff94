package domain

// MaxCost is the highest cost of a check.
const MaxCost = 1_000_000

// Cost is what a check spends from each limit of its key. The zero value is a cost of 1,
// so that a check whose cost was forgotten is not free.
type Cost struct{ beyondOne int64 }

// ParseCost returns the cost of n, which is 0 to 1,000,000. A cost of 0 is checked as 1
// and spends nothing.
func ParseCost(n int64) (Cost, Faults) {
	if n < 0 || n > MaxCost {
		return Cost{}, fault(ReasonRange, RuleCostRange)
	}
	return Cost{beyondOne: n - 1}, nil
}

// Units returns the cost as a number, 0 to 1,000,000.
func (c Cost) Units() int64 { return c.beyondOne + 1 }

// Need returns what must be left of each limit: the cost, or 1 if that is 0.
func (c Cost) Need() int64 { return max(c.Units(), 1) }
