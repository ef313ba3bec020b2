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
echo 'fd = openat(dir, name, O_WRONLY | O_CREAT);' >>"$tree/src/store.c"
expect 0 "innocent code passes" "$tree/scripts/lint-rules"

seed() { # NAME REASON LINE
	printf '%s\n' "$3" >"$tree/src/seeded.c"
	expect 1 "$1 is found" "$tree/scripts/lint-rules"
	has "$1: the place and the reason" "src/seeded.c:1: $2" "$out"
	rm "$tree/src/seeded.c"
}
seed "a banned call" "banned call" 'n = atoi(text);'
seed "another after a string" "banned call" 'f("/*"); n = strtoul(text, NULL, 0);'
for flag in O_WRONLY O_RDWR O_CREAT O_TRUNC O_APPEND O_TMPFILE; do
	seed "$flag" "only store.c" "int flags = $flag | O_CLOEXEC;"
done
seed "a copied descriptor" "descriptors of others" 'fd = syscall(SYS_pidfd_getfd, a, b, 0);'
seed "a destroyed socket" "nobody is stopped" 'request.type = SOCK_DESTROY;'
seed "libconfuse" "confuse.h belongs" '#include <confuse.h>'
seed "jansson" "jansson.h belongs" '#include <jansson.h>'
seed "libmnl" "libmnl belongs" '#include <libmnl/libmnl.h>'
seed "libproc2" "libproc2 belongs" '#include <libproc2/pids.h>'
seq 601 >"$tree/src/long.c"
expect 1 "a long file is found" "$tree/scripts/lint-rules"
finish
