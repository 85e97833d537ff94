package guides

import (
	"os"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct{ language, text string }

// section returns the blocks with a language below the given heading of
// docs/guides.md, up to the next.
func section(t *testing.T, heading string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile("../../docs/guides.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("there is no section %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for i, part := range strings.Split(rest, "```") {
		if language, text, _ := strings.Cut(part, "\n"); i%2 == 1 && language != "" {
			blocks = append(blocks, block{language, text})
		}
	}
	return blocks
}

// of returns the texts of the blocks in one language, which must be n.
func of(t *testing.T, blocks []block, language string, n int) (texts []string) {
	t.Helper()
	for _, b := range blocks {
		if b.language == language {
			texts = append(texts, b.text)
		}
	}
	if len(texts) != n {
		t.Fatalf("the section has %d blocks of %s, want %d", len(texts), language, n)
	}
	return texts
}

// Every section is run, and no block has a language that no test runs.
func TestGuides_HaveATestForEverySection(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides.md")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string][]string{
		"Portal developers":     {"sh"},
		"Go teams":              {"go"},
		"Gateway operators":     {"nginx", "caddyfile", "sh"},
		"TypeScript developers": {"sh", "ts"},
	}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, _, _ := strings.Cut(part, "\n")
		for _, b := range section(t, heading) {
			if !strings.Contains(strings.Join(run[heading], " ")+" ", b.language+" ") {
				t.Errorf("%s: no test runs its blocks of %s", heading, b.language)
			}
		}
	}
}
