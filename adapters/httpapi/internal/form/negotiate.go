package form

import (
	"errors"
	"mime"
	"strings"

	"github.com/elnormous/contenttype"
)

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
