package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func TestOnlyCommandOf_KeepsWhatTheCommandHas(t *testing.T) {
	t.Parallel()
	mustKeep(t, parserOf(t, nil).Model.Node, nil)
}

// parserOf returns a parser for the command line that words begin.
func parserOf(t *testing.T, words []string) *kong.Kong {
	t.Helper()
	parser, err := kong.New(&cli{}, append(onlyCommandOf(words), kong.Name("apikeys"), kong.PostBuild(hideUnused))...)
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// mustKeep compares each command below node, which words name, with the one of a parser
// for it only.
func mustKeep(t *testing.T, node *kong.Node, words []string) {
	t.Helper()
	for _, command := range node.Children {
		words := append(words[:len(words):len(words)], command.Name)
		kept := parserOf(t, words).Model.Node
		for _, word := range words {
			if len(kept.Children) != 1 || kept.Children[0].Name != word {
				t.Fatalf("%q: %d commands are left beside %s", words, len(kept.Children), word)
			}
			kept = kept.Children[0]
		}
		if diff := cmp.Diff(shown(command), shown(kept)); diff != "" {
			t.Errorf("%q (-all +only):\n%s", words, diff)
		}
		mustKeep(t, command, words)
	}
}

// shown returns what the help of a command shows.
func shown(command *kong.Node) (all []string) {
	for _, group := range command.AllFlags(true) {
		for _, flag := range group {
			all = append(all, flag.String()+" "+flag.Help+" "+flag.Default)
		}
	}
	for _, positional := range command.Positional {
		all = append(all, positional.Summary()+" "+positional.Help+" "+positional.Enum)
	}
	for _, child := range command.Children {
		all = append(all, child.Name+" "+child.Help)
	}
	return append(all, command.Help, command.Detail)
}
