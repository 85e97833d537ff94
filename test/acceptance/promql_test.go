package acceptance

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slaunchx/apikeys/config"
)

func notMigrated(t *testing.T) func(*config.Config) {
	return func(cfg *config.Config) {
		cfg.DatabaseURL = config.Secret("sqlite://" + filepath.Join(t.TempDir(), "apikeys.db"))
		cfg.Migrate = config.MigrateOff
	}
}

// scraped contains the observed values of each label of each series, by name.
type scraped map[string]map[string][]string

var (
	sampleLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

func (s scraped) add(text string) {
	for _, sample := range sampleLine.FindAllStringSubmatch(text, -1) {
		labels := s[sample[1]]
		if labels == nil {
			// Prometheus adds these.
			labels = map[string][]string{"job": nil, "instance": nil}
			s[sample[1]] = labels
		}
		for _, pair := range labelPair.FindAllStringSubmatch(sample[2], -1) {
			labels[pair[1]] = append(labels[pair[1]], pair[2])
		}
	}
}

func (s scraped) labelled(names []string, label string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, ok := s[name][label]; return ok })
}

// The parts of a PromQL expression that contain names. They are removed one
// after the other; the rest must be keywords of the language.
var (
	selectors = regexp.MustCompile(`\b([a-zA-Z_:][\w:]*)\{([^}]*)\}|\b(apikeys_\w+)`)
	matchers  = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	groupings = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	spans     = regexp.MustCompile(`\[[^\]]*\]`)
	words     = regexp.MustCompile(`\b[a-zA-Z_][\w:]*`)
	language  = []string{"absent", "and", "count", "histogram_quantile", "increase", "max", "min_over_time", "or", "rate", "sum", "unless"}
)

// namesIn returns the series that an expression selects.
func namesIn(expr string) (names []string) {
	for _, selector := range selectors.FindAllStringSubmatch(expr, -1) {
		names = append(names, selector[1]+selector[3])
	}
	return names
}

// judge returns the names in an expression that were not scraped.
func (s scraped) judge(expr string) (faults []string) {
	for _, selector := range selectors.FindAllStringSubmatch(expr, -1) {
		faults = append(faults, s.judgeSelector(selector[1]+selector[3], selector[2])...)
	}
	for _, grouping := range groupings.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(grouping[1], ",") {
			if label = strings.TrimSpace(label); !s.labelled(namesIn(expr), label) {
				faults = append(faults, "it is grouped by "+label+", which nothing in it has")
			}
		}
	}
	rest := spans.ReplaceAllString(groupings.ReplaceAllString(selectors.ReplaceAllString(expr, ""), ""), "")
	for _, word := range words.FindAllString(rest, -1) {
		if !slices.Contains(language, word) {
			faults = append(faults, word+" is neither served nor a word of PromQL that is known here")
		}
	}
	return faults
}

func (s scraped) judgeSelector(name, within string) (faults []string) {
	labels, served := s[name]
	if !served {
		return []string{name + " is not served"}
	}
	found := matchers.FindAllStringSubmatch(within, -1)
	if len(found) == 0 && strings.TrimSpace(within) != "" {
		return []string{"{" + within + "} cannot be read"}
	}
	for _, m := range found {
		label, operator, value := m[1], m[2], m[3]
		values, known := labels[label]
		pattern := regexp.MustCompile("^(?:" + value + ")$")
		if !strings.HasSuffix(operator, "~") {
			pattern = regexp.MustCompile("^" + regexp.QuoteMeta(value) + "$")
		}
		switch {
		case !known:
			faults = append(faults, fmt.Sprintf("%s has no label %s, but %v", name, label, slices.Sorted(maps.Keys(labels))))
		case !strings.HasPrefix(value, "$") && !slices.ContainsFunc(values, pattern.MatchString):
			faults = append(faults, fmt.Sprintf("%s was never seen with %s%s%q", name, label, operator, value))
		}
	}
	return faults
}

func TestJudge_FindsSeriesThatAreNotServed(t *testing.T) {
	t.Parallel()
	served := scraped{}
	served.add("apikeys_a_total{verdict=\"OK\"} 1\napikeys_b_bucket{le=\"1\"} 1\n")
	for name, c := range map[string]struct {
		expr   string
		faults int
	}{
		"what is served":                      {`sum by (verdict, instance) (rate(apikeys_a_total{verdict="OK"}[5m])) > 0.1`, 0},
		"a histogram":                         {`histogram_quantile(0.99, sum by (le) (rate(apikeys_b_bucket[$__rate_interval])))`, 0},
		"a variable of the dashboard":         {`apikeys_a_total{instance=~"$instance"}`, 0},
		"a series that is not served":         {`rate(apikeys_c_total[5m])`, 1},
		"a series of another name, selected":  {`rate(apkeys_a_total{verdict="OK"}[5m])`, 1},
		"a series of another name":            {`rate(apkeys_a_total[5m])`, 1},
		"a label that the series lacks":       {`apikeys_a_total{verdikt="OK"}`, 1},
		"a value that never occurs":           {`apikeys_a_total{verdict="NO"}`, 1},
		"a pattern that matches nothing":      {`apikeys_a_total{verdict=~"N.*"}`, 1},
		"an exception that excludes none":     {`apikeys_a_total{verdict!="NO"}`, 1},
		"a grouping by a label that it lacks": {`sum by (route) (apikeys_a_total)`, 1},
		"a malformed selector":                {`apikeys_a_total{verdict}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if faults := served.judge(c.expr); len(faults) != c.faults {
				t.Errorf("faults = %v, want %d", faults, c.faults)
			}
		})
	}
}
