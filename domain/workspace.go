package domain

// MaxWorkspaceIDLength is the maximum length of a workspace ID in bytes.
const MaxWorkspaceIDLength = 64

// WorkspaceID is the business ID of a workspace.
type WorkspaceID string

// ParseWorkspaceID returns s as a workspace ID: 1 to [MaxWorkspaceIDLength] of
// A-Z a-z 0-9 _ -.
func ParseWorkspaceID(s string) (WorkspaceID, Faults) {
	if len(s) < 1 || len(s) > MaxWorkspaceIDLength {
		return "", fault(ReasonLength, RuleWorkspaceLength)
	}
	for _, c := range []byte(s) {
		if !isBase62(c) && c != '_' && c != '-' {
			return "", fault(ReasonCharacters, RuleWorkspaceCharacters)
		}
	}
	return WorkspaceID(s), nil
}
