package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeCommand is the command with which the scripts request candidates. No help
// mentions it.
const completeCommand = "__complete"

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"Shell: ${enum}."`
}

// Help is shown below the usage of the command.
func (completionCmd) Help() string {
	return `  source <(apikeys completion bash)                            in ~/.bashrc
  source <(apikeys completion zsh)                             in ~/.zshrc, after compinit
  apikeys completion fish > ~/.config/fish/completions/apikeys.fish
  apikeys completion powershell | Out-String | Invoke-Expression   in $PROFILE`
}

// Run prints the script for a shell.
func (c *completionCmd) Run(io streams) error {
	_, err := fmt.Fprint(io.out, completionScripts[c.Shell])
	return err
}

// completionScripts are the scripts by shell. They request candidates from the command
// itself, passing the word to complete as --word= and then the words before it.
var completionScripts = map[string]string{
	"bash": `_apikeys() {
  local IFS=$'\n'
  COMPREPLY=($(apikeys __complete "--word=${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null))
}
complete -o default -F _apikeys apikeys
`,
	"zsh": `_apikeys() {
  local -a found
  found=("${(@f)$(apikeys __complete "--word=${words[CURRENT]}" "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _apikeys apikeys
`,
	"fish": `complete -c apikeys -a '(apikeys __complete "--word="(commandline -ct) (commandline -opc)[2..-1] 2>/dev/null)'
`,
	"powershell": `Register-ArgumentCompleter -Native -CommandName apikeys -ScriptBlock {
  param($word, $ast, $position)
  $before = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" } | Where-Object { $_ -ne $word })
  apikeys __complete "--word=$word" @before 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
}

// completeWords prints the candidates for the word in args[0]. The other elements of
// args are the words before it.
func completeWords(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return misuse("nothing to complete")
	}
	parser, err := kong.New(&cli{}, append(onlyCommandOf(args[1:]), kong.Name("apikeys"), kong.PostBuild(hideUnused))...)
	if err != nil {
		return err
	}
	word := strings.TrimPrefix(args[0], "--word=")
	for _, candidate := range candidates(parser.Model.Node, word, args[1:]) {
		if _, err := fmt.Fprintln(stdout, candidate); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns the commands, flags and values that begin with word and may
// follow the words before it, in alphabetical order.
func candidates(node *kong.Node, word string, before []string) []string {
	var open *kong.Flag // a flag that still needs its value
	for _, w := range before {
		if open != nil {
			open = nil
			continue
		}
		if strings.HasPrefix(w, "-") {
			if f := flagNamed(node, w); f != nil && !f.IsBool() {
				open = f
			}
			continue
		}
		if child := childNamed(node, w); child != nil {
			node = child
		}
	}
	var all []string
	switch {
	case open != nil:
		all = strings.Split(open.Enum, ",")
	case strings.HasPrefix(word, "-"):
		all = flagNames(node)
	default:
		for _, child := range node.Children {
			all = append(all, child.Name)
		}
		for _, positional := range node.Positional {
			all = append(all, strings.Split(positional.Enum, ",")...)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" || !strings.HasPrefix(s, word) })
	slices.Sort(all)
	return slices.Compact(all)
}

func childNamed(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// flagNamed returns the flag that word names without giving its value, or nil.
func flagNamed(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func flagNames(node *kong.Node) []string {
	var names []string
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			names = append(names, "--"+f.Name)
		}
	}
	return names
}
