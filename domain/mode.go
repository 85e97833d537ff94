package domain

// Mode determines whether a key acts on real data or in the sandbox.
type Mode uint8

// The modes, with their numbers in the HTTP API.
const (
	ModeLive Mode = 1
	ModeTest Mode = 2
)

// ParseMode returns the mode with the number n.
func ParseMode(n int64) (Mode, Faults) {
	switch n {
	case int64(ModeLive):
		return ModeLive, nil
	case int64(ModeTest):
		return ModeTest, nil
	}
	return 0, fault(ReasonRange, RuleModeRange)
}

// String returns LIVE or TEST, or the empty string for any other value.
func (m Mode) String() string {
	switch m {
	case ModeLive:
		return "LIVE"
	case ModeTest:
		return "TEST"
	}
	return ""
}

// IssuableBy returns [ErrTestKeyPortal] for a TEST key outside the PARTNER
// portal, and nil otherwise.
func (m Mode) IssuableBy(portal Portal) error {
	if m == ModeTest && portal != PortalPartner {
		return ErrTestKeyPortal
	}
	return nil
}
