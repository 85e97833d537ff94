package answer

import "github.com/slaunchx/apikeys/domain"

// The rules of requests over HTTP and gRPC. The message catalogs have a message for
// each, which may contain the Field.
const (
	RuleUnknownField  domain.Rule = "unknown_field"
	RuleCheckSyntax   domain.Rule = "check_syntax"
	RuleHideKeyFormat domain.Rule = "hide_key_format"
)
