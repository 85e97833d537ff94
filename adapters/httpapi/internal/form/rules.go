package form

import (
	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// The rules of this package. The message catalogs have a message for each, which may
// contain the Field; comments list further arguments.
const (
	RuleTypeString       domain.Rule = "type_string"
	RuleTypeStringList   domain.Rule = "type_string_list"
	RuleTypeObjectList   domain.Rule = "type_object_list"
	RuleTypeInteger      domain.Rule = "type_integer"
	RuleTypeBoolean      domain.Rule = "type_boolean"
	RuleTypeObject       domain.Rule = "type_object"
	RuleBodySyntax       domain.Rule = "body_syntax"
	RuleQuerySyntax      domain.Rule = "query_syntax"
	RuleUnknownField     domain.Rule = answer.RuleUnknownField
	RuleDuplicateField   domain.Rule = "duplicate_field"
	RuleHeaderRequired   domain.Rule = "header_required"
	RuleHeaderLength     domain.Rule = "header_length" // Min, Max
	RuleHeaderCharacters domain.Rule = "header_characters"
)

// ErrTooLarge is the error of a body that is larger than its limit.
var ErrTooLarge = answer.ErrTooLarge

// Fault returns one fault of a field.
func Fault(field string, reason domain.Reason, rule domain.Rule) domain.Faults {
	return domain.Faults{{Field: field, Reason: reason, Rule: rule}}
}
