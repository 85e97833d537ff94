package i18n

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	cases := map[string]struct {
		header string
		want   Language
	}{
		"no header":                      {"", English},
		"English":                        {"en", English},
		"British English":                {"en-GB", English},
		"Chinese":                        {"zh", Chinese},
		"mainland Chinese":               {"zh-CN", Chinese},
		"Chinese of Singapore":           {"zh-SG", Chinese},
		"simplified Chinese":             {"zh-Hans", Chinese},
		"simplified Chinese in Taiwan":   {"zh-Hans-TW", Chinese},
		"Chinese of Taiwan":              {"zh-TW", TraditionalChinese},
		"Chinese of Hong Kong":           {"zh-HK", TraditionalChinese},
		"Chinese of Macao":               {"zh-MO", TraditionalChinese},
		"traditional Chinese":            {"zh-Hant", TraditionalChinese},
		"traditional Chinese of China":   {"zh-Hant-CN", TraditionalChinese},
		"traditional Chinese of Taiwan":  {"zh-Hant-TW", TraditionalChinese},
		"Japanese":                       {"ja-JP", Japanese},
		"Vietnamese":                     {"vi-VN", Vietnamese},
		"upper case":                     {"ZH-tw", TraditionalChinese},
		"an extension":                   {"ja-u-ca-japanese", Japanese},
		"an unknown region":              {"ja-JX", Japanese},
		"an unknown variant":             {"ja-JP-osaka", Japanese},
		"French":                         {"fr", English},
		"Korean":                         {"ko-KR", English},
		"Mongolian in Chinese script":    {"mn-Hans", English},
		"Korean in Japanese script":      {"ko-Jpan", English},
		"Uyghur":                         {"ug", English},
		"Cantonese by its own tag":       {"yue-HK", English},
		"undetermined language in Japan": {"und-JP", Japanese},
		"any language":                   {"*", English},

		"the order where weights are equal":      {"vi, ja", Vietnamese},
		"weight beats order":                     {"vi;q=0.2, ja;q=0.8", Japanese},
		"no weight means 1":                      {"vi;q=0.9, ja", Japanese},
		"spaces around a weight":                 {"vi ; q=0.2 , ja ;  q=0.8", Japanese},
		"a weight in upper case":                 {"vi;Q=0.2, ja;Q=0.8", Japanese},
		"what Chrome sends from Taiwan":          {"zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", TraditionalChinese},
		"what Chrome sends from Hong Kong":       {"zh-HK,zh;q=0.9,en;q=0.8", TraditionalChinese},
		"what Chrome sends from China":           {"zh-CN,zh;q=0.9,en;q=0.8,zh-TW;q=0.7", Chinese},
		"Australian English before Japanese":     {"en-AU,ja;q=0.9", English},
		"an unknown language before a known one": {"fr-CH, fr;q=0.9, vi;q=0.5", Vietnamese},
		"a known language before any":            {"vi, *;q=0.5", Vietnamese},
		"any before a known language":            {"*, vi;q=0.5", English},
		"any before English":                     {"en;q=0.1, *;q=0.5", Chinese},
		"any after English":                      {"en;q=0.5, *;q=0.1", English},
		"a requested language before a guess":    {"ug, ta, ja;q=0.1", Japanese},

		"weight 0 excludes":                        {"ja;q=0, vi;q=0.1", Vietnamese},
		"weight 0 excludes in any spelling":        {"ja;q=0.000, vi;q=0.1", Vietnamese},
		"weight 0 excludes from any":               {"en;q=0, *", Chinese},
		"weight 0 of any excludes nothing named":   {"ja, *;q=0", Japanese},
		"weight 0 of a language without a catalog": {"fr;q=0, ja", Japanese},
		"everything excluded":                      {"en;q=0, zh;q=0, zh-Hant;q=0, ja;q=0, vi;q=0, *", English},
		"only weight 0":                            {"ja;q=0", English},

		"a bad tag does not discard the others": {"!!, ja", Japanese},
		"an overlong subtag discards its item":  {"abcdefghijk, ja", Japanese},
		"a bad weight discards its item":        {"vi;q=x, ja;q=0.1", Japanese},
		"a weight above 1 discards its item":    {"vi;q=2, ja;q=0.1", Japanese},
		"a negative weight discards its item":   {"vi;q=-1, ja;q=0.1", Japanese},
		"a weight that is not a number":         {"vi;q=NaN, ja;q=0.1", Japanese},
		"an infinite weight discards its item":  {"vi;q=Inf, ja;q=0.1", Japanese},
		"a parameter other than a weight":       {"vi;level=1, ja;q=0.1", Japanese},
		"empty items":                           {",, ,ja,,", Japanese},
		"bytes that are not UTF-8":              {"\xff\xfe, ja", Japanese},
		"a very long tag":                       {"x" + strings.Repeat("-abcdefgh", 20) + ", ja", Japanese},
		"items up to 256 bytes":                 {strings.Repeat("fr,", 84) + "fr,j" /* 256 */, English},
		"a last item that ends at the 256th":    {strings.Repeat("fr,", 84) + " ,ja", Japanese},
		"a last item that crosses the 256th":    {strings.Repeat("fr,", 84) + " , ja", English},
		"a crossing item is not truncated":      {strings.Repeat("fr,", 84) + " ,ja-Hira", English},
		"the first of too many items":           {"ja," + strings.Repeat("fr,", 10_000), Japanese},
		"one item that is too long":             {"ja" + strings.Repeat(" ", 300), English},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.Match(tc.header); got != tc.want {
				t.Errorf("Match(%q) = %s, want %s", tc.header, got, tc.want)
			}
		})
	}
}

