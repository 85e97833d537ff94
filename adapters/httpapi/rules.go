package httpapi

import "github.com/slaunchx/apikeys/domain"

// The rules of the contract that are neither in the domain nor in form. Each is
// a message of the catalogs.
const (
	RuleTypeMode          domain.Rule = "type_mode"
	RuleTypeQuestions     domain.Rule = "type_questions"
	RuleTypeQuestion      domain.Rule = "type_question"
	RuleWorkspaceMismatch domain.Rule = "workspace_mismatch"
	RuleKeyRequired       domain.Rule = "key_required"
	RuleCheckIPFormat     domain.Rule = "check_ip_format"
	RuleKeyOrID           domain.Rule = "key_or_id"
	RuleRefuseValue       domain.Rule = "refuse_value"
	RuleQuestionsLength   domain.Rule = "questions_length"
	RuleSecretsLength     domain.Rule = "secrets_length"
	RuleGitHubReport      domain.Rule = "github_report"
	RuleTrufflehogFormat  domain.Rule = "trufflehog_format"
)
