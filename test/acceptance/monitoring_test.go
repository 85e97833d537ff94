package acceptance

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	rulesFile     = "../../docs/alerts/apikeys.rules.yml"
	dashboardFile = "../../docs/grafana/apikeys.json"
	runbookFile   = "../../docs/operations.md"
)

// rules are the rules of [rulesFile], as Prometheus reads them.
type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

func readRules(t *testing.T) (r rules) {
	t.Helper()
	file, err := os.Open(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// dashboard contains the queries of [dashboardFile].
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// lively scrapes a service in which every event that creates a series has
// happened once.
func lively(t *testing.T) scraped {
	t.Helper()
	w := failingWorld(t, func() error { return errors.New("on fire") })
	do(t, w.create(t, `{"name":"k"}`))
	do(t, w.create(t, `{"name":""}`))
	do(t, w.verify(`{"key":"`+unknownSecret(t)+`"}`))
	unmigrated := newWorld(t, notMigrated(t))
	do(t, request{method: http.MethodGet, url: unmigrated.internal + "/readyz"})
	s := scraped{}
	for _, at := range []*world{w, unmigrated, newWorld(t, sealing)} {
		s.add(do(t, request{method: http.MethodGet, url: at.internal + "/metrics"}).body)
	}
	return s
}

func TestAlerts_QuerySeriesThatTheServiceServes(t *testing.T) {
	t.Parallel()
	served := lively(t)
	for _, group := range readRules(t).Groups {
		for _, rule := range group.Rules {
			for _, fault := range served.judge(rule.Expr) {
				t.Errorf("%s: %s", rule.Alert, fault)
			}
		}
	}
}

func TestAlerts_SayWhatToDo(t *testing.T) {
	t.Parallel()
	runbook, err := os.ReadFile(runbookFile)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)^\\| `(Apikeys\\w+)` \\|").FindAllStringSubmatch(string(runbook), -1)
	var alerts []string
	for _, group := range readRules(t).Groups {
		for _, rule := range group.Rules {
			alerts = append(alerts, rule.Alert)
			if !slices.Contains([]string{"critical", "warning"}, rule.Labels["severity"]) || rule.Annotations["summary"] == "" {
				t.Errorf("%s has no severity or no summary", rule.Alert)
			}
			if rule.Annotations["runbook"] != "docs/operations.md#alerts" {
				t.Errorf("%s leads to %q", rule.Alert, rule.Annotations["runbook"])
			}
		}
	}
	var explained []string
	for _, match := range named {
		explained = append(explained, match[1])
	}
	if !slices.Equal(alerts, explained) {
		t.Errorf("there are the alerts\n%v, and %s explains\n%v", alerts, runbookFile, explained)
	}
}

var legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)

func TestDashboard_QueriesEverySeriesThatTheServiceServes(t *testing.T) {
	t.Parallel()
	served, board := lively(t), readDashboard(t)
	asked := map[string]bool{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			for _, fault := range served.judge(target.Expr) {
				t.Errorf("%s: %s", panel.Title, fault)
			}
			for _, name := range namesIn(target.Expr) {
				asked[name] = true
			}
			for _, label := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !served.labelled(namesIn(target.Expr), label[1]) {
					t.Errorf("%s: the legend shows %s, which nothing in it has", panel.Title, label[1])
				}
			}
		}
	}
	for name := range served {
		ours := !strings.HasPrefix(name, "apikeys_go_") && !strings.HasPrefix(name, "apikeys_process_") && !strings.HasPrefix(name, "promhttp_")
		if ours && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestDashboard_FiltersByInstance(t *testing.T) {
	t.Parallel()
	var names []string
	for _, variable := range readDashboard(t).Templating.List {
		names = append(names, variable.Name)
		if query, ok := variable.Query.(map[string]any); ok && query["query"] != "label_values(apikeys_build_info, instance)" {
			t.Errorf("%s is asked for by %v", variable.Name, query)
		}
	}
	if !slices.Equal(names, []string{"datasource", "instance"}) {
		t.Errorf("the variables are %v", names)
	}
}