func TestMatch_ReadsAllLinesAsOneList(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	cases := map[string]struct {
		lines []string
		want  Language
	}{
		"no line":                            {nil, English},
		"a weight on a later line":           {[]string{"vi;q=0.5", "ja"}, Japanese},
		"an empty line before":               {[]string{"", "ja"}, Japanese},
		"the bound holds for all lines":      {[]string{strings.Repeat("fr,", 85), "ja"}, English},
		"a line beyond the bound is ignored": {[]string{"vi;q=0.1", strings.Repeat("x", 300), "ja"}, Vietnamese},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.Match(tc.lines...); got != tc.want {
				t.Errorf("Match(%q) = %s, want %s", tc.lines, got, tc.want)
			}
		})
	}
}

// FuzzMatch checks that for any bytes Match returns a language of the catalog
// and reads a bounded number of them.
func FuzzMatch(f *testing.F) {
	c := newCatalog(f)
	f.Add("zh-HK,zh;q=0.9,en;q=0.8", "*;q=0")
	f.Add("\xff-\x00;q=NaN", strings.Repeat("a-", 500))
	f.Add("i-klingon, x-private, art-lojban, en-GB-oed", "zh-min-nan;q=1e-9")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := c.Match(first, second)
		if !slices.Contains(Languages(), got) {
			t.Errorf("Match(%q, %q) = %q", first, second, got)
		}
		if again := c.Match(first, second); again != got {
			t.Errorf("Match(%q, %q) = %q, then %q", first, second, got, again)
		}
		if n := len(join([]string{first, second})); n > maxHeader {
			t.Errorf("%d bytes are read", n)
		}
		for _, w := range parseHeader([]string{first, second}) {
			if math.IsNaN(float64(w.weight)) || w.weight < 0 || w.weight > 1 {
				t.Errorf("weight %v", w.weight)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	c := newCatalog(b)
	for name, header := range map[string]string{
		"a browser's header": "zh-HK,zh;q=0.9,en;q=0.8",
		"a hostile header":   strings.Repeat("yue,en;q=0,", 1000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Match(header)
			}
		})
	}
}
