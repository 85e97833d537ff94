#!/usr/bin/env bash
# Provides the programs that tests run beside PostgreSQL: nginx, Caddy, HAProxy,
# PgBouncer, Redis for a benchmark, and Chromium for the pages.
#
#   tools/servers.sh ensure    download missing ones into .cache/servers
#
# It installs nothing: Debian's packages are unpacked, without root and without
# their maintainer scripts, so no service is started or enabled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The commands, which are also the names of their packages in Debian and Homebrew.
readonly servers=(nginx caddy haproxy pgbouncer redis-server chromium)
readonly target=.cache/servers

fail() {
	echo "servers.sh: $*" >&2
	exit 1
}

# found reports whether test/servers finds the command $1.
found() {
	PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || [[ -x $target/bin/$1 ]]
}

ensure() {
	local missing=() server
	for server in "${servers[@]}"; do
		found "$server" || missing+=("$server")
	done
	if ((${#missing[@]} > 0)); then
		fetch "${missing[@]}"
	fi
}

fetch() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
		if [[ $(uname -s) == Darwin ]]; then
			fail "missing servers; install them with: brew install $*"
		fi
		fail "missing servers; install these packages: $*"
	fi
	mkdir -p .cache
	work=$(mktemp -d "$PWD/.cache/servers.XXXXXX")
	trap 'rm -rf "$work"' EXIT

	echo "downloading $*"
	if ! unpack "$@" >"$work/log" 2>&1; then
		cat "$work/log" >&2
		fail "cannot download servers; install them with: sudo apt-get install $*"
	fi
	place "$@"
}

# unpack downloads the packages $@ and those of their dependencies that are not
# installed, and unpacks them into $work/root. It uses its own package lists,
# because only root may update the system's.
unpack() {
	local options=(
		-o "Dir::State::lists=$work/lists"
		-o "Dir::Cache=$work/cache"
		-o APT::Sandbox::User=
		-o APT::Install-Recommends=false
		-o Acquire::Languages=none
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
		-o Acquire::Retries=3
	)
	mkdir -p "$work"/{lists,cache/archives}/partial "$work/packages" "$work/root" &&
		apt-get "${options[@]}" --error-on=any update &&
		apt-get "${options[@]}" --simulate install "$@" >"$work/plan" &&
		awk '$1 == "Inst" { print $2 }' "$work/plan" >"$work/names" &&
		(cd "$work/packages" && xargs apt-get "${options[@]}" download <"$work/names") || return
	local package
	for package in "$work"/packages/*.deb; do
		dpkg -x "$package" "$work/root" || return
	done
}

# place copies the unpacked files to $target, and creates a command for each of the
# servers $@ that finds the libraries unpacked with it.
place() {
	local root=$target/root server path libraries
	mkdir -p "$target/bin" "$root"
	cp -a "$work/root/." "$root/"
	libraries=$(cd "$root" && find usr lib -name '*.so*' 2>/dev/null | sed 's,/[^/]*$,,; s,^,$root/,' | sort -u | paste -sd : - || true)
	for server in "$@"; do
		# In usr/bin, Chromium has a script that expects it in /usr/lib.
		path=$(cd "$root" && find "usr/lib/$server/$server" usr/sbin usr/bin -name "$server" ! -type d 2>/dev/null | head -n 1 || true)
		[[ -n $path ]] || fail "the package $server has no command of that name"
		cat >"$work/$server" <<-END
			#!/bin/sh
			root=\$(cd "\${0%/*}/../root" && pwd)
			LD_LIBRARY_PATH="$libraries" exec "\$root/$path" "\$@"
		END
		chmod +x "$work/$server"
		mv "$work/$server" "$target/bin/$server"
	done
}

case "${1-}" in
ensure) ensure ;;
*) fail "usage: tools/servers.sh ensure" ;;
esac
