package domain

import (
	"maps"
	"strconv"
	"strings"
)

// Reason is the stable, machine-readable class of a [Fault].
type Reason string

// The reasons for which a value is rejected.
const (
	ReasonRequired       Reason = "required"
	ReasonType           Reason = "type"
	ReasonLength         Reason = "length"
	ReasonRange          Reason = "range"
	ReasonFormat         Reason = "format"
	ReasonCharacters     Reason = "characters"
	ReasonUnknownField   Reason = "unknown_field"
	ReasonDuplicateField Reason = "duplicate_field"
	ReasonTooMany        Reason = "too_many"
	ReasonInPast         Reason = "in_past"
	ReasonHostBits       Reason = "host_bits"
	ReasonMismatch       Reason = "mismatch"
	ReasonSyntax         Reason = "syntax"
)

// Rule identifies the message that tells a person how to fix a fault. The message
// catalogs contain the text in every language.
type Rule string

// The rules of this package. A comment lists the arguments that the message takes.
const (
	RuleNameLength          Rule = "name_length"
	RuleNameCharacters      Rule = "name_characters"
	RuleNameVisible         Rule = "name_visible"
	RuleScopeLength         Rule = "scope_length"
	RuleScopeFormat         Rule = "scope_format"
	RuleScopesTooMany       Rule = "scopes_too_many"
	RuleModeRange           Rule = "mode_range"
	RuleIPFormat            Rule = "ip_format"
	RuleIPZone              Rule = "ip_zone"
	RuleIPMapped            Rule = "ip_mapped"
	RuleIPHostBits          Rule = "ip_host_bits" // Canonical: the range as it should be written
	RuleIPTooMany           Rule = "ip_too_many"
	RuleExpiryFormat        Rule = "expiry_format"
	RuleExpiryInPast        Rule = "expiry_in_past"
	RuleExpiryRange         Rule = "expiry_range"
	RuleGraceRange          Rule = "grace_range"
	RulePageRange           Rule = "page_range"
	RuleSizeRange           Rule = "size_range"
	RuleOrderRange          Rule = "order_range"
	RuleStatusRange         Rule = "status_range"
	RuleModeName            Rule = "mode_name"
	RuleNamePartLength      Rule = "name_part_length"
	RuleNamePartCharacters  Rule = "name_part_characters"
	RuleWorkspaceLength     Rule = "workspace_length"
	RuleWorkspaceCharacters Rule = "workspace_characters"
	RuleRateLimitsTooMany   Rule = "rate_limits_too_many"
	RuleLimitNameLength     Rule = "limit_name_length"
	RuleLimitNameCharacters Rule = "limit_name_characters"
	RuleLimitNameQuota      Rule = "limit_name_quota"
	RuleLimitNameUnique     Rule = "limit_name_unique"
	RuleRateLimitRange      Rule = "rate_limit_range"
	RuleWindowRange         Rule = "window_range"
	RuleQuotaRange          Rule = "quota_range"
	RulePeriod              Rule = "period"
	RuleCostRange           Rule = "cost_range"
	RuleLimitsUnsupported   Rule = "limits_unsupported"
	RuleDayFormat           Rule = "day_format"
	RuleDayRange            Rule = "day_range"
	RuleDayRequired         Rule = "day_required"

	RuleLeakSourceLength     Rule = "leak_source_length"
	RuleLeakSourceCharacters Rule = "leak_source_characters"

	RuleWebhookURLLength      Rule = "webhook_url_length"
	RuleWebhookURLCharacters  Rule = "webhook_url_characters"
	RuleWebhookURLFormat      Rule = "webhook_url_format"
	RuleWebhookURLPort        Rule = "webhook_url_port"
	RuleWebhookURLPrivate     Rule = "webhook_url_private"
	RuleWebhookEventRange     Rule = "webhook_event_range"
	RuleDescriptionLength     Rule = "description_length"
	RuleDescriptionCharacters Rule = "description_characters"
	RuleDeliveryStatusRange   Rule = "delivery_status_range"
)

// Rules returns all rules of this package.
func Rules() []Rule {
	return []Rule{
		RuleNameLength, RuleNameCharacters, RuleNameVisible,
		RuleScopeLength, RuleScopeFormat, RuleScopesTooMany,
		RuleModeRange,
		RuleIPFormat, RuleIPZone, RuleIPMapped, RuleIPHostBits, RuleIPTooMany,
		RuleExpiryFormat, RuleExpiryInPast, RuleExpiryRange,
		RuleGraceRange,
		RulePageRange, RuleSizeRange, RuleOrderRange, RuleStatusRange, RuleModeName,
		RuleNamePartLength, RuleNamePartCharacters,
		RuleWorkspaceLength, RuleWorkspaceCharacters,
		RuleRateLimitsTooMany, RuleLimitNameLength, RuleLimitNameCharacters, RuleLimitNameQuota, RuleLimitNameUnique,
		RuleRateLimitRange, RuleWindowRange, RuleQuotaRange, RulePeriod, RuleCostRange, RuleLimitsUnsupported,
		RuleDayFormat, RuleDayRange, RuleDayRequired,
		RuleLeakSourceLength, RuleLeakSourceCharacters,
		RuleWebhookURLLength, RuleWebhookURLCharacters, RuleWebhookURLFormat, RuleWebhookURLPort, RuleWebhookURLPrivate,
		RuleWebhookEventRange, RuleDescriptionLength, RuleDescriptionCharacters, RuleDeliveryStatusRange,
	}
}

// Fault is one validation error of one value.
type Fault struct {
	// Field is the path of the value relative to the validated one, such as
	// "ipWhitelist[2]"; empty for the validated value itself.
	Field  string
	Reason Reason
	Rule   Rule
	// Args are the values of the placeholders in the message.
	Args map[string]string
}

// Placeholders returns the values of all placeholders in the message: Args, and the
// field as Field.
func (f Fault) Placeholders() map[string]string {
	values := map[string]string{"Field": f.Field}
	maps.Copy(values, f.Args)
	return values
}

// MaxFaults is the number of faults after which the validation of a list or an
// object stops, because a fault is much larger than the input that causes it.
const MaxFaults = 100

// Faults lists all faults found in one step of validation, in the order of the
// values. Use [Faults.Err] to return it as an error, because a nil Faults in an
// error variable is not a nil error.
type Faults []Fault

// Err returns f as an error, or nil if f is empty.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Error lists the faults by field and reason, but not the values.
func (f Faults) Error() string {
	var b strings.Builder
	b.WriteString("validation failed")
	for i, fault := range f {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		b.WriteString(sep + strconv.Quote(fault.Field) + " " + string(fault.Reason))
	}
	return b.String()
}

// At prefixes the field of every fault with path and returns f.
func (f Faults) At(path string) Faults {
	for i := range f {
		f[i].Field = path + f[i].Field
	}
	return f
}

func fault(reason Reason, rule Rule) Faults {
	return Faults{{Reason: reason, Rule: rule}}
}
