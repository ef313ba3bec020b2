#!/bin/bash
# SPDX-License-Identifier: MIT
# The Makefile's promises: what is missing is named and nothing is installed, flags are honoured and
# changed ones rebuild, the same sources give the same bytes anywhere.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

tree=$TMPDIR/tree
mkdir "$tree"
cp -a "$SRCDIR"/{Makefile,VERSION,src,scripts,profiles,man} "$tree"
mkdir "$TMPDIR/bin"
for program in apt-get sudo; do
	printf '#!/bin/sh\necho "%s $*" >>%s\n' $program "$TMPDIR/called" >"$TMPDIR/bin/$program"
done
chmod +x "$TMPDIR"/bin/*
run_make() {
	PATH=$TMPDIR/bin:$PATH make -C "$tree" CI= CFLAGS="-O0 -g" "$@"
}

expect 2 "a missing library stops make" run_make PKG_CONFIG=false
has "it is named" libconfuse "$err"
has "so is the command that installs it" "apt-get install --no-install-recommends libconfuse-dev" "$err"
expect 2 "a missing compiler stops make" run_make CC=no-such-compiler
has "it is named, too" "C compiler" "$err"
expect 2 "make run stops when the packages cannot be had" run_make run PKG_CONFIG=false
check "make run asked apt-get for them" grep -q "install -y.*libjansson-dev" "$TMPDIR/called"
rm -f "$TMPDIR/called"
expect 0 "nothing missing: make help" run_make help
has "help lists the targets" "make check" "$out"
check "plain make and help called no package manager" test ! -e "$TMPDIR/called"

check "make" run_make -j"$(nproc)"
check "make installed nothing" test ! -e "$TMPDIR/called"
run_make >"$TMPDIR/again"
same "make again does nothing" /dev/null <(grep -v '^make' "$TMPDIR/again")
touch "$tree/src/suggest.h"
run_make >"$out"
has "a changed header rebuilds" "src/suggest.c" "$out"
run_make -n CPPFLAGS=-DFROM_CPPFLAGS CFLAGS=-O1 LDFLAGS=-Wl,-Map=/dev/null V=1 >"$out"
has "CPPFLAGS and CFLAGS come last" "-DFROM_CPPFLAGS -O1 " "$out"
has "LDFLAGS reach the linker" "-Wl,-Map=/dev/null" "$out"
run_make VERSION=9 >"$out"
has "another version rebuilds what names it" "$(cd "$tree" && grep -l KEELTUNE_VERSION src/*.c | head -n 1)" "$out"
has_not "and nothing else" src/pool.c "$out"
run_make >"$out"

mkdir "$TMPDIR/elsewhere"
cp -a "$tree" "$TMPDIR/elsewhere/a name with blanks"
check "make in another place" make -C "$TMPDIR/elsewhere/a name with blanks" CI= CFLAGS="-O0 -g" \
	BUILD=build2 -j"$(nproc)"
check "gives the same bytes" cmp "$tree/build/keeltune" "$TMPDIR/elsewhere/a name with blanks/build2/keeltune"
finish
