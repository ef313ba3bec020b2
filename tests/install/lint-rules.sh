#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/lint-rules finds what it is there to find, and not what stands in comments and strings.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

tree=$TMPDIR/tree
mkdir -p "$tree/src"
cp -a "$SRCDIR/scripts" "$tree"
cat >"$tree/src/innocent.c" <<'C'
/* printf(atoi(text)); rename(a, b);
 * O_WRONLY */
// system("ls")
const char *text = "strtol(1) \" exit(1) O_RDWR", c = '"'; /* " */
int exits = x->printf + snprintf(line, 1, "fopen(w)") + my_exit(1) + fopen(path, "re");
C
cp "$tree/src/innocent.c" "$tree/src/store.c"
echo 'fd = openat(dir, name, O_WRONLY | O_CREAT); rename(a, b); fopen(a, "w");' >>"$tree/src/store.c"
cp "$tree/src/innocent.c" "$tree/src/cmd-audit.c"
echo 'printf("%s", text); exit(1);' >>"$tree/src/cmd-audit.c"
expect 0 "innocent code passes" "$tree/scripts/lint-rules"

seed() { # NAME REASON LINE
	printf '%s\n' "$3" >"$tree/src/seeded.c"
	expect 1 "$1 is found" "$tree/scripts/lint-rules"
	has "$1: the place and the reason" "src/seeded.c:1: $2" "$out"
	rm "$tree/src/seeded.c"
}
seed "a banned call" "banned call" 'n = atoi(text);'
seed "another after a string" "banned call" 'f("/*"); n = strtoul(text, NULL, 0);'
seed "open for writing" "only store.c" 'fd = openat(dir, name, O_RDWR | O_CLOEXEC);'
seed "a stream for writing" "only store.c" 'f = fopen(path, "we");'
seed "rename" "only store.c" '	if (renameat(a, b, c, d))'
seed "chmod" "only store.c" 'fchmod(fd, 0600);'
seed "printing" "only cmd-*" 'fprintf(stderr, "x");'
seed "exit" "only cmd-*" 'if (!p) exit(2);'
seed "a library's header" "confuse.h belongs" '#include <confuse.h>'
seq 601 >"$tree/src/long.c"
expect 1 "a long file is found" "$tree/scripts/lint-rules"
rm "$tree/src/long.c"
echo '| store.c | writes |' >"$tree/ARCHITECTURE.md"
expect 1 "a file without a row in ARCHITECTURE.md is found" "$tree/scripts/lint-rules"
has "it is named" "src/cmd-audit.c: ARCHITECTURE.md" "$out"
has_not "one with a row is not" "src/store.c" "$out"
finish
