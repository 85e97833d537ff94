package fuzzapi

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// valueOf draws a value that matches the schema or nearly does.
func valueOf(s *openapi3.Schema) *rapid.Generator[any] {
	switch {
	case s.Const != nil:
		return rapid.Just(s.Const)
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum)
	case len(s.OneOf) > 0:
		var choices []*rapid.Generator[any]
		for _, ref := range s.OneOf {
			choices = append(choices, valueOf(ref.Value))
		}
		return rapid.OneOf(choices...)
	}
	var choices []*rapid.Generator[any]
	for _, kind := range s.Type.Slice() {
		choices = append(choices, ofType(kind, s))
	}
	return rapid.OneOf(choices...)
}

func ofType(kind string, s *openapi3.Schema) *rapid.Generator[any] {
	switch kind {
	case openapi3.TypeObject:
		return rapid.Custom(func(t *rapid.T) any { return objectOf(t, s) })
	case openapi3.TypeArray:
		return rapid.Custom(func(t *rapid.T) any {
			return rapid.SliceOfN(valueOf(s.Items.Value), int(s.MinItems), 3).Draw(t, "items")
		})
	case openapi3.TypeInteger:
		return rapid.Custom(func(t *rapid.T) any { return integerOf(t, s) })
	case openapi3.TypeString:
		return rapid.Custom(func(t *rapid.T) any { return textOf(t, s) })
	}
	return rapid.Just[any](nil)
}

// objectOf draws all required members and each optional one with probability 1/2.
func objectOf(t *rapid.T, s *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) || rapid.Bool().Draw(t, "has "+name) {
			object[name] = valueOf(s.Properties[name].Value).Draw(t, name)
		}
	}
	if further := s.AdditionalProperties.Schema; further != nil {
		object["anything"] = valueOf(further.Value).Draw(t, "anything")
	}
	return object
}

// integerOf draws a number within the bounds or just outside them.
func integerOf(t *rapid.T, s *openapi3.Schema) int64 {
	least, most := int64(*s.Min), int64(*s.Max)
	return rapid.OneOf(
		rapid.Int64Range(least, most),
		rapid.SampledFrom([]int64{least - 1, least, most, most + 1}),
	).Draw(t, "integer")
}

func textOf(t *rapid.T, s *openapi3.Schema) string {
	choices := []*rapid.Generator[string]{rapid.StringN(0, 20, -1)}
	for _, e := range s.Examples {
		choices = append(choices, rapid.Just(e.(string)), rapid.Just(e.(string)))
	}
	if s.Pattern != "" {
		choices = append(choices, rapid.StringMatching(escape.ReplaceAllString(s.Pattern, `\x{$1}`)))
	}
	if s.Format == "date-time" {
		choices = append(choices, times)
	}
	return rapid.OneOf(choices...).Draw(t, "text")
}

// escape matches the notation of a code point in JSON Schema, which Go does not
// support.
var escape = regexp.MustCompile(`\\u([0-9A-F]{4})`)

// times are close to the time of the service's clock, in any zone.
var times = rapid.Custom(func(t *rapid.T) string {
	seconds := rapid.Int64Range(0, 1<<33).Draw(t, "seconds")
	zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "minutes east"))
	return time.Unix(seconds, 0).In(zone).Format(time.RFC3339)
})
