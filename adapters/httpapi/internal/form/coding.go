package form

import (
	"errors"
	"net/http"
	"strings"
)

// ErrCoding is the error of a body with a content coding.
var ErrCoding = errors.New("content coding is not identity")

// CheckCoding returns [ErrCoding] if the body of r, if it has one, has a content
// coding (RFC 9110 section 8.4) other than identity: none is decoded here.
func CheckCoding(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	for _, line := range r.Header["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			coding = strings.TrimSpace(coding)
			if coding != "" && !strings.EqualFold(coding, "identity") {
				return ErrCoding
			}
		}
	}
	return nil
}
