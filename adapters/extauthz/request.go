package extauthz

import (
	"slices"
	"strings"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/adapters/internal/keycheck"
	"github.com/slaunchx/apikeys/domain"
)

// headers are the values of the headers that a check uses.
type headers struct {
	apiKey, authorization, forwardedFor, acceptLanguage, requestID []string
}

// headersOf returns the headers of a request, from both of the fields in which Envoy
// may send them. In the field headers, Envoy joins the values of one name with commas.
// A value that only repeats one from the other field is ignored.
func headersOf(request *authv3.AttributeContext_HttpRequest) headers {
	var h headers
	for _, header := range request.GetHeaderMap().GetHeaders() {
		values := h.named(header.GetKey())
		if values == nil {
			continue
		}
		value := header.GetValue()
		if raw := header.GetRawValue(); len(raw) > 0 {
			value = string(raw)
		}
		*values = append(*values, value)
	}
	raw := h
	for name, value := range request.GetHeaders() {
		if values := h.named(name); values != nil && !repeats(value, *raw.named(name)) {
			*values = append(slices.Clip(*values), value)
		}
	}
	return h
}

// named returns the values of the header with that name, in any case, or nil if
// no check uses it.
func (h *headers) named(name string) *[]string {
	switch strings.ToLower(name) {
	case "x-api-key":
		return &h.apiKey
	case "authorization":
		return &h.authorization
	case "x-forwarded-for":
		return &h.forwardedFor
	case "accept-language":
		return &h.acceptLanguage
	case "x-request-id":
		return &h.requestID
	}
	return nil
}

// repeats reports whether joined, a value of the field headers, consists of the given
// values of the field header_map.
func repeats(joined string, values []string) bool {
	return len(values) > 0 && (joined == strings.Join(values, ",") || joined == strings.Join(values, ", "))
}

// extensions are the settings of a route for its checks.
type extensions struct {
	keycheck.Wanted
	hideKey bool
}

// extensionsOf parses context_extensions. It rejects unknown names, so that a misspelt
// one does not silently make the check weaker.
func extensionsOf(given map[string]string) (extensions, domain.Faults) {
	var e extensions
	var faults domain.Faults
	fault := func(name string, reason domain.Reason, rule domain.Rule) {
		faults = append(faults, domain.Fault{Field: name, Reason: reason, Rule: rule})
	}
	for name, value := range given {
		switch name {
		case "scope":
			for scope := range strings.SplitSeq(value, " ") {
				if scope != "" {
					e.Scopes = append(e.Scopes, domain.Scope(scope))
				}
			}
		case "cost":
			var f domain.Faults
			e.Cost, f = answer.ParseCost(value)
			faults = append(faults, f.At(name)...)
		case "hide_key":
			if value != "true" && value != "false" {
				fault(name, domain.ReasonFormat, answer.RuleHideKeyFormat)
			}
			e.hideKey = value == "true"
		default:
			fault(name, domain.ReasonUnknownField, answer.RuleUnknownField)
		}
	}
	slices.SortFunc(faults, func(a, b domain.Fault) int { return strings.Compare(a.Field, b.Field) })
	return e, faults[:min(len(faults), domain.MaxFaults)]
}
