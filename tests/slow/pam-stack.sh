#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of PAM stacks against libpam and modules of other Debian releases, by
# tests/conformance/pam-stack.sh: with the C library of the release or, where that is too old for our
# program, with this machine's.

. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/slow/releases.sh"

program=$BUILDDIR/tests/pam-stack

# A tree with the libraries of $tree but the C library of this machine.
with_own_libc() {
	local mixed=$TMPDIR/$release libraries own name
	libraries=$(dirname "$(find "$tree/usr/lib" -name libc.so.6)")
	mkdir -p "$mixed${libraries#"$tree"}" "$mixed/usr/lib64"
	ln -s usr/lib "$mixed/lib"
	cp -a "$libraries"/*.so* "$libraries/security" "$mixed${libraries#"$tree"}"
	own=$(dirname "$(ldd "$program" | grep -oE '/[^ ]*/libc\.so\.6')")
	for name in c dl m pthread resolv rt util; do
		cp -L --remove-destination "$own"/lib$name.so.[0-9]* "$mixed${libraries#"$tree"}"
	done
	cp -L "$(ldd "$program" | grep -oE '/[^ ]*/ld-linux[^ ]*')" "$mixed/usr/lib64"
	tree=$mixed
}

for release in $releases; do
	use_release "$release" || continue
	title=$(version libpam0g)
	starts "$program" || with_own_libc
	results "$title" env PAM_SOURCE="$tree" tests/conformance/pam-stack.sh --count 10000
done
finish
