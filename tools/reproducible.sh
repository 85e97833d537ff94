#!/usr/bin/env bash
# Builds the committed source twice, in two places and from empty caches, and
# compares the binaries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in a another/place; do
	mkdir -p "$work/$place"
	git archive HEAD | tar -x -C "$work/$place"
	GOCACHE="$work/cache-${place%%/*}" make --no-print-directory -C "$work/$place" build >/dev/null
	(cd "$work/$place" && sha256sum bin/apikeys)
done >"$work/sums"
sort -u "$work/sums"
if [[ $(sort -u "$work/sums" | wc -l) != 1 ]]; then
	echo 'two builds of the same commit differ' >&2
	exit 1
fi
