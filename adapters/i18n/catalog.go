package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

//go:embed locales/*.json
var locales embed.FS

// Catalog holds every message in every language. It is immutable and safe for
// concurrent use.
type Catalog struct {
	languages []Language // in the order of the matcher's indexes
	bases     []language.Base
	matcher   language.Matcher
	messages  map[Language]func() (map[string]template.ParsedTemplate, error)
}

// New returns the catalog of the embedded files, or an error if the English file or one of
// its messages cannot be parsed. Each file is parsed once in a process: the English one by
// New, and the others when their language is first used, because commands need none of
// them.
func New() (*Catalog, error) { return embedded() }

var embedded = sync.OnceValues(func() (*Catalog, error) { return load(locales, English) })

// load returns the catalog of files, or an error if the messages in one of the languages
// cannot be parsed.
func load(files fs.FS, languages ...Language) (*Catalog, error) {
	c := &Catalog{
		languages: Languages(),
		messages:  map[Language]func() (map[string]template.ParsedTemplate, error){},
	}
	c.matcher, c.bases = newMatcher(c.languages)
	for _, l := range c.languages {
		c.messages[l] = sync.OnceValues(func() (map[string]template.ParsedTemplate, error) { return loadLanguage(files, l) })
	}
	for _, l := range languages {
		if _, err := c.messages[l](); err != nil {
			return nil, fmt.Errorf("messages in %s: %w", l, err)
		}
	}
	return c, nil
}

// loadLanguage parses every template of a language. A go-i18n Localizer would
// match the language again for every message; here it is matched once per
// request.
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
	messages := make(map[string]template.ParsedTemplate, len(file.Messages))
	for _, m := range file.Messages {
		message, err := parser.Parse(m.Other, "", "")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.ID, err)
		}
		messages[m.ID] = message
	}
	return messages, nil
}

// Message returns the message with the given id in lang, with its placeholders
// replaced by args. The values of args are data: they are not parsed as
// templates and not escaped. A placeholder without an argument becomes the
// empty string. If lang has no such message, Message returns the English one,
// and if English has none either, the id.
func (c *Catalog) Message(lang Language, id string, args map[string]string) string {
	for _, l := range [...]Language{lang, English} {
		message, ok := c.message(l, id)
		if !ok {
			continue
		}
		if text, err := message.Execute(args); err == nil {
			return text
		}
	}
	return id
}

func (c *Catalog) message(lang Language, id string) (message template.ParsedTemplate, ok bool) {
	load, ok := c.messages[lang]
	if !ok {
		return nil, false
	}
	messages, err := load()
	if err != nil {
		return nil, false
	}
	message, ok = messages[id]
	return message, ok
}
