#!/bin/bash
# SPDX-License-Identifier: MIT
# An edited PAM stack is tried with the libpam of the host before the file is touched: the real one takes
# it, and one that does not, hangs or crashes refuses the apply.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
mounts=$TMPDIR/mounts
known_host
targets >"$fresh"
cat /proc/self/mounts >"$mounts"

# --- the real libpam

traced trace=mount,openat "$KEELTUNE" apply small >"$out" 2>"$err"
check "the stack is tried in a copy of /etc/pam.d" grep -q 'mount("tmpfs", "/etc/pam.d"' "$trace"
check "with the real libpam, which reads it there" grep -q '^[0-9]* *openat.*libpam.so.0' "$trace"
check "and loads its modules" grep -q 'openat.*pam_limits.so' "$trace"
has_not "it is not said that it was not" "not tried" "$out"
same "no mount is left" "$mounts" /proc/self/mounts
expect 0 "the file itself is changed afterwards" grep -q pam_limits /etc/pam.d/login
expect 0 "rollback" kt rollback
unchanged "undone" "$fresh"
traced trace=mount "$KEELTUNE" apply time >/dev/null
check "where no stack is edited nothing is tried" test ! -s "$trace"
kt rollback >/dev/null
traced trace=mount "$KEELTUNE" diff small >/dev/null
check "nor by a diff, which writes nothing at all" test ! -s "$trace"

# --- others

# libpam NAME CODE: a libpam whose pam_start() runs CODE.
libpam() {
	mkdir -p "$TMPDIR/$1"
	printf '#include <stdlib.h>\n#include <unistd.h>\nint pam_start(const char *s, const char *u, const void *c, void **h);\nint pam_start(const char *s, const char *u, const void *c, void **h) { (void)s; (void)u; (void)c; (void)h; %s }\n' \
		"$2" >"$TMPDIR/$1/pam.c"
	cc -shared -fPIC -Wl,-soname,libpam.so.0 -o "$TMPDIR/$1/libpam.so.0" "$TMPDIR/$1/pam.c"
}
refuses() {
	rm -rf /var/lib/keeltune
	complains 2 "$1" "$2" env LD_LIBRARY_PATH="$TMPDIR/$1" "$KEELTUNE" apply small
	unchanged "$1: nothing is touched" "$fresh"
	check "$1: no rollback file" test ! -e "$state"
	same "$1: no mount is left" "$mounts" /proc/self/mounts
}
if [ "$KEELTUNE_VARIANT" != asan ]; then
	libpam refusing 'return 26;'
	refuses refusing "the PAM stack of login would not load: pam_start(3) fails with 26"
	libpam crashing 'abort();'
	refuses crashing "libpam ends with a signal"
	libpam hanging 'for (;;) pause();'
	refuses hanging "libpam hangs"
	# Also where signals are ignored, or held as after the recovery that comes first.
	complains 2 "hanging, SIGALRM ignored" "libpam hangs" env --ignore-signal=ALRM \
		LD_LIBRARY_PATH="$TMPDIR/hanging" timeout -k 1 30 "$KEELTUNE" apply small
	kt apply small >/dev/null
	sed -i 's/"state": "applied"/"state": "prepared"/' "$state/$(newest)/manifest.json"
	complains 2 "hanging, after a recovery" "libpam hangs" env \
		LD_LIBRARY_PATH="$TMPDIR/hanging" timeout -k 1 30 "$KEELTUNE" apply small
	unchanged "what was interrupted is undone, nothing else is touched" "$fresh"
	# bash resets what it does not ignore itself; a daemon hands down whatever it likes.
	expect 0 "children ignored by the parent" env --ignore-signal=CHLD "$KEELTUNE" apply small
	has_not "children ignored by the parent: libpam answers" "not tried" "$out"
	kt rollback >/dev/null
	# It sees the new bytes, and the file is as it was.
	libpam looking 'return system("grep -q pam_limits /etc/pam.d/login") ? 26 : 0;'
	expect 0 "the new bytes are what is tried" env LD_LIBRARY_PATH="$TMPDIR/looking" "$KEELTUNE" apply small
	kt rollback >/dev/null
	mkdir "$TMPDIR/none"
	printf 'int x;\n' >"$TMPDIR/none/x.c"
	cc -shared -fPIC -o "$TMPDIR/none/libpam.so.0" "$TMPDIR/none/x.c"
	prints 0 "without a libpam" "there is no libpam.so.0" env LD_LIBRARY_PATH="$TMPDIR/none" "$KEELTUNE" apply small
	kt rollback >/dev/null
	unchanged "the model has decided" "$fresh"
fi
prints 0 "without the privilege to mount" "not tried with libpam" \
	setpriv --bounding-set -sys_admin --inh-caps -sys_admin timeout 60 "$KEELTUNE" apply small
expect 0 "rollback without a trial" kt rollback
unchanged "undone as well" "$fresh"

# --- what libpam does with a stack that does not load

printf 'session required pam_unix.so\n@include no-such-file\n' >/etc/pam.d/login
targets >"$fresh"
kt apply small >"$out" 2>"$err"
check "a stack that is broken already is not edited" grep -qx 'session required pam_unix.so' /etc/pam.d/login
has_not "by keeltune" pam_limits /etc/pam.d/login
finish
