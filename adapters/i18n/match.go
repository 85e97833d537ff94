package i18n

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxHeader is how much of Accept-Language is read, in bytes. A header of 6 kB
// would cost milliseconds; real ones are shorter than 100 bytes.
const maxHeader = 256

// Match returns the language to answer in, given the lines of Accept-Language
// (RFC 9110 section 12.5.4), which count as one list: the one of ours that is
// closest to the first of the client's languages, by falling weight, that we
// speak at all, and English where we speak none. Items beyond the first 256
// bytes, and items that are not BCP 47 tags with a valid weight, are ignored.
func (c *Catalog) Match(acceptLanguage ...string) Language {
	wishes := parseHeader(acceptLanguage)
	wanted := len(wishes) // how many come before those of weight 0
	for wanted > 0 && wishes[wanted-1].weight == 0 {
		wanted--
	}
	excluded := c.named(wishes[wanted:])
	for _, w := range wishes[:wanted] {
		if w.any {
			if l, ok := c.firstBut(c.named(wishes)); ok {
				return l
			}
		} else if l, ok := c.closest(w); ok && !slices.Contains(excluded, l) {
			return l
		}
	}
	return English
}

// named returns the languages of ours that wishes name, for which a * beside
// them does not stand.
func (c *Catalog) named(wishes []wish) (all []Language) {
	for _, w := range wishes {
		if w.any {
			continue
		}
		if l, ok := c.closest(w); ok {
			all = append(all, l)
		}
	}
	return all
}

// closest returns the language of ours that serves w, and false when none does.
func (c *Catalog) closest(w wish) (Language, bool) {
	// The tag that the matcher returns may carry extensions: its index counts.
	_, i, confidence := c.matcher.Match(w.tag)
	// Without the comparison CLDR's guesses at what else a person reads would
	// count as much as what they asked for: Chinese for Uyghur, English for Tamil.
	if base, _ := w.tag.Base(); confidence == language.No || base != c.bases[i] {
		return "", false
	}
	return c.languages[i], true
}

// firstBut returns the first language of ours that is none of those.
func (c *Catalog) firstBut(those []Language) (Language, bool) {
	for _, l := range c.languages {
		if !slices.Contains(those, l) {
			return l, true
		}
	}
	return "", false
}

// wish is one item of Accept-Language.
type wish struct {
	tag    language.Tag
	any    bool    // the item was *
	weight float32 // 0 to 1; 0 says never
}

// parseHeader returns the items in the order of their weights. Each is parsed
// by itself, since one bad tag makes ParseAcceptLanguage drop them all.
func parseHeader(lines []string) []wish {
	var wishes []wish
	for item := range strings.SplitSeq(join(lines), ",") {
		if w, ok := parseItem(item); ok {
			wishes = append(wishes, w)
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	return wishes
}

// join returns the lines as one list of at most maxHeader bytes, without the
// item that crosses that bound.
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
