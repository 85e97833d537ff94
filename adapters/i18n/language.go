package i18n

import "golang.org/x/text/language"

// Language is a BCP 47 tag, as Content-Language spells it.
type Language = string

// The languages of the catalogs. English is what everybody else is answered in.
const (
	English            Language = "en"
	Chinese            Language = "zh"
	TraditionalChinese Language = "zh-Hant"
	Japanese           Language = "ja"
	Vietnamese         Language = "vi"
)

// Languages returns every language there is a catalog for, English first.
func Languages() []Language {
	return []Language{English, Chinese, TraditionalChinese, Japanese, Vietnamese}
}

// newMatcher returns the matcher of languages and their base languages, both
// in the same order.
func newMatcher(languages []Language) (language.Matcher, []language.Base) {
	tags := make([]language.Tag, len(languages))
	bases := make([]language.Base, len(languages))
	for i, l := range languages {
		tags[i] = language.MustParse(l)
		bases[i], _ = tags[i].Base()
	}
	return language.NewMatcher(tags), bases
}
