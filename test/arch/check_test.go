package arch_test

import (
	"fmt"
	"slices"
	"strings"
)

const module = "github.com/slaunchx/apikeys"

// pkg is what "go list -json" says of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// folder is where the package is in the module; "." for the root.
func (p pkg) folder() string { return folderOf(p.ImportPath) }

func folderOf(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// within says whether path is root or below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// inAny says whether folder is one of the roots or below one.
func inAny(folder string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return within(folder, root) })
}

// checkLayer returns how p breaks the rule of its room.
func checkLayer(layers []layer, p pkg) (faults []string) {
	for _, l := range layers {
		room, ok := l.room(p.folder())
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			if !l.admits(room, imported) {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.folder(), imported, l.why))
			}
		}
		return faults
	}
	return []string{p.folder() + " is in no room of the house: give it a rule"}
}

// room returns which room of the layer the folder is in, if any.
func (l layer) room(folder string) (room string, ok bool) {
	hall, each := strings.CutSuffix(l.in, "/*")
	if !each {
		return l.in, within(folder, l.in)
	}
	if folder == hall || !within(folder, hall) {
		return "", false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(folder, hall+"/"), "/")
	return hall + "/" + first, true
}

// admits says whether a package in that room of the layer may import a path.
func (l layer) admits(room, imported string) bool {
	if within(imported, module) {
		folder := folderOf(imported)
		return within(folder, room) || inAny(folder, l.may)
	}
	return !l.stdlibOnly || isStandard(imported)
}

// isStandard says whether a path is of the standard library, whose first
// element alone has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// checkOwners returns which libraries p may not import and does.
func checkOwners(owners []owner, p pkg) (faults []string) {
	for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
		for _, o := range owners {
			if within(imported, o.library) && !inAny(p.folder(), o.only) {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.folder(), imported, o.why))
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// checkLinked returns which of the linked packages must not be.
func checkLinked(unlinked, linked []string) (faults []string) {
	for _, path := range linked {
		if inAny(path, unlinked) {
			faults = append(faults, "links "+path)
		}
	}
	return faults
}
