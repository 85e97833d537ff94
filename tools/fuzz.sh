#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME, one after the other, because
# go test fuzzes only one target at a time, on all cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=${GO:-go}

grep -roE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sort |
	while IFS=: read -r file func; do
		package=$(dirname "$file") target=${func#func }
		echo "== $package $target"
		"$go" test -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-60s}" "$package" </dev/null
	done
