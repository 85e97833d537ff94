package secrets

import "testing"

func TestEqual_seesEveryBit(t *testing.T) {
	t.Parallel()
	var a [32]byte
	if b := a; !equal(&a, &b) {
		t.Error("equal sums differ")
	}
	for bit := range 8 * len(a) {
		b := a
		b[bit/8] ^= 1 << (bit % 8)
		if equal(&a, &b) {
			t.Errorf("a difference in bit %d is not seen", bit)
		}
	}
}
