package i18n

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxHeader is the number of bytes of Accept-Language that are read. Parsing a
// header of 6 kB takes milliseconds; real headers are shorter than 100 bytes.
const maxHeader = 256

// Match returns the language of the response to a request with the given
// Accept-Language lines, which are read as one list (RFC 9110 section 12.5.4).
// It tries the client's languages by descending weight and returns the first
// language of the catalog that matches one of them, or English if none does.
// Items beyond the first 256 bytes, and items that are not BCP 47 tags with a
// valid weight, are ignored.
func (c *Catalog) Match(acceptLanguage ...string) Language {
	ranges := parseHeader(acceptLanguage)
	accepted := len(ranges) // those of weight 0 come last
	for accepted > 0 && ranges[accepted-1].weight == 0 {
		accepted--
	}
	excluded := c.named(ranges[accepted:])
	for _, r := range ranges[:accepted] {
		if r.any {
			if l, ok := c.firstExcept(c.named(ranges)); ok {
				return l
			}
		} else if l, ok := c.closest(r); ok && !slices.Contains(excluded, l) {
			return l
		}
	}
	return English
}

// named returns the languages of the catalog that ranges name explicitly. A *
// in the same list does not match them.
func (c *Catalog) named(ranges []languageRange) (all []Language) {
	for _, r := range ranges {
		if r.any {
			continue
		}
		if l, ok := c.closest(r); ok {
			all = append(all, l)
		}
	}
	return all
}

// closest returns the language of the catalog that best matches r, and false
// if none does.
func (c *Catalog) closest(r languageRange) (Language, bool) {
	// Use the index: the tag that the matcher returns may have extensions.
	_, i, confidence := c.matcher.Match(r.tag)
	// Compare the base languages too. CLDR also matches languages that a
	// speaker of the requested one probably reads (Chinese for Uyghur, English
	// for Tamil), which must not win over what the client lists next.
	if base, _ := r.tag.Base(); confidence == language.No || base != c.bases[i] {
		return "", false
	}
	return c.languages[i], true
}

// firstExcept returns the first language of the catalog that is not in except.
func (c *Catalog) firstExcept(except []Language) (Language, bool) {
	for _, l := range c.languages {
		if !slices.Contains(except, l) {
			return l, true
		}
	}
	return "", false
}

// languageRange is one item of Accept-Language.
type languageRange struct {
	tag    language.Tag
	any    bool    // the item is *
	weight float32 // 0 to 1; 0 means not acceptable
}

// parseHeader returns the valid items by descending weight. It parses each item
// separately, because language.ParseAcceptLanguage rejects the whole header for
// one bad tag.
func parseHeader(lines []string) []languageRange {
	var ranges []languageRange
	for item := range strings.SplitSeq(join(lines), ",") {
		if r, ok := parseItem(item); ok {
			ranges = append(ranges, r)
		}
	}
	slices.SortStableFunc(ranges, func(a, b languageRange) int { return cmp.Compare(b.weight, a.weight) })
	return ranges
}

// join returns the lines as one list of at most maxHeader bytes. An item that
// crosses that bound is left out as a whole.
func join(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if b.Len() > maxHeader {
			break
		}
		b.WriteString(line[:min(len(line), maxHeader+1)])
		b.WriteByte(',')
	}
	list := b.String()
	if len(list) <= maxHeader {
		return list
	}
	return list[:max(0, strings.LastIndexByte(list[:maxHeader+1], ','))]
}
