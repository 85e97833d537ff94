package guides

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a document, below its last heading.
type block struct{ heading, language, text string }

// blocksIn returns the blocks of the document at path, which is relative to the
// root.
func blocksIn(t *testing.T, path string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	var heading string
	var open *block
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		language, fence := strings.CutPrefix(trimmed, "```")
		switch {
		case fence && open == nil:
			open = &block{heading: heading, language: language}
		case fence:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(trimmed, "# ")
		}
	}
	return blocks
}

// section returns the blocks with a language below a heading of docs/guides.md.
func section(t *testing.T, heading string) (blocks []block) {
	t.Helper()
	for _, b := range blocksIn(t, "docs/guides.md") {
		if b.heading == heading && b.language != "" {
			blocks = append(blocks, b)
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

// No block has a language that no test runs.
func TestGuides_HaveATestForEverySection(t *testing.T) {
	t.Parallel()
	run := map[string][]string{
		"Portal developers":     {"sh"},
		"Owners of workspaces":  {"ts"}, // run in a browser, by test/browser
		"Go teams":              {"go"},
		"Gateway operators":     {"nginx", "caddyfile", "sh"},
		"TypeScript developers": {"sh", "ts"},
		"Receive webhooks":      {"sh", "go", "ts"},
	}
	for _, b := range blocksIn(t, "docs/guides.md") {
		if b.language != "" && !slices.Contains(run[b.heading], b.language) {
			t.Errorf("%s: no test runs its blocks of %s", b.heading, b.language)
		}
	}
}
