#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of logins against pam_limits.so of other Debian releases, see tests/conformance/limits.c:
# with the C library and libpam of the release or, where those are too old for our program, with those
# of this machine. Needs no privilege.

. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/slow/releases.sh"

program=$BUILDDIR/tests/limits
memory=$(mktemp -d /dev/shm/keeltune-limits-XXXXXX 2>/dev/null) || memory=$TMPDIR
trap 'rm -rf "$memory"' EXIT

for release in $releases; do
	use_release "$release" || continue
	starts "$program" || run=()
	module=$(find "$tree/usr/lib" -name pam_limits.so)
	package=$(version libpam-modules)
	results "$package" \
		env TMPDIR="$memory" "${run[@]}" "$program" --module "$module" --count 50000
	# `keeltune limits` in the place of the model, told the version.
	results "$package, the program" \
		env TMPDIR="$memory" "${run[@]}" "$program" --module "$module" --program "$KEELTUNE" \
		--pam-version "${package#* }" --count 5000
done
finish
