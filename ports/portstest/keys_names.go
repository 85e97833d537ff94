package portstest

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/slaunchx/apikeys/domain"
	"github.com/slaunchx/apikeys/ports"
)

func findsNames(t *testing.T, repo ports.KeyRepository) {
	ws := newWorkspace()
	for _, name := range []string{
		"50% off", "50 off", "under_score", "underscore", `back\slash`, "it's", "ÉCOLE", "école", "e\u0301cole",
		"Straße", "STRASSE", "\u212Aelvin", "Ωmega", "ΣΊΣΥΦΟΣ", "ǅ", "İstanbul", "生产密钥",
	} {
		requireCreated(t, repo, issue(t, in(ws), named(t, name)))
	}
	for part, want := range map[string][]string{
		"%":            {"50% off"},
		"_":            {"under_score"},
		`\`:            {`back\slash`},
		"'":            {"it's"},
		"50%":          {"50% off"},
		"0 o":          {"50 off"},
		" OFF":         {"50 off", "50% off"},
		"*":            nil,
		"r.s":          nil,
		"École":        {"ÉCOLE", "école"},
		"E\u0301":      {"e\u0301cole"},
		"ß":            {"Straße"},
		"\u1E9E":       {"Straße"},
		"ss":           {"STRASSE"},
		"KELVIN":       {"\u212Aelvin"},
		"\u212AELVIN":  {"\u212Aelvin"},
		"\u2126MEGA":   {"Ωmega"},
		"σίσυφος":      {"ΣΊΣΥΦΟΣ"},
		"\u01C6":       {"ǅ"},
		"istanbul":     nil,
		"i\u0307stan":  nil,
		"İSTAN":        {"İstanbul"},
		"密":            {"生产密钥"},
		"under__score": nil,
	} {
		filter := domain.KeyFilter{Name: parsed(t, part, domain.ParseNamePart)}
		got := list(t, repo, ws, filter, domain.Order{}, domain.Page{})
		if diff := gocmp.Diff(want, namesOf(got.Keys), exactly); diff != "" || got.Total != int64(len(want)) {
			t.Errorf("by %q, total %d (-want +listed):\n%s", part, got.Total, diff)
		}
	}
}

func findsAnyName(t *testing.T, repo ports.KeyRepository) {
	rapid.Check(t, func(t *rapid.T) {
		e := issue(t, in(newWorkspace()), func(d *domain.Draft) { d.Name = anyName(t) })
		requireCreated(t, repo, e)
		name := []rune(e.key.Snapshot().Name.String())
		begin := rapid.IntRange(0, len(name)-1).Draw(t, "begin")
		end := rapid.IntRange(begin+1, len(name)).Draw(t, "end")
		part := string(name[begin:end])
		for _, q := range []string{part, strings.ToUpper(part), strings.ToLower(part)} {
			filter := domain.KeyFilter{Name: parsed(t, q, domain.ParseNamePart)}
			want := int64(0)
			if filter.Admits(e.key) { // which may be false for case mappings that are not simple
				want = 1
			}
			if got := list(t, repo, e.workspace(), filter, domain.Order{}, domain.Page{}); got.Total != want || int64(len(got.Keys)) != want {
				t.Fatalf("%q is found %d times by %q, want %d", string(name), got.Total, q, want)
			}
		}
	})
}
