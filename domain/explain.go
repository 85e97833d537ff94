package domain

import (
	"strconv"
	"strings"
	"time"
)

// Step is one step of a permission check.
type Step string

// The steps, in the order in which a key is checked. A check that fails at one
// step does not reach the next.
const (
	StepFormat     Step = "FORMAT"
	StepFound      Step = "FOUND"
	StepSecret     Step = "SECRET"
	StepStatus     Step = "STATUS"
	StepExpiry     Step = "EXPIRY"
	StepIP         Step = "IP"
	StepScopes     Step = "SCOPES"
	StepRateLimits Step = "RATE_LIMITS"
	StepQuota      Step = "QUOTA"
)

// Steps returns every step, in the order in which a key is checked.
func Steps() []Step {
	return []Step{
		StepFormat, StepFound, StepSecret, StepStatus, StepExpiry, StepIP, StepScopes, StepRateLimits, StepQuota,
	}
}

// StepOutcome is the outcome of one [Step].
type StepOutcome string

// The outcomes. A step is skipped if an earlier step failed or if it does not apply.
const (
	StepPass StepOutcome = "PASS"
	StepFail StepOutcome = "FAIL"
	StepSkip StepOutcome = "SKIP"
)

// ExplainedStep is one step of an [Explanation].
type ExplainedStep struct {
	Step    Step
	Outcome StepOutcome
	Detail  Detail
}

// Explanation says how a permission check is decided, step by step.
type Explanation struct {
	Verdict Verdict
	Steps   []ExplainedStep // one for each of [Steps], in that order
}

// Allowed reports whether the check is allowed.
func (e Explanation) Allowed() bool { return e.Verdict == VerdictOK }

// Question is a [Check] to be explained.
type Question struct {
	Check
	// ByID asks about the key with the ID KeyID, as if its secret had been presented.
	// If it is set, Secret is ignored.
	ByID  bool
	KeyID KeyID // zero if it was malformed
	// At is the time at which the check is evaluated.
	At time.Time
	// Now reports whether At is the current time. If so, the windows are the store's,
	// whose clock may differ.
	Now bool
	// Limits are the current states of the limits of the key. Windows other than those
	// of At count as unspent.
	Limits []LimitState
}

// ID returns the ID of the key that the question is about, or "" if it was
// malformed.
func (q Question) ID() KeyID {
	if q.ByID {
		return q.KeyID
	}
	return q.Secret.KeyID()
}

// Explain explains the decision on q. g is the grant of the key q.ID(), or nil if there
// is no such key. The verdict is that of [Grant.Authorize], which Explain calls; the
// details only describe it.
func (q Question) Explain(g *Grant, verifier SecretVerifier) Explanation {
	verdict, failed := q.decide(g, verifier)
	e := Explanation{Verdict: verdict}
	reached := true
	for _, step := range Steps() {
		s := ExplainedStep{Step: step, Outcome: StepSkip, Detail: Detail{Rule: DetailSkipped}}
		if reached {
			s.Outcome, s.Detail = StepPass, q.detail(step, step == failed, g, verifier)
		}
		switch {
		case step == failed:
			s.Outcome, reached = StepFail, false
		case reached && step == StepSecret && q.ByID:
			s.Outcome = StepSkip
		}
		e.Steps = append(e.Steps, s)
	}
	return e
}

// failedSteps are the steps at which a check of a proven key fails.
var failedSteps = map[Verdict]Step{
	VerdictDisabled:          StepStatus,
	VerdictExpired:           StepExpiry,
	VerdictIPNotAllowed:      StepIP,
	VerdictInsufficientScope: StepScopes,
	VerdictRateLimited:       StepRateLimits,
	VerdictQuotaExceeded:     StepQuota,
}

// decide returns the verdict and the step that failed, or "" if none did.
func (q Question) decide(g *Grant, verifier SecretVerifier) (Verdict, Step) {
	switch {
	case q.ID() == "" && (g == nil || q.ByID || !q.Secret.Foreign()): // a foreign secret that belongs to no key counts as malformed
		return VerdictNotFound, StepFormat
	case g == nil || g.deleted:
		return VerdictNotFound, StepFound
	case q.ByID:
		verdict := q.judgeLimits(g.verdict(&q.Check, q.At))
		return verdict, failedSteps[verdict]
	}
	d := g.Authorize(q.Check, verifier, q.At)
	if d.Verdict == VerdictNotFound {
		return d.Verdict, StepSecret
	}
	d.Verdict = q.judgeLimits(d.Verdict)
	return d.Verdict, failedSteps[d.Verdict]
}

// judgeLimits returns the verdict of the first limit that refuses the check. If no
// limit does, or if verdict is not OK, it returns verdict.
func (q Question) judgeLimits(verdict Verdict) Verdict {
	if verdict != VerdictOK {
		return verdict
	}
	for _, state := range q.Limits {
		if q.left(state) < q.Cost.Need() {
			return state.Limit.Refused()
		}
	}
	return VerdictOK
}

// left returns what is left of a limit in the window that contains At.
func (q Question) left(state LimitState) int64 {
	if window := state.Limit.Window; !q.Now && !window.Start(q.At).Equal(state.Start) {
		return state.Limit.Max
	}
	return state.Remaining
}

