#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/lint-rooms: each of its rules is seen to fire on a small project with one thing planted, and the
# project as it stands passes.

# shellcheck disable=SC2016,SC2317 # `file.c` of a table; functions that expect() calls
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

tree=$TMPDIR/tree

# A base that others use, a store that writes, a top that reads.
fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/src" "$tree/objects"
	cp -a "$SRCDIR/scripts" "$tree"
	cat >"$tree/ARCHITECTURE.md" <<'MD'
| room | holds | may use |
|---|---|---|
| low | what all use | nothing |
| store | what writes | low |
| top | what reads | low, store |

### low

| file | owns |
|---|---|
| `low.c` | a number |

### store

| file | owns |
|---|---|
| `store.c` | files |

### top

| file | owns |
|---|---|
| `top.c` | the rest |

| power | calls | who |
|---|---|---|
| change files | `unlink` | `store.c` |
| open | `open` | top, store |
MD
	printf '%s\n' 'int low(void);' >"$tree/src/low.h"
	printf '%s\n' '#include "low.h"' 'int low(void) { return 1; }' >"$tree/src/low.c"
	printf '%s\n' 'int store(void);' >"$tree/src/store.h"
	printf '%s\n' '#include "store.h"' '#include "low.h"' '#include <fcntl.h>' '#include <unistd.h>' \
		'int store(void) { return unlink("a") + open("b", O_WRONLY) + low(); }' >"$tree/src/store.c"
	printf '%s\n' '#include "low.h"' '#include "store.h"' '#include <fcntl.h>' \
		'int top(void) { return low() + store() + open("open(\"a\")", O_RDONLY | O_CLOEXEC); }' \
		>"$tree/src/top.c"
}

judge() {
	local file
	for file in "$tree"/src/*.c; do
		"${CC:-cc}" -D_GNU_SOURCE -w -O0 -c -o "$tree/objects/$(basename "$file" .c).o" "$file" || return 9
	done
	"$tree/scripts/lint-rooms" "$tree/objects"
}

planted() { # NAME REASON
	expect 1 "$1 is found" judge
	has "$1: the place and the reason" "$2" "$out"
	fresh
}

row() { # ADDS a row behind the line that begins with $1
	sed -i "s#^| $1 .*#&\n$2#" "$tree/ARCHITECTURE.md"
}

code() { # puts a line into src/top.c
	printf '%s\n' "$1" >>"$tree/src/top.c"
}

fresh
expect 0 "the small project passes" judge

echo 'int more;' >"$tree/src/more.c"
planted "a file without a row" "src/more.c: ARCHITECTURE.md has no row"
echo 'int more;' >"$tree/src/more.h"
planted "a header without a row" "src/more.h: ARCHITECTURE.md has no row"
row '`low.c`' '| `low.c` | again |'
planted "a file in two rows" "low.c stands in line"
row '`low.c`' '| `gone.c` | nothing |'
planted "a row without a file" "there is no src/gone.c"
sed -i 's/^### top/### attic/' "$tree/ARCHITECTURE.md"
planted "files of no room" '"attic" is no room'
row store '| attic | nothing at all | low |'
planted "a room without files" "attic has no files"
sed -i 's/^| low .*/| low | what all use | cellar |/' "$tree/ARCHITECTURE.md"
planted "a room that is not there" 'low may use "cellar"'
sed -i 's/^| low .*/| low | what all use | top |/' "$tree/ARCHITECTURE.md"
planted "a circle" "a circle: low -> top -> low"
sed -i '1i #include "store.h"' "$tree/src/low.c"
planted "an #include that is not granted" "src/low.c:1: includes store.h of store, which low may not use"
echo 'int store(void); int upward(void) { return store(); }' >>"$tree/src/low.c"
planted "a call without an #include" "src/low.c: calls store() of store, which low may not use"
sed -i 's/^| store | what writes .*/| store | what writes | low, top |/; s/^| top .*/| top | what reads | low |/' \
	"$tree/ARCHITECTURE.md"
sed -i '/store/d; s/ + store()//' "$tree/src/top.c"
echo 'int top(void) { return low(); }' >>"$tree/src/top.c"
planted "a grant that nobody uses" "store may use top, and does not"

code 'int rename(const char *, const char *); int f(void) { return rename("a", "b"); }'
planted "a call that nobody may make" "src/top.c: calls rename(), which no power"
code 'int unlink(const char *); int f(void) { return unlink("a"); }'
planted "a call that only others may make" "src/top.c: calls unlink(): change files is for store.c alone"
sed -i 's/^| open .*/| open | `open` `stat` | top, store |/' "$tree/ARCHITECTURE.md"
planted "a power that nobody needs" "open: nobody calls stat()"
sed -i 's/^| open .*/| open | `open` | top, store, low.c |/' "$tree/ARCHITECTURE.md"
planted "a power given to one who does without" "open: low.c makes no such call"

# What flags and other arguments say.
argument() { # CODE REASON
	code "$1"
	expect 1 "$1 is found" "$tree/scripts/lint-rooms"
	has "$1: the place and the reason" "src/top.c:5: $2" "$out"
	fresh
}
argument 'int f(int flags) { return open("a", flags); }' 'open() of flags: wanted is flags for reading alone'
argument 'int f(int flags) { return open("a", O_RDONLY | O_CLOEXEC | flags); }' 'open() of O_RDONLY'
argument 'int f(int flags) { return open("a", 1); }' 'open() of 1'
argument 'int f(void) { return open("a", O_RDONLY); }' 'open() of O_RDONLY'
argument 'int f(void) { return openat(g(1, 2), "a", O_RDWR | O_CLOEXEC); }' 'openat() of O_RDWR'
argument 'int f(void) { return fopen("re", "we"); }' 'fopen() of "we"'
argument 'int f(char *mode) { return fopen("a", mode); }' 'fopen() of mode'
argument 'int f(void) { return fcntl(1, F_SETFL, 0); }' 'fcntl() of F_SETFL'
argument 'int f(void) { return ioctl(1, FS_IOC_SETFLAGS, 0); }' 'ioctl() of FS_IOC_SETFLAGS'
argument 'int f(void) { return prlimit(1, 7, &limit, 0); }' 'prlimit() of &limit'
argument 'int f(int pid) { return kill(pid, 9); }' 'kill() of pid'
argument 'int f(void) { return syscall(SYS_renameat2, 0); }' 'syscall() of SYS_renameat2'
argument 'int f(void) { return syscall(316, 0); }' 'syscall() of 316'
finish
