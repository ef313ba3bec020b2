#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of units against systemd of other Debian releases, see tests/conformance/unit-random.py.
# Needs root.

. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/slow/releases.sh"

for release in $releases; do
	use_release "$release" || continue
	options=()
	executor=$tree/usr/lib/systemd/systemd-executor
	[ ! -e "$executor" ] || options+=(--executor "$executor")
	[ "$release" != bullseye ] || options+=(--no-linked)
	results "$(version systemd)" "$SRCDIR/tests/conformance/unit-random.py" --count 1000 \
		--program "${run[*]} $tree/usr/lib/systemd/systemd" "${options[@]}"
done
finish
