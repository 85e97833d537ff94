package config

import (
	"slices"
	"strings"
)

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

// Merge returns f with those of later whose variables have no fault in f. A
// value that is not the one that was meant is not judged for what it means.
func (f Faults) Merge(later Faults) Faults {
	merged := slices.Clone(f)
	for _, fault := range later {
		if !slices.ContainsFunc(f, func(earlier Fault) bool { return earlier.Variable == fault.Variable }) {
			merged = append(merged, fault)
		}
	}
	return merged
}

// Of returns the faults of those variables.
func (f Faults) Of(variables ...string) Faults {
	var of Faults
	for _, fault := range f {
		if slices.Contains(variables, fault.Variable) {
			of = append(of, fault)
		}
	}
	return of
}

// check notes problem as a fault of variable, unless it is empty.
func (f *Faults) check(variable, problem string) {
	if problem != "" {
		*f = append(*f, Fault{Variable: variable, Problem: problem})
	}
}
