package arch_test

import (
	"fmt"
	"slices"
	"strings"
)

const module = "github.com/slaunchx/apikeys"

// pkg is the part of a package's "go list -json" output that the tests use.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// folder returns the folder of the package in the module, "." for the root.
func (p pkg) folder() string { return folderOf(p.ImportPath) }

func folderOf(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// within reports whether path is root or below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// inAny reports whether folder is one of the roots or below one.
func inAny(folder string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return within(folder, root) })
}

// checkLayer returns the imports of p that break the rule of its layer.
func checkLayer(layers []layer, p pkg) (violations []string) {
	for _, l := range layers {
		unit, ok := l.unit(p.folder())
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			if !l.admits(unit, imported) {
				violations = append(violations, fmt.Sprintf("%s imports %s: %s", p.folder(), imported, l.why))
			}
		}
		return violations
	}
	return []string{p.folder() + " is in no layer: add a rule to rules_test.go"}
}

// unit returns the unit of the layer that contains folder, if any: the layer's
// folder or, for a layer that ends in "/*", the folder below it.
func (l layer) unit(folder string) (unit string, ok bool) {
	parent, each := strings.CutSuffix(l.in, "/*")
	if !each {
		return l.in, within(folder, l.in)
	}
	if folder == parent || !within(folder, parent) {
		return "", false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(folder, parent+"/"), "/")
	return parent + "/" + first, true
}

// admits reports whether a package in that unit of the layer may import a path.
func (l layer) admits(unit, imported string) bool {
	if within(imported, module) {
		folder := folderOf(imported)
		return within(folder, unit) || inAny(folder, l.may)
	}
	return !l.stdlibOnly || isStandard(imported)
}

// isStandard reports whether a path is in the standard library: only there the
// first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// checkOwners returns the imports of p that only other packages may import.
func checkOwners(owners []owner, p pkg) (violations []string) {
	for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
		for _, o := range owners {
			if within(imported, o.library) && !inAny(p.folder(), o.only) {
				violations = append(violations, fmt.Sprintf("%s imports %s: %s", p.folder(), imported, o.why))
			}
		}
	}
	slices.Sort(violations)
	return slices.Compact(violations)
}

// checkLinked returns the linked packages that must not be linked.
func checkLinked(unlinked, linked []string) (violations []string) {
	for _, path := range linked {
		if inAny(path, unlinked) {
			violations = append(violations, "links "+path)
		}
	}
	return violations
}
