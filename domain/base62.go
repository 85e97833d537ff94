package domain

import (
	"errors"
	"fmt"
	"io"
)

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// notBase62 is 0 for the digits and 1 for every other byte. The table is five
// times as fast as comparisons with the ends of the ranges, whose branches are
// unpredictable for random digits.
var notBase62 = func() (table [256]byte) {
	for i := range table {
		table[i] = 1
	}
	for _, digit := range []byte(base62Digits) {
		table[digit] = 0
	}
	return table
}()

func isBase62(c byte) bool { return notBase62[c] == 0 }

func allBase62(s string) bool {
	var wrong byte
	for i := range len(s) {
		wrong |= notBase62[s[i]]
	}
	return wrong == 0
}

// maxDraws is the number of reads after which randomBase62 gives up. One read is almost
// always enough; a source for which 16 reads are not enough is broken.
const maxDraws = 16

// randomBase62 returns n uniformly distributed digits. It discards bytes of 248
// and above, because 248 is the largest multiple of 62 below 256.
func randomBase62(random io.Reader, n int) (string, error) {
	const unbiased = 256 - 256%62
	digits := make([]byte, 0, n)
	buf := make([]byte, n+n/4)
	for range maxDraws {
		if _, err := io.ReadFull(random, buf); err != nil {
			return "", fmt.Errorf("read randomness: %w", err)
		}
		for _, b := range buf {
			if b < unbiased && len(digits) < n {
				digits = append(digits, base62Digits[b%62])
			}
		}
		if len(digits) == n {
			return string(digits), nil
		}
	}
	return "", errors.New("source of randomness is broken")
}

// putBase62 fills dst with v, most significant digit first and padded with 0.
func putBase62(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = base62Digits[v%62]
		v /= 62
	}
}
