package config

import "strings"

// Fault is one thing wrong with one variable, and how to mend it. It never
// holds the value of a [Secret].
type Fault struct {
	Variable string
	Problem  string
}

// Faults is everything found wrong. A nil Faults means that nothing was.
type Faults []Fault

// Err returns f as an error, and nil when nothing was found.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Error lists the faults, a line each.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

// check notes problem as a fault of variable, unless it is empty.
func (f *Faults) check(variable, problem string) {
	if problem != "" {
		*f = append(*f, Fault{Variable: variable, Problem: problem})
	}
}
