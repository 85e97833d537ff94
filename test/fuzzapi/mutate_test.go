package fuzzapi

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// mutation makes one change to a call, which makes it invalid or a valid variant.
type mutation func(t *rapid.T, s *service, c *call)

var mutations = map[string]mutation{
	"a missing header":   func(t *rapid.T, _ *service, c *call) { c.header.Del(c.drawHeader(t)) },
	"a duplicate header": duplicateHeader,
	"another value":      func(t *rapid.T, _ *service, c *call) { c.header.Set(c.drawHeader(t), oddHeader.Draw(t, "value")) },
	"an optional header": func(t *rapid.T, _ *service, c *call) {
		c.header.Set(optional.Draw(t, "name"), oddHeader.Draw(t, "value"))
	},
	"another token":      anotherToken,
	"another language":   func(t *rapid.T, _ *service, c *call) { c.header.Set("Accept-Language", languages.Draw(t, "language")) },
	"another media type": anotherMediaType,
	"another workspace":  anotherWorkspace,
	"another path":       anotherPath,
	"another method":     func(t *rapid.T, _ *service, c *call) { c.method = methods.Draw(t, "method") },
	"another query":      func(t *rapid.T, _ *service, c *call) { c.query = queries.Draw(t, "query") },
	"another body":       anotherBody,
	"an extra member":    changedObject(func(t *rapid.T, o map[string]any) { o[words.Draw(t, "name")] = anyJSON.Draw(t, "value") }),
	"a missing member":   changedObject(func(t *rapid.T, o map[string]any) { delete(o, drawMember(t, o)) }),
	"another member":     changedObject(func(t *rapid.T, o map[string]any) { o[drawMember(t, o)] = anyJSON.Draw(t, "value") }),
	"a duplicate member": func(_ *rapid.T, _ *service, c *call) { c.body = twice(c.body) },
	"a truncated body": func(t *rapid.T, _ *service, c *call) {
		c.body = c.body[:rapid.IntRange(0, len(c.body)).Draw(t, "length")]
	},
	"a body in chunks":   func(_ *rapid.T, _ *service, c *call) { c.chunked = true },
	"a body in an array": func(_ *rapid.T, _ *service, c *call) { c.body = []byte("[" + string(c.body) + "]") },
	"a body with padding": func(t *rapid.T, _ *service, c *call) {
		c.body = append(c.body, strings.Repeat(" ", sizes.Draw(t, "size"))...)
	},
}

var mutationNames = slices.Sorted(maps.Keys(mutations))

// The values to draw from. Header values are limited to those that a client can
// send.
var (
	words     = rapid.SampledFrom([]string{"name", "scopes", "Name", "ipWhiteList", "mode", "key", "keyId", "ip", "", "gracePeriodSeconds", "url", "events", "enabled", "webhookId", "__proto__"})
	languages = rapid.SampledFrom([]string{"en", "zh", "zh-CN", "zh-Hant", "zh-TW", "ja", "vi-VN", "fr", "*", "!!!", "en;q=0", "ja;q=0.2, vi;q=0.9"})
	optional  = rapid.SampledFrom([]string{"Idempotency-Key", "If-Match", "X-Request-Id", "X-Forwarded-For", "X-Api-Key", "Authorization", "Accept", "Origin"})
	methods   = rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"})
	queries   = rapid.SampledFrom([]string{"", "scope=payment:read&scope=payment:write", "scope=", "scope", "scopes=a:b", "scope=a:b;scope=c:d", "scope=%zz", "page=0&size=1", "page=-1", "size=101", "sort=name", "q=", "status=PENDING", "status=pending", "%00"})
	sizes     = rapid.SampledFrom([]int{1, 4 << 10, 64 << 10, 256 << 10})
	oddHeader = rapid.OneOf(
		rapid.SampledFrom([]string{"", "a b", "é", "*", `"a"`, "application/json", "text/html", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "ws_1", "WS_1", "127.0.0.1", "unknown", noKey}),
		rapid.StringMatching(`[!-~]{1,300}`),
	)
	anyJSON = rapid.OneOf(
		rapid.SampledFrom([]any{nil, true, 0, 1, 2, 3, 1.5, -1, 1e300, "", " ", "k", noKey, "https://hooks.example.com/", "http://10.0.0.1/", []any{}, []any{nil}, []any{"a:b", "a:b"}, map[string]any{}, strings.Repeat("é", 129)}),
		rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "text") }),
	)
)

