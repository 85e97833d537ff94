package form

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/elnormous/contenttype"

	"github.com/slaunchx/apikeys/adapters/internal/answer"
	"github.com/slaunchx/apikeys/domain"
)

// Presence determines whether a header must be sent.
type Presence bool

// The presences.
const (
	Required Presence = true
	Optional Presence = false
)

// Header returns the value of a header, which must have 1 to most visible ASCII
// characters and be sent once. If most is 0, the caller checks the value.
func Header(h http.Header, name string, most int, need Presence) (string, domain.Faults) {
	values := h.Values(name)
	refuse := func(reason domain.Reason, rule domain.Rule) (string, domain.Faults) {
		return "", domain.Faults{{Field: name, Reason: reason, Rule: rule, Args: map[string]string{
			"Min": "1", "Max": strconv.Itoa(most),
		}}}
	}
	switch {
	case len(values) == 0 && need == Optional:
		return "", nil
	case len(values) == 0:
		return refuse(domain.ReasonRequired, RuleHeaderRequired)
	case len(values) > 1:
		return refuse(domain.ReasonDuplicateField, RuleDuplicateField)
	case most == 0:
		return values[0], nil
	case values[0] == "" || len(values[0]) > most:
		return refuse(domain.ReasonLength, RuleHeaderLength)
	case !answer.VisibleASCII(values[0]):
		return refuse(domain.ReasonCharacters, RuleHeaderCharacters)
	}
	return values[0], nil
}

var offered = []contenttype.MediaType{
	contenttype.NewMediaType("application/json"),
	contenttype.NewMediaType("application/json; charset=utf-8"),
}

// AcceptsJSON reports whether the lines of an Accept header (RFC 9110 section
// 12.5.1) allow application/json.
func AcceptsJSON(values []string) bool {
	var ranges []string
	empty := true
	for item := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		if strings.TrimSpace(item) == "" {
			continue // RFC 9110 section 5.6.1.2
		}
		empty = false
		item = strings.Trim(strings.TrimRight(item, "; \t"), " \t") // section 5.6.6
		item = strings.ReplaceAll(item, "q=.", "q=0.")              // sent by Java's HttpURLConnection
		// The library rejects the whole list because of one invalid item.
		_, _, err := contenttype.GetAcceptableMediaTypeFromHeader(item, offered)
		if err == nil || errors.Is(err, contenttype.ErrNoAcceptableTypeFound) {
			ranges = append(ranges, item)
		}
	}
	if empty {
		return true
	}
	_, _, err := contenttype.GetAcceptableMediaTypeFromHeader(strings.Join(ranges, ","), offered)
	return len(ranges) > 0 && err == nil
}

// SendsJSON reports whether the lines of a Content-Type header are
// application/json in UTF-8.
func SendsJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, named := params["charset"]
	if named && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return len(params) == 0 || named && len(params) == 1
}

// ErrCoding is the error of a body with a content coding.
var ErrCoding = errors.New("content coding is not identity")

// CheckCoding returns [ErrCoding] if r has a body with a content coding (RFC 9110
// section 8.4) other than identity, because none is supported.
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
