package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Parse parses text into target. Every setting is parsed by Parse, whether it
// comes from a flag, a variable or a file. target is a pointer to the type of a
// field of [Config]:
//
//   - *string and *[Secret]: text itself.
//   - *int: a decimal number.
//   - *bool: true, yes or 1, or false, no or 0, in any case.
//   - *[time.Duration]: as [time.ParseDuration] reads it.
//   - *[]string: a list separated by commas, with optional white space around
//     its entries.
//
// The error says what is wrong with text and how to correct it. It does not quote the
// value of a [Secret]. White space or invisible characters at either end of text, and
// quotes around it, are errors, so that a value that looks correct is correct.
func Parse(text string, target any) error {
	if problem := judgeText(text); problem != "" {
		return errors.New(problem)
	}
	var err error
	switch target := target.(type) {
	case *string:
		*target = text
	case *Secret:
		*target = Secret(text)
	case *int:
		*target, err = parseNumber(text)
	case *bool:
		*target, err = parseBool(text)
	case *time.Duration:
		*target, err = parseDuration(text)
	case *[]string:
		*target, err = parseList(text)
	default:
		err = fmt.Errorf("cannot be read into a %T", target)
	}
	return err
}

// judgeText returns what is wrong with how text is written, or "".
func judgeText(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); invisible(first) && text != "" {
		return "begins with " + nameOf(first) + "; remove it"
	}
	if last, _ := utf8.DecodeLastRuneInString(text); invisible(last) && text != "" {
		return "ends with " + nameOf(last) + "; remove it"
	}
	if quoted(text) {
		return "is in quotes, which would be part of the value; remove them"
	}
	return ""
}

func quoted(text string) bool {
	if len(text) < 2 || text[0] != text[len(text)-1] {
		return false
	}
	return text[0] == '"' || text[0] == '\''
}

// invisible reports whether r is white space, a control character or another
// invisible character, such as a byte order mark.
func invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

func nameOf(r rune) string {
	switch r {
	case ' ':
		return "a space"
	case '\t':
		return "a tab"
	case '\n':
		return "a line feed"
	case '\r':
		return "a carriage return, as in files with Windows line endings"
	}
	return fmt.Sprintf("the invisible character %U", r)
}

var decimal = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

func parseNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || !decimal.MatchString(text) {
		return 0, fmt.Errorf("is %q; write a whole number in decimal, without leading zeros, such as 100", text)
	}
	return n, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	}
	return false, fmt.Errorf("is %q; write true or false", text)
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("is %q; write a duration with its unit, such as 500ms, 30s or 1h30m", text)
	}
	return d, nil
}

func parseList(text string) ([]string, error) {
	entries := strings.Split(text, ",")
	for i, entry := range entries {
		entries[i] = strings.TrimSpace(entry)
		if entries[i] == "" {
			return nil, errors.New("has an empty entry; remove the comma, or write the missing entry")
		}
		if problem := judgeText(entries[i]); problem != "" {
			return nil, errors.New(entryProblem(entries[i], problem))
		}
	}
	return entries, nil
}

func entryProblem(entry, problem string) string {
	return "has the entry " + strconv.Quote(entry) + ", which " + problem
}

// texts checks how every setting is written, because embedders need not use [Parse].
func (c Config) texts() Faults {
	var faults Faults
	fields := reflect.ValueOf(c)
	for i := range fields.NumField() {
		variable := fields.Type().Field(i).Tag.Get("env")
		switch field := fields.Field(i).Interface().(type) {
		case string:
			faults.check(variable, judgeText(field))
		case Secret:
			faults.check(variable, judgeText(field.Reveal()))
		case []string:
			for _, entry := range field {
				if problem := judgeText(entry); problem != "" {
					faults.check(variable, entryProblem(entry, problem))
				}
			}
		}
	}
	return faults
}
