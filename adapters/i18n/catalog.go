package i18n

import (
	"embed"
	"fmt"
	"io/fs"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

//go:embed locales/*.json
var locales embed.FS

// Catalog holds every sentence in every language. It is immutable and safe
// for concurrent use.
type Catalog struct {
	languages []Language // in the order in which matcher counts
	bases     []language.Base
	matcher   language.Matcher
	sentences map[Language]map[string]template.ParsedTemplate
}

// New returns the catalog of the embedded files. It fails when a sentence of
// theirs cannot be parsed.
func New() (*Catalog, error) { return load(locales) }

func load(files fs.FS) (*Catalog, error) {
	c := &Catalog{
		languages: Languages(),
		sentences: map[Language]map[string]template.ParsedTemplate{},
	}
	c.matcher, c.bases = newMatcher(c.languages)
	for _, l := range c.languages {
		sentences, err := loadLanguage(files, l)
		if err != nil {
			return nil, fmt.Errorf("messages in %s: %w", l, err)
		}
		c.sentences[l] = sentences
	}
	return c, nil
}

// loadLanguage parses every template once. A go-i18n Localizer would match the
// language anew for each message; here it is matched once for each request.
func loadLanguage(files fs.FS, l Language) (map[string]template.ParsedTemplate, error) {
	path := "locales/" + l + ".json"
	text, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	file, err := goi18n.ParseMessageFileBytes(text, path, nil)
	if err != nil {
		return nil, err
	}
	parser := template.TextParser{Option: "missingkey=zero"}
	sentences := make(map[string]template.ParsedTemplate, len(file.Messages))
	for _, m := range file.Messages {
		sentence, err := parser.Parse(m.Other, "", "")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.ID, err)
		}
		sentences[m.ID] = sentence
	}
	return sentences, nil
}

// Message returns the sentence of that id in lang, its placeholders filled
// from args. The values of args are data: what looks like a placeholder in
// them stays as it is, and nothing is escaped. A placeholder without an
// argument is left out. Where lang lacks the id the sentence is English, and
// where English lacks it too, the id itself.
func (c *Catalog) Message(lang Language, id string, args map[string]string) string {
	for _, l := range [...]Language{lang, English} {
		sentence, ok := c.sentences[l][id]
		if !ok {
			continue
		}
		if text, err := sentence.Execute(args); err == nil {
			return text
		}
	}
	return id
}