// Detail says what a step compared. The message catalogs contain its text in every
// language.
type Detail struct {
	Rule Rule
	Args map[string]string // the values of the placeholders in the message
}

// The details. A comment lists the arguments that the message takes.
const (
	DetailSkipped             Rule = "explain_skipped"
	DetailKeyWellFormed       Rule = "explain_key_well_formed"
	DetailKeyMalformed        Rule = "explain_key_malformed"
	DetailKeyForeign          Rule = "explain_key_foreign"
	DetailIDWellFormed        Rule = "explain_id_well_formed"
	DetailIDMalformed         Rule = "explain_id_malformed"
	DetailFound               Rule = "explain_found"     // Key, Workspace
	DetailNotFound            Rule = "explain_not_found" // Key
	DetailSecretNotNeeded     Rule = "explain_secret_not_needed"
	DetailSecretCurrent       Rule = "explain_secret_current"
	DetailSecretPrevious      Rule = "explain_secret_previous" // Until
	DetailSecretEnded         Rule = "explain_secret_ended"    // Until
	DetailSecretWrong         Rule = "explain_secret_wrong"
	DetailEnabled             Rule = "explain_enabled"
	DetailDisabled            Rule = "explain_disabled"
	DetailNoExpiry            Rule = "explain_no_expiry"
	DetailNotExpired          Rule = "explain_not_expired" // At, Until
	DetailExpired             Rule = "explain_expired"     // At, Until
	DetailNoWhitelist         Rule = "explain_no_whitelist"
	DetailIPListed            Rule = "explain_ip_listed"     // IP, Range
	DetailIPNotListed         Rule = "explain_ip_not_listed" // IP, Ranges
	DetailIPUnknown           Rule = "explain_ip_unknown"    // Ranges
	DetailWhitelistUnreadable Rule = "explain_whitelist_unreadable"
	DetailScopesHeld          Rule = "explain_scopes_held"          // Scopes
	DetailScopesNotRequested  Rule = "explain_scopes_not_requested" // Scopes
	DetailScopesMissing       Rule = "explain_scopes_missing"       // Scopes
	DetailScopesNone          Rule = "explain_scopes_none"
	DetailNoRateLimits        Rule = "explain_no_rate_limits"
	DetailRateLimitsLeft      Rule = "explain_rate_limits_left"   // Limits, Cost
	DetailRateLimitReached    Rule = "explain_rate_limit_reached" // Name, Limits, Cost
	DetailRateLimitsLost      Rule = "explain_rate_limits_unreadable"
	DetailNoQuota             Rule = "explain_no_quota"
	DetailQuotaLeft           Rule = "explain_quota_left"    // Limits, Cost
	DetailQuotaUsedUp         Rule = "explain_quota_used_up" // Limits, Cost
	DetailQuotaLost           Rule = "explain_quota_unreadable"
)

// Details returns all details.
func Details() []Rule {
	return []Rule{
		DetailSkipped,
		DetailKeyWellFormed, DetailKeyMalformed, DetailKeyForeign, DetailIDWellFormed, DetailIDMalformed,
		DetailFound, DetailNotFound,
		DetailSecretNotNeeded, DetailSecretCurrent, DetailSecretPrevious, DetailSecretEnded, DetailSecretWrong,
		DetailEnabled, DetailDisabled,
		DetailNoExpiry, DetailNotExpired, DetailExpired,
		DetailNoWhitelist, DetailIPListed, DetailIPNotListed, DetailIPUnknown, DetailWhitelistUnreadable,
		DetailScopesHeld, DetailScopesNotRequested, DetailScopesMissing, DetailScopesNone,
		DetailNoRateLimits, DetailRateLimitsLeft, DetailRateLimitReached, DetailRateLimitsLost,
		DetailNoQuota, DetailQuotaLeft, DetailQuotaUsedUp, DetailQuotaLost,
	}
}

// detail describes a step that passed or failed.
func (q Question) detail(step Step, failed bool, g *Grant, verifier SecretVerifier) Detail {
	switch step {
	case StepFormat:
		return q.formatDetail(failed)
	case StepFound:
		if failed {
			return detail(DetailNotFound, "Key", string(q.ID()))
		}
		return detail(DetailFound, "Key", string(g.id), "Workspace", string(g.workspace))
	case StepSecret:
		return q.secretDetail(g, verifier)
	case StepStatus:
		return either(failed, detail(DetailDisabled), detail(DetailEnabled))
	case StepExpiry:
		return q.expiryDetail(g, failed)
	case StepIP:
		return q.addressDetail(g.whitelist)
	case StepScopes:
		return q.scopesDetail(g.scopes)
	case StepRateLimits:
		return q.rateLimitsDetail(g)
	}
	return q.quotaDetail(g)
}

