package answer

import "github.com/slaunchx/apikeys/domain"

// The rules of requests over HTTP and gRPC. Each is a sentence of the message
// catalogs, which may name the Field.
const (
	RuleUnknownField  domain.Rule = "unknown_field"
	RuleCheckSyntax   domain.Rule = "check_syntax"
	RuleHideKeyFormat domain.Rule = "hide_key_format"
)
