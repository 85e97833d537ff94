package httpapi

import "github.com/slaunchx/apikeys/domain"

// The rules of the request's form, beside those of the domain. Every sentence
// may name the Field; further arguments are listed.
const (
	RuleTypeString        domain.Rule = "type_string"
	RuleTypeStringList    domain.Rule = "type_string_list"
	RuleTypeInteger       domain.Rule = "type_integer"
	RuleTypeMode          domain.Rule = "type_mode"
	RuleTypeObject        domain.Rule = "type_object"
	RuleTypeQuestions     domain.Rule = "type_questions"
	RuleTypeQuestion      domain.Rule = "type_question"
	RuleBodySyntax        domain.Rule = "body_syntax"
	RuleQuerySyntax       domain.Rule = "query_syntax"
	RuleUnknownField      domain.Rule = "unknown_field"
	RuleDuplicateField    domain.Rule = "duplicate_field"
	RuleHeaderRequired    domain.Rule = "header_required"
	RuleHeaderLength      domain.Rule = "header_length" // Min, Max
	RuleHeaderCharacters  domain.Rule = "header_characters"
	RuleWorkspaceMismatch domain.Rule = "workspace_mismatch"
	RuleKeyRequired       domain.Rule = "key_required"
	RuleCheckIPFormat     domain.Rule = "check_ip_format"
	RuleQuestionsLength   domain.Rule = "questions_length"
)
