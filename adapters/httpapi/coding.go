package httpapi

import (
	"net/http"
	"strings"
)

// readable returns errCoding if the body of r, if it has one, has a content
// coding (RFC 9110 section 8.4) other than identity: none is decoded here.
func readable(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	for _, line := range r.Header["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			coding = strings.TrimSpace(coding)
			if coding != "" && !strings.EqualFold(coding, "identity") {
				return errCoding
			}
		}
	}
	return nil
}

// acceptIdentity says which content codings are read (RFC 9110 section 12.5.3).
func acceptIdentity(h http.Header, _ error) { h.Set("Accept-Encoding", "identity") }
