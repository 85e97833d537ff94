package domain

// PepperCheck tells two peppers that have the same identifier apart without
// revealing anything of either. It is no digest of any secret.
type PepperCheck struct {
	PepperID string // 1 to 32 of A-Z a-z 0-9 _ -
	Sum      [32]byte
}
