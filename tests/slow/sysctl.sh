#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of the next boot against sysctl, systemd-sysctl and BusyBox of other Debian releases, each
# with its own C library: the cases and random trees of tests/conformance. Needs root.

. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/slow/releases.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"

# What the oracle starts is one path: a script for each program.
starter() {
	local path=$TMPDIR/$1-${2##*/}
	printf '#!/bin/sh\nexec %s "$@"\n' "${run[*]@Q} ${2@Q}" >"$path"
	chmod +x "$path"
	echo "$path"
}

for release in $releases; do
	use_release "$release" || continue
	procps=procps
	[ "$release" != bullseye ] || procps=procps3
	options=()
	for item in "$procps:$tree/usr/sbin/sysctl" "systemd:$tree/usr/lib/systemd/systemd-sysctl" \
		"busybox:$tree/usr/bin/busybox"; do
		options+=(--program "${item%%:*}=$(starter "$release" "${item#*:}")")
	done
	results "$release" tests/conformance/sysctl-cases.py "${options[@]}"
	results "$release" tests/conformance/sysctl-random.py --count 2500 --engine $procps \
		--engine systemd --engine busybox "${options[@]}"
done
finish
