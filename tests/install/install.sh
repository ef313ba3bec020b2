#!/bin/bash
# SPDX-License-Identifier: MIT
# make install, the installed program, make uninstall; and that DESTDIR only moves files.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

prefix=$TMPDIR/usr
# A copy of the build, so that other settings do not rebuild the program that other tests run.
cp -a "$BUILDDIR" "$TMPDIR/build"
# shellcheck disable=SC2317 # called by check
run_make() {
	make -C "$SRCDIR" BUILD="$TMPDIR/build" PREFIX="$prefix" SYSCONFDIR="$TMPDIR/etc" "$@"
}
files() {
	(cd "$1" && find . ! -type d -printf '%m %P\n' | sort)
}

check "make install" run_make install
files "$prefix" >"$TMPDIR/installed"
{
	echo "755 sbin/keeltune"
	echo "755 libexec/keeltune/audit-trigger"
	for file in "$SRCDIR"/profiles/*.conf; do echo "644 share/keeltune/profiles/${file##*/}"; done
	for file in "$SRCDIR"/packaging/schemas/*.json; do echo "644 share/keeltune/schemas/${file##*/}"; done
	echo "644 share/bash-completion/completions/keeltune"
	echo "644 share/zsh/site-functions/_keeltune"
	echo "644 share/fish/vendor_completions.d/keeltune.fish"
	for file in "$SRCDIR"/profiles/examples/*; do echo "644 share/doc/keeltune/examples/${file##*/}"; done
	for file in "$SRCDIR"/packaging/systemd/*.*; do
		[ ! -e "$file" ] || echo "644 lib/systemd/system/${file##*/}"
	done
	for file in "$SRCDIR"/man/*.[58]; do echo "644 share/man/man${file##*.}/${file##*/}"; done
} | sort >"$TMPDIR/want"
same "the files and their modes" "$TMPDIR/want" "$TMPDIR/installed"

expect 0 "the installed program runs" "$prefix/sbin/keeltune" --version
has "its version is the tree's" "$(cat "$SRCDIR/VERSION")" "$out"
expect 0 "it lists profiles" "$prefix/sbin/keeltune" profile list
for file in "$SRCDIR"/profiles/*.conf; do
	has "it finds the installed profile $(basename "$file" .conf)" "$(basename "$file" .conf)" "$out"
done
expect 0 "it shows one" "$prefix/sbin/keeltune" profile show baseline
check "an installed profile is read from the prefix" rm "$prefix/share/keeltune/profiles/baseline.conf"
expect 2 "and is missed when it is gone" "$prefix/sbin/keeltune" profile show baseline

check "make install again, with DESTDIR" run_make install DESTDIR="$TMPDIR/staged"
files "$TMPDIR/staged$prefix" >"$TMPDIR/installed"
same "DESTDIR only moves the files" "$TMPDIR/want" "$TMPDIR/installed"
check "the same program is staged" cmp "$prefix/sbin/keeltune" "$TMPDIR/staged$prefix/sbin/keeltune"
for destdir in "" "$TMPDIR/staged"; do
	check "make uninstall DESTDIR=${destdir##*/}" run_make uninstall DESTDIR="$destdir"
	files "$destdir$prefix" >"$TMPDIR/left"
	same "nothing is left" /dev/null "$TMPDIR/left"
	check "nor a directory of ours" test ! -e "$destdir$prefix/share/keeltune" -a ! -e "$destdir$prefix/share/doc/keeltune"
done
finish
