package client

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/slaunchx/apikeys/domain"
)

// maxLimits is the maximum number of limits of a key.
const maxLimits = domain.MaxRateLimits + 1

// limitState is the state of a limit in a response.
type limitState struct {
	Name         string         `json:"name"`
	Limit        int64          `json:"limit"`
	Remaining    int64          `json:"remaining"`
	ResetSeconds jsontext.Value `json:"resetSeconds"`
}

// statesOf returns the states of limits, and false if one of them is impossible. Their
// windows are not set, because the response does not contain them.
func statesOf(limits []limitState) ([]domain.LimitState, bool) {
	if len(limits) > maxLimits {
		return nil, false
	}
	var states []domain.LimitState
	for _, l := range limits {
		state := domain.LimitState{Limit: domain.Limit{Name: l.Name, Max: l.Limit}, Remaining: l.Remaining, Reset: -1}
		if l.ResetSeconds.Kind() != 'n' {
			reset, ok := seconds(l.ResetSeconds)
			if !ok {
				return nil, false
			}
			state.Reset = reset
		}
		if l.Name == "" || l.Limit < 1 || l.Remaining < 0 {
			return nil, false
		}
		states = append(states, state)
	}
	return states, true
}

// maxReset is longer than any window, so that no duration overflows.
const maxReset = 32 * 24 * 60 * 60

func seconds(value jsontext.Value) (time.Duration, bool) {
	if value.Kind() != '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return time.Duration(n) * time.Second, err == nil && n >= 0 && n <= maxReset
}