// drawHeader draws the name of a header of the call, or X-Client-Hash.
func (c *call) drawHeader(t *rapid.T) string {
	return rapid.SampledFrom(append(slices.Sorted(maps.Keys(c.header)), "X-Client-Hash")).Draw(t, "header")
}

func duplicateHeader(t *rapid.T, _ *service, c *call) {
	name := c.drawHeader(t)
	c.header[name] = append(c.header[name], c.header.Get(name))
}

func anotherToken(t *rapid.T, s *service, c *call) {
	whose := rapid.SampledFrom(slices.Sorted(maps.Keys(s.tokens))).Draw(t, "token")
	c.header.Set("Authorization", "Bearer "+s.tokens[whose])
}

func anotherMediaType(t *rapid.T, _ *service, c *call) {
	name := rapid.SampledFrom([]string{"Accept", "Content-Type"}).Draw(t, "header")
	c.header.Set(name, rapid.SampledFrom([]string{
		"application/json", "application/json; charset=UTF-8", "application/json; charset=utf-16", "application/json;q=0",
		"text/html", "text/html, application/*;q=0.5", "*/*", "application/merge-patch+json", "nonsense",
	}).Draw(t, "media type"))
}

func anotherWorkspace(t *rapid.T, _ *service, c *call) {
	other := rapid.SampledFrom([]string{"ws_2", "ws%5F1", "a%20b", "%2F", strings.Repeat("w", 65), "..", "é"}).Draw(t, "workspace")
	c.path = strings.Replace(c.path, "/"+workspace+"/", "/"+other+"/", 1)
	if named, err := url.PathUnescape(other); err == nil && rapid.Bool().Draw(t, "same in header") {
		c.header.Set("X-Workspace-Id", named)
	}
}

func anotherPath(t *rapid.T, _ *service, c *call) {
	segments := strings.Split(c.path, "/")
	i := rapid.IntRange(1, len(segments)-1).Draw(t, "segment")
	segments[i] = rapid.SampledFrom([]string{"", noKey, noWebhook, "delete", "disable", "nonsense", "sk%5Flive_0000000000000000", "%2e%2e", "a:b", "a%2Fb", "%E9"}).Draw(t, "text")
	c.path = strings.Join(segments, "/")
}

func anotherBody(t *rapid.T, _ *service, c *call) {
	if rapid.Bool().Draw(t, "as JSON") {
		c.send(anyJSON.Draw(t, "body"))
		return
	}
	c.body = rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "body")
}

// changedObject returns a mutation that changes a body that is an object.
func changedObject(change func(*rapid.T, map[string]any)) mutation {
	return func(t *rapid.T, _ *service, c *call) {
		object := map[string]any{}
		if err := json.Unmarshal(c.body, &object); err != nil || object == nil {
			object = map[string]any{} // replaces a body that is not an object
		}
		change(t, object)
		c.body, _ = json.Marshal(object)
	}
}

func drawMember(t *rapid.T, object map[string]any) string {
	return rapid.SampledFrom(append(slices.Sorted(maps.Keys(object)), "name")).Draw(t, "member")
}

// twice returns the object with all members repeated.
func twice(body []byte) []byte {
	inner := strings.TrimSuffix(strings.TrimPrefix(string(body), "{"), "}")
	return []byte("{" + inner + "," + inner + "}")
}
