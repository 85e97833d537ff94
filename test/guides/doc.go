// Package guides runs the programs and commands in docs/guides.md.
package guides
