// Package deploy tests files of the folder deploy with programs and libraries that
// nothing else here needs, such as gitleaks and the loader of Docker Compose. It is
// in a module of its own, so that the main one stays small.
package deploy

import (
	"crypto/rand"
	"encoding/json"
	"hash/crc32"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func random(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for range n {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(digits))))
		if err != nil {
			t.Fatal(err)
		}
		b.WriteByte(digits[i.Int64()])
	}
	return b.String()
}

// newKey returns a secret in the format of the service. It is generated, so that
// scanners find no secret in this repository.
func newKey(t *testing.T, prefix string) string {
	t.Helper()
	body := prefix + random(t, 16+43)
	sum := crc32.ChecksumIEEE([]byte(body))
	var tail [6]byte
	for i := range tail {
		tail[len(tail)-1-i] = digits[sum%62]
		sum /= 62
	}
	return body + string(tail[:])
}

// find is one entry of a report of gitleaks.
type find struct{ RuleID, Secret string }

// scan has gitleaks scan a file with that text.
func scan(t *testing.T, config, text string) []find {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "settings.env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.json")
	args := []string{"tool", "gitleaks", "dir", "--no-banner", "--exit-code=0", "--report-format=json", "--report-path=" + report, dir}
	if config != "" {
		args = append(args, "--config="+config)
	}
	if output, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("gitleaks: %v\n%s", err, output)
	}
	content, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var finds []find
	if err := json.Unmarshal(content, &finds); err != nil {
		t.Fatal(err)
	}
	return finds
}

const gitleaksConfig = "../../deploy/scanners/gitleaks.toml"

func TestGitleaks_TellsOurKeysFromStripes(t *testing.T) {
	want := map[string]string{
		newKey(t, "sk_live_"):      "slaunchx-api-key",
		newKey(t, "sk_test_"):      "slaunchx-api-key",
		"sk_live_" + random(t, 24): "stripe-access-token",
		"sk_test_" + random(t, 24): "stripe-access-token",
		"sk_live_" + random(t, 99): "stripe-access-token",
		"rk_live_" + random(t, 24): "stripe-access-token",
	}
	var text strings.Builder
	for secret := range want {
		text.WriteString("VALUE=" + secret + "\n")
	}
	finds := scan(t, gitleaksConfig, text.String())
	for secret, rule := range want {
		var rules []string
		for _, f := range finds {
			if f.Secret == secret {
				rules = append(rules, f.RuleID)
			}
		}
		if !slices.Equal(rules, []string{rule}) {
			t.Errorf("%s… of %d characters is found by %q, want %s alone", secret[:8], len(secret), rules, rule)
		}
	}
	if len(finds) != len(want) {
		t.Errorf("%d finds, want %d: %v", len(finds), len(want), finds)
	}
}

// Without our rules the test above would prove nothing.
func TestGitleaks_TakesOurKeysForStripesByDefault(t *testing.T) {
	finds := scan(t, "", "VALUE="+newKey(t, "sk_live_")+"\n")
	if len(finds) != 1 || finds[0].RuleID != "stripe-access-token" {
		t.Errorf("finds = %v, want one of stripe-access-token; if there is none, SECURITY.md need not warn", finds)
	}
}

// The scanners share one expression. Go's regexp is what all three use.
func TestRules_AreTheSameExpression(t *testing.T) {
	expression := regexp.MustCompile(`\\b\(sk_[^'\n]*\\b`)
	var all []string
	for _, file := range []string{gitleaksConfig, "../../deploy/scanners/trufflehog.yaml", "../../deploy/scanners/betterleaks.toml"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, expression.FindAllString(string(content), -1)...)
	}
	if len(all) != 3 || len(slices.Compact(all)) != 1 {
		t.Fatalf("expressions = %q, want three of the same", all)
	}
	rule := regexp.MustCompile(all[0])
	for text, want := range map[string]bool{
		newKey(t, "sk_live_"):             true,
		`"` + newKey(t, "sk_test_") + `"`: true,
		newKey(t, "sk_live_")[:72]:        false,
		newKey(t, "sk_live_") + "0":       false,
		newKey(t, "sk_prod_"):             false,
		"sk_live_" + random(t, 16):        false,
	} {
		if rule.MatchString(text) != want {
			t.Errorf("the rule matches a text of %d characters: %v", len(text), !want)
		}
	}
}
