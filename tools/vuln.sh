#!/usr/bin/env bash
# Looks for known vulnerabilities in the packages that the binary links. Fails if
# the database cannot be reached.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

report=$(${GO:-go} tool -modfile=tools/supply/go.mod govulncheck ${VULNDB:+-db "$VULNDB"} ./cmd/apikeys . 2>&1)
code=$?
printf '%s\n' "$report"
if [[ $report == *'fetching vulnerabilities'* ]]; then
	echo "nothing was checked: cannot reach ${VULNDB:-https://vuln.go.dev}; set VULNDB to a mirror, or to a copy as file:///…" >&2
	exit 1
fi
exit "$code"
