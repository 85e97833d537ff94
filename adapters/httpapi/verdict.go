package httpapi

import (
	"strconv"
	"time"

	"github.com/slaunchx/apikeys/domain"
)

// verdict is the data of one permission check, in the contract's order. If the key is
// not proven, it has only the first two members. If the key never expires, expiresAt is
// null. It has limits only if the key has some.
type verdict domain.Decision

func (v verdict) appendTo(b []byte) []byte {
	if v.Verdict == domain.VerdictNotFound {
		return append(b, `{"allowed":false,"reason":"NOT_FOUND"}`...)
	}
	b = append(b, `{"allowed":`...)
	if domain.Decision(v).Allowed() {
		b = append(b, `true`...)
	} else {
		b = append(b, `false`...)
	}
	b = append(b, `,"reason":`...)
	b = appendText(b, v.Verdict)
	b = append(b, `,"apiKeyId":`...)
	b = appendText(b, v.Key.KeyID)
	b = append(b, `,"workspaceId":`...)
	b = appendText(b, v.Key.Workspace)
	b = append(b, `,"mode":`...)
	b = appendText(b, v.Key.Mode.String())
	b = append(b, `,"scopes":[`...)
	first := true
	for code := range v.Key.Scopes.All() {
		if !first {
			b = append(b, ',')
		}
		b, first = appendText(b, code), false
	}
	b = append(b, `],"expiresAt":`...)
	if v.Key.ExpiresAt.IsZero() {
		b = append(b, `null`...)
	} else {
		b = append(b, '"')
		b = v.Key.ExpiresAt.UTC().AppendFormat(b, time.RFC3339)
		b = append(b, '"')
	}
	if len(v.Limits) > 0 {
		b = appendLimits(append(b, `,"limits":`...), v.Limits)
	}
	return append(b, '}')
}

// appendLimits appends the states of limits.
func appendLimits(b []byte, states []domain.LimitState) []byte {
	b = append(b, '[')
	for i, state := range states {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendText(b, state.Limit.Name)
		b = strconv.AppendInt(append(b, `,"limit":`...), state.Limit.Max, 10)
		b = strconv.AppendInt(append(b, `,"remaining":`...), state.Remaining, 10)
		b = append(b, `,"resetSeconds":`...)
		if seconds, ends := state.ResetSeconds(); ends {
			b = strconv.AppendInt(b, seconds, 10)
		} else {
			b = append(b, `null`...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// verdicts are the data of several checks, in the order of the request.
type verdicts []domain.Decision

func (vs verdicts) appendTo(b []byte) []byte {
	b = append(b, '[')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = verdict(v).appendTo(b)
	}
	return append(b, ']')
}
