#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME, one after the other: go
# test fuzzes one target at a time and keeps all cores busy with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=${GO:-go}

mapfile -t packages < <(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -rn1 dirname | sort -u)
for package in "${packages[@]}"; do
	mapfile -t targets < <("$go" test -list '^Fuzz' "$package" | grep '^Fuzz')
	for target in "${targets[@]}"; do
		echo "== $package $target"
		"$go" test -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-60s}" "$package"
	done
done
