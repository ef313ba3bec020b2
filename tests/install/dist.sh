#!/bin/bash
# SPDX-License-Identifier: MIT
# make dist: the same bytes whoever packs it, all that is committed, and a tree that can do without git.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

version=$(cat "$SRCDIR/VERSION")
top=keeltune-$version

{
	dpkg-parsechangelog -l "$SRCDIR/packaging/debian/changelog" -S Version 2>/dev/null ||
		sed -n '1s/.*(\(.*\)).*/\1/p' "$SRCDIR/packaging/debian/changelog"
	sed -n 's/^Version: *//p' "$SRCDIR/packaging/rpm/keeltune.spec"
	sed -n 's/^version: *//p' "$SRCDIR/packaging/ansible/galaxy.yml"
} >"$TMPDIR/versions"
printf '%s\n' "$version" "$version" "$version" >"$TMPDIR/want"
same "the version is the same in VERSION, changelog, spec and collection" "$TMPDIR/want" "$TMPDIR/versions"

check "make dist" make -C "$SRCDIR" BUILD="$TMPDIR/build" dist
tarball=$TMPDIR/build/$top.tar.gz
(
	umask 077
	cd /
	TZ=Asia/Kolkata LC_ALL=C "$SRCDIR/scripts/dist" "$TMPDIR/again.tar.gz" 2>/dev/null
)
check "the same bytes with another umask, time zone and directory" cmp "$tarball" "$TMPDIR/again.tar.gz"
tar -tvzf "$tarball" | awk '$2 != "root/root" || $1 !~ /^(drwxr-xr-x|-rwxr-xr-x|-rw-r--r--|lrwxrwxrwx)$/' >"$TMPDIR/odd"
same "root's files, readable for all, writable for root" /dev/null "$TMPDIR/odd"
if [ -e "$SRCDIR/.git" ]; then
	git -C "$SRCDIR" -c core.quotePath=off ls-tree -r --name-only HEAD | sort >"$TMPDIR/want"
	tar -tzf "$tarball" --quoting-style=literal | sed -n "s,^$top/,,; /[^/]\$/p" | sort >"$TMPDIR/got"
	same "it has all that is committed" "$TMPDIR/want" "$TMPDIR/got"
fi

mkdir "$TMPDIR/a b"
check "it unpacks" tar -x -C "$TMPDIR/a b" -f "$tarball"
tree="$TMPDIR/a b/$top"
check "without git it has the version of the file" test "$("$tree/scripts/version")" = "$version"
mkdir "$tree/build" && touch "$tree/build/keeltune"
check "make dist in the unpacked tree" make -C "$tree" dist
mkdir "$TMPDIR/third"
check "unpacks" tar -x -C "$TMPDIR/third" -f "$tree/build/$top.tar.gz"
rm -r "$tree/build"
check "to the same files" diff -r --no-dereference "$tree" "$TMPDIR/third/$top"
check "make has nothing to ask git for" make -n -C "$tree" CI= all
has "the program gets the version of the file" "KEELTUNE_VERSION='\"$version\"'" <(make -C "$tree" -pn CI= all 2>/dev/null)
has_not "nothing of it comes from git" "+g" <(make -C "$tree" -pn CI= all 2>/dev/null | grep '^SETTINGS')
finish
