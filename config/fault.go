package config

import (
	"slices"
	"strings"
)

// Fault is an error in the value of one variable, and how to correct it. It
// never contains the value of a [Secret].
type Fault struct {
	Variable string
	Problem  string
}

// Faults are all errors in a configuration. A nil Faults means that there are none.
type Faults []Fault

// Err returns f as an error, or nil if f is empty.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Error lists the faults, one per line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

// Merge returns f and those faults of later whose variables have no fault in f, because
// the meaning of a value that is malformed is not checked.
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

// check adds problem as a fault of variable, unless it is empty.
func (f *Faults) check(variable, problem string) {
	if problem != "" {
		*f = append(*f, Fault{Variable: variable, Problem: problem})
	}
}
