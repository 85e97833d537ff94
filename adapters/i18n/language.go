package i18n

import "golang.org/x/text/language"

// Language is a BCP 47 tag, spelled as in Content-Language.
type Language = string

// The languages of the catalog. Clients that accept none of them get English.
const (
	English            Language = "en"
	Chinese            Language = "zh"
	TraditionalChinese Language = "zh-Hant"
	Japanese           Language = "ja"
	Vietnamese         Language = "vi"
)

// Languages returns all languages of the catalog, English first.
func Languages() []Language {
	return []Language{English, Chinese, TraditionalChinese, Japanese, Vietnamese}
}

// newMatcher returns a matcher for languages, and the base language of each,
// in the order of languages.
func newMatcher(languages []Language) (language.Matcher, []language.Base) {
	tags := make([]language.Tag, len(languages))
	bases := make([]language.Base, len(languages))
	for i, l := range languages {
		tags[i] = language.MustParse(l)
		bases[i], _ = tags[i].Base()
	}
	return language.NewMatcher(tags), bases
}
