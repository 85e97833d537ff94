package domain

import (
	"errors"
	"fmt"
	"io"
)

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func isBase62(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func allBase62(s string) bool {
	for _, c := range []byte(s) {
		if !isBase62(c) {
			return false
		}
	}
	return true
}

// maxDraws bounds how often randomBase62 reads. One draw suffices nearly
// always; a source that 16 do not satisfy is broken, and is not waited for.
const maxDraws = 16

// randomBase62 returns n uniformly distributed digits. Bytes of 248 and above
// are drawn again, since 248 is the last multiple of 62 below 256.
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
	return "", errors.New("randomness is not random")
}

// putBase62 writes v into the whole of dst, most significant digit first,
// padded with 0.
func putBase62(dst []byte, v uint32) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = base62Digits[v%62]
		v /= 62
	}
}
