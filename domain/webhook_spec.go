package domain

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WebhookSpec describes a new webhook in plain values. [WebhookSpec.Draft] validates
// them.
type WebhookSpec struct {
	URL         string   // see [WebhookRules]
	Events      []string // names of event types; empty means all
	Description string   // up to 256 code points
}

// WebhookDraft holds the properties of a new webhook that its owner chooses.
type WebhookDraft struct {
	Workspace   WorkspaceID
	URL         string
	Events      []WebhookEventType
	Description string
}

// WebhookPatch describes a change of a webhook in plain values. Nil fields are left
// unchanged.
type WebhookPatch struct {
	URL         *string
	Events      *[]string
	Description *string
	Enabled     *bool
}

// WebhookRevision is a change of a webhook's properties. Nil fields are left unchanged.
type WebhookRevision struct {
	URL         *string
	Events      *[]WebhookEventType
	Description *string
	Enabled     *bool
}

// WebhookRules validates the URLs of webhooks as far as possible without a DNS look-up.
// The sender judges the address that it dials.
type WebhookRules struct {
	// Insecure allows http, any port and any address, for development.
	Insecure bool
}

// Draft returns the draft of a webhook in workspace, or all faults of the spec by field:
// url, events, description.
func (s WebhookSpec) Draft(workspace WorkspaceID, rules WebhookRules) (WebhookDraft, Faults) {
	var faults Faults
	d := WebhookDraft{Workspace: workspace}
	d.URL = checked(&faults, "url", s.URL, rules.ParseURL)
	d.Events = checked(&faults, "events", s.Events, ParseWebhookEventTypes)
	d.Description = checked(&faults, "description", s.Description, ParseDescription)
	if faults != nil {
		return WebhookDraft{}, faults
	}
	return d, nil
}

// Revision returns the revision that the patch describes, or all its faults by field:
// url, events, description.
func (p WebhookPatch) Revision(rules WebhookRules) (WebhookRevision, Faults) {
	var faults Faults
	r := WebhookRevision{
		URL:         checkedIfSet(&faults, "url", p.URL, rules.ParseURL),
		Events:      checkedIfSet(&faults, "events", p.Events, ParseWebhookEventTypes),
		Description: checkedIfSet(&faults, "description", p.Description, ParseDescription),
		Enabled:     p.Enabled,
	}
	if faults != nil {
		return WebhookRevision{}, faults
	}
	return r, nil
}

// ParseURL returns s if it is a valid URL of a webhook: https on port 443 or 8443, up to
// [MaxWebhookURL] bytes of visible ASCII, without credentials or a fragment, and not
// with a private address as host.
func (rules WebhookRules) ParseURL(s string) (string, Faults) {
	if s == "" || len(s) > MaxWebhookURL {
		return "", fault(ReasonLength, RuleWebhookURLLength)
	}
	if strings.ContainsFunc(s, notVisible) {
		return "", fault(ReasonCharacters, RuleWebhookURLCharacters)
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.User != nil || strings.Contains(s, "#") ||
		u.Scheme != "https" && (u.Scheme != "http" || !rules.Insecure) {
		return "", fault(ReasonFormat, RuleWebhookURLFormat)
	}
	if u.Port() == "" && strings.HasSuffix(u.Host, ":") || u.Port() != "" && !validPort(u.Port()) {
		return "", fault(ReasonFormat, RuleWebhookURLFormat)
	}
	if rules.Insecure {
		return s, nil
	}
	if port := u.Port(); port != "" && port != "443" && port != "8443" {
		return "", fault(ReasonRange, RuleWebhookURLPort)
	}
	if localHost(strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))) {
		return "", fault(ReasonRange, RuleWebhookURLPrivate)
	}
	return s, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// localHost reports whether host names a machine that must not be called, or is an
// address in a form that resolvers interpret differently.
func localHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return !PublicAddr(addr)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "localhost" || last == "" {
		return true
	}
	if _, err := strconv.ParseUint(last, 0, 64); err == nil { // 127.1, 0x7f000001
		return true
	}
	return strings.Trim(last, "0123456789") == ""
}

// ParseWebhookEventTypes returns the types with the given names, without duplicates, or
// their faults by index.
func ParseWebhookEventTypes(names []string) ([]WebhookEventType, Faults) {
	types, faults := parseAll(names, ParseWebhookEventType)
	if faults != nil {
		return nil, faults
	}
	unique := []WebhookEventType{}
	for _, t := range types {
		if !slices.Contains(unique, t) {
			unique = append(unique, t)
		}
	}
	return unique, nil
}

// ParseDescription returns s if it is a valid description of a webhook: up to
// [MaxDescriptionLength] code points without control characters.
func ParseDescription(s string) (string, Faults) {
	switch {
	case utf8.RuneCountInString(s) > MaxDescriptionLength:
		return "", fault(ReasonLength, RuleDescriptionLength)
	case !utf8.ValidString(s), strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || forbiddenInName(r) }):
		return "", fault(ReasonCharacters, RuleDescriptionCharacters)
	}
	return s, nil
}