func (q Question) rateLimitsDetail(g *Grant) Detail {
	if g.limits != nil && g.limits.unreadable == VerdictRateLimited {
		return detail(DetailRateLimitsLost)
	}
	var left []string
	for _, state := range q.Limits {
		if state.Limit.IsQuota() {
			continue
		}
		if q.left(state) < q.Cost.Need() {
			return detail(DetailRateLimitReached, "Name", state.Limit.Name, "Limits", q.leftOf(state), "Cost", q.spelledCost())
		}
		left = append(left, state.Limit.Name+" "+q.leftOf(state))
	}
	if left == nil {
		return detail(DetailNoRateLimits)
	}
	return detail(DetailRateLimitsLeft, "Limits", strings.Join(left, ", "), "Cost", q.spelledCost())
}

func (q Question) quotaDetail(g *Grant) Detail {
	if g.limits != nil && g.limits.unreadable == VerdictQuotaExceeded {
		return detail(DetailQuotaLost)
	}
	for _, state := range q.Limits {
		if state.Limit.IsQuota() {
			rule := either(q.left(state) < q.Cost.Need(), DetailQuotaUsedUp, DetailQuotaLeft)
			return detail(rule, "Limits", q.leftOf(state), "Cost", q.spelledCost())
		}
	}
	return detail(DetailNoQuota)
}

// leftOf returns what is left of a limit and its maximum, such as "42/100".
func (q Question) leftOf(state LimitState) string {
	return strconv.FormatInt(q.left(state), 10) + "/" + strconv.FormatInt(state.Limit.Max, 10)
}

func (q Question) spelledCost() string { return strconv.FormatInt(q.Cost.Need(), 10) }

func (q Question) formatDetail(failed bool) Detail {
	if q.ByID {
		return either(failed, detail(DetailIDMalformed), detail(DetailIDWellFormed))
	}
	if q.Secret.Foreign() && !failed {
		return detail(DetailKeyForeign)
	}
	return either(failed, detail(DetailKeyMalformed), detail(DetailKeyWellFormed))
}

func (q Question) secretDetail(g *Grant, verifier SecretVerifier) Detail {
	if q.ByID {
		return detail(DetailSecretNotNeeded)
	}
	if i := g.provenBy(q.Secret, verifier, q.At); i >= 0 {
		if end := g.secrets[i].validUntil; end != endless {
			return detail(DetailSecretPrevious, "Until", spelledEnd(end))
		}
		return detail(DetailSecretCurrent)
	}
	for i := range g.secrets {
		if end := g.secrets[i].validUntil; end != endless && verifier.Verify(q.Secret, g.secrets[i].digest()) {
			return detail(DetailSecretEnded, "Until", spelledEnd(end))
		}
	}
	return detail(DetailSecretWrong)
}

func (q Question) expiryDetail(g *Grant, failed bool) Detail {
	if g.expiresAt == endless {
		return detail(DetailNoExpiry)
	}
	rule := either(failed, DetailExpired, DetailNotExpired)
	return detail(rule, "Until", spelledEnd(g.expiresAt), "At", q.At.UTC().Format(time.RFC3339))
}

func (q Question) addressDetail(w *IPWhitelist) Detail {
	switch {
	case w == nil:
		return detail(DetailNoWhitelist)
	case w.unreadable:
		return detail(DetailWhitelistUnreadable)
	case !q.Addr.IsValid():
		return detail(DetailIPUnknown, "Ranges", shortList(spelled(w.ranges)))
	}
	if r, ok := w.entryOf(q.Addr); ok {
		return detail(DetailIPListed, "IP", q.Addr.String(), "Range", r.String())
	}
	return detail(DetailIPNotListed, "IP", q.Addr.String(), "Ranges", shortList(spelled(w.ranges)))
}

func (q Question) scopesDetail(held ScopeSet) Detail {
	switch {
	case held.Empty():
		return detail(DetailScopesNone)
	case len(q.Scopes) == 0:
		return detail(DetailScopesNotRequested, "Scopes", shortList(texts(held.Codes())))
	case held.Holds(q.Scopes):
		return detail(DetailScopesHeld, "Scopes", shortList(texts(q.Scopes)))
	}
	var missing []string
	for _, s := range q.Scopes {
		if !held.Holds([]Scope{s}) {
			missing = append(missing, readable(s))
		}
	}
	return detail(DetailScopesMissing, "Scopes", shortList(missing))
}

// readable returns s, or a question mark if s cannot be a scope: the caller may
// have sent anything, even a secret.
func readable(s Scope) string {
	if _, faults := ParseScope(string(s)); faults != nil || HasSecret(string(s)) {
		return "?"
	}
	return string(s)
}

// maxListed is the number of entries of a list that a detail shows.
const maxListed = 10

func shortList(entries []string) string {
	if len(entries) > maxListed {
		return strings.Join(entries[:maxListed], ", ") + ", …"
	}
	return strings.Join(entries, ", ")
}

func spelledEnd(end int64) string { return time.UnixMicro(end).UTC().Format(time.RFC3339) }

// detail returns the detail with the given names and values of arguments.
func detail(rule Rule, args ...string) Detail {
	d := Detail{Rule: rule}
	for i := 0; i+1 < len(args); i += 2 {
		if d.Args == nil {
			d.Args = map[string]string{}
		}
		d.Args[args[i]] = args[i+1]
	}
	return d
}

func either[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}
