#!/bin/bash
# SPDX-License-Identifier: MIT
# apply and rollback on the real kernel: what they write, that twice is once, and the way back.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "want $2, got $3"; fi
}

fresh=$TMPDIR/fresh
start() {
	known_host
	targets >"$fresh"
}

# --- apply and back

start
setfattr -n user.note -v kept /etc/pam.d/login
targets >"$fresh"
expect 1 "the audit of a host that differs" kt audit small
expect 1 "the diff of a host that differs" kt diff small
unchanged "audit and diff change nothing" "$fresh"
prints 0 "apply makes the host comply" "small applied: " kt apply small
equal "the kernel has the new values" "1800 15 3" "$(keys)"
expect 0 "the audit agrees" kt audit small
expect 0 "nothing is left to change" kt diff small
cp /etc/sysctl.d/99-zz-keeltune.conf "$TMPDIR/drop-in"
has "the drop-in sets the time" "net.ipv4.tcp_keepalive_time = 1800" "$TMPDIR/drop-in"
has "the drop-in sets the probes" "net.ipv4.tcp_keepalive_probes = 3" "$TMPDIR/drop-in"
equal "drop-ins are root's" "644 0:0 644 0:0" "$(stat -c '%a %u:%g' /etc/sysctl.d/99-zz-keeltune.conf \
	/etc/security/limits.d/99-zz-keeltune.conf | xargs)"
has "the limits drop-in raises the soft limit" "4096" /etc/security/limits.d/99-zz-keeltune.conf
equal "one PAM line was added" "session required pam_limits.so" \
	"$(diff <(sed -n 1,3p /etc/pam.d/login) /etc/pam.d/login | sed -n 's/^> *//p' | tr -s ' \t' ' ')"
equal "the PAM file keeps mode and owner" "604 root:daemon" "$(stat -c '%a %U:%G' /etc/pam.d/login)"
equal "the PAM file keeps its attributes" kept "$(getfattr --absolute-names --only-values -n user.note /etc/pam.d/login)"
prints 0 "the history has it" "$(newest)  applied" kt history
prints 0 "rollback undoes it" "undone: $(newest)" kt rollback
unchanged "the host is as before" "$fresh"
prints 0 "a second rollback finds nothing" "nothing to undo" kt rollback
prints 0 "the history says so" "rolled-back" kt history
unchanged "and changes nothing" "$fresh"

# --- another name for the file

start
ln /etc/pam.d/login /etc/pam.d.login
prints 0 "a hard link is told" "/etc/pam.d/login: has 2 names (hard links)" kt apply small
has_not "it keeps the old content" pam_limits /etc/pam.d.login
rm /etc/pam.d.login
kt rollback >/dev/null
unchanged "rollback restores the one" "$fresh"

# --- access lists

start
if setfacl -m u:daemon:r /etc/pam.d/login 2>/dev/null; then
	getfacl -pcn /etc/pam.d/login >"$TMPDIR/acl"
	targets >"$fresh"
	expect 0 "apply to a file with an access list" kt apply small
	same "the access list stays" "$TMPDIR/acl" <(getfacl -pcn /etc/pam.d/login)
	setfacl -d -m u:daemon:rw /etc/pam.d
	expect 0 "rollback, now with a default one" kt rollback
	setfacl -k /etc/pam.d
	unchanged "gives the same file" "$fresh"
fi

# --- twice is once

start
expect 0 "the first apply" kt apply small
stamps >"$TMPDIR/stamps"
prints 0 "the second apply" "nothing to change" kt apply small
stamps >"$TMPDIR/stamps.after"
same "the second apply touches nothing" "$TMPDIR/stamps" "$TMPDIR/stamps.after"
equal "one rollback file" 1 "$(find "$state" -mindepth 1 -maxdepth 1 | wc -l)"
expect 0 "the rollback after it" kt rollback
unchanged "one rollback undoes both" "$fresh"

# --- the planes

start
expect 0 "apply --runtime" kt apply --runtime small
equal "--runtime sets the kernel" "1800 15 3" "$(keys)"
sed 1d "$fresh" >"$TMPDIR/files"
targets | sed 1d >"$TMPDIR/files.after"
same "--runtime writes no file" "$TMPDIR/files" "$TMPDIR/files.after"
expect 1 "the other plane still differs" kt audit --persistent small
expect 0 "this plane complies" kt audit --runtime small
expect 0 "rollback of --runtime" kt rollback
unchanged "as before --runtime" "$fresh"
expect 0 "apply --persistent" kt apply --persistent small
equal "--persistent leaves the kernel" "7200 75 9" "$(keys)"
expect 0 "its plane complies" kt audit --persistent small
expect 1 "the running values differ" kt audit --runtime small
expect 0 "rollback of --persistent" kt rollback
unchanged "as before --persistent" "$fresh"

profile relief <<-'PROFILE'
	sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 scope = "runtime" }
PROFILE
expect 0 "a profile for running values" kt apply relief
equal "it sets them" "600 75 9" "$(keys)"
targets | sed 1d >"$TMPDIR/files.after"
same "it writes no file" "$TMPDIR/files" "$TMPDIR/files.after"
expect 0 "it complies" kt audit relief
expect 0 "its rollback" kt rollback
unchanged "as before it" "$fresh"

# --- several profiles, one after the other and together

start
expect 0 "two profiles together" kt apply small time
equal "the narrower range decides" "600 15 3" "$(keys)"
prints 0 "both are named" "small+time" kt history
expect 0 "time is one of them" kt audit time
expect 0 "rollback of both" kt rollback
unchanged "as before both" "$fresh"

expect 0 "first small" kt apply small
targets >"$TMPDIR/small"
prints 1 "the diff to time alone" "tcp_keepalive_intvl: 15 -> 75" kt diff time
expect 0 "then time: what it does not name is released" kt apply time
equal "running values are put back" "600 75 9" "$(keys)"
has_not "the drop-in lost its line" tcp_keepalive_intvl /etc/sysctl.d/99-zz-keeltune.conf
check "the limits drop-in is gone" test ! -e /etc/security/limits.d/99-zz-keeltune.conf
check "the PAM file is as before" grep -qx 'session required pam_unix.so' /etc/pam.d/login
has_not "the PAM line is gone" pam_limits /etc/pam.d/login
expect 0 "back to small" kt rollback
unchanged "small again" "$TMPDIR/small"
expect 0 "back to the start" kt rollback
unchanged "the start again" "$fresh"

expect 0 "small once more" kt apply small
expect 0 "a runtime-only apply" kt apply --runtime time
equal "releases nothing" "600 15 3" "$(keys)"
check "no file either" test -e /etc/security/limits.d/99-zz-keeltune.conf
expect 0 "undo the one" kt rollback
expect 0 "undo the other" kt rollback
unchanged "the start once more" "$fresh"

# --- rollback by id

expect 0 "apply for an id" kt apply small
id=$(newest)
prints 0 "the report names the id" "$id" kt history
expect 0 "rollback by id" kt rollback "$id"
unchanged "undone by id" "$fresh"
prints 0 "the same id again" "nothing to undo" kt rollback "$id"
complains 2 "an id that is not" "no rollback file 20000101T000000Z-x-000000" kt rollback 20000101T000000Z-x-000000
expect 2 "two ids" kt rollback a b

# --- rollback --dry-run

expect 0 "apply before a dry rollback" kt apply small
targets >"$TMPDIR/small"
stamps >"$TMPDIR/stamps"
prints 0 "rollback --dry-run shows the values" "tcp_keepalive_time: 1800 -> 7200" kt rollback --dry-run
has "and the files" "-session" "$out"
stamps >"$TMPDIR/stamps.after"
same "and touches nothing" "$TMPDIR/stamps" "$TMPDIR/stamps.after"
(cd / && sed -n '/^--- /,$p' "$out" | sed '/^sysctl /d' | patch -p1 --dry-run -s) >"$TMPDIR/patch" 2>&1
contains "its diff can be applied" "" "$TMPDIR/patch"
expect 0 "and then really" kt rollback
unchanged "undone" "$fresh"

# --- the diff is a patch, and apply writes exactly its bytes

kt diff small >"$TMPDIR/diff"
cp -a /etc "$TMPDIR/etc-patched"
mkdir -p "$TMPDIR/patched" && mv "$TMPDIR/etc-patched" "$TMPDIR/patched/etc"
sed -n '/^--- /,$p' "$TMPDIR/diff" | (cd "$TMPDIR/patched" && patch -p1 -s) >"$TMPDIR/patch" 2>&1
contains "the diff is a patch" "" "$TMPDIR/patch"
expect 0 "apply after patch" kt apply small
check "apply wrote what the diff showed" diff -r "$TMPDIR/patched/etc/sysctl.d" /etc/sysctl.d
check "limits too" diff -r "$TMPDIR/patched/etc/security" /etc/security
check "PAM too" diff -r "$TMPDIR/patched/etc/pam.d" /etc/pam.d
rm -rf "$TMPDIR/patched"
expect 0 "rollback after patch" kt rollback

# --- missing directories, other directories' files

start
rm -rf /etc/sysctl.d /etc/security/limits.d
targets >"$fresh" 2>/dev/null
expect 0 "apply makes the directories it needs" kt apply small
equal "directories are open to all" "755 755" "$(stat -c %a /etc/sysctl.d /etc/security/limits.d | xargs)"
expect 0 "rollback removes them" kt rollback
check "no sysctl.d" test ! -e /etc/sysctl.d
check "no limits.d" test ! -e /etc/security/limits.d

start
expect 0 "apply once more" kt apply small
id=$(newest)
(cd / && cp -a "$state/$id/files/." /)
check "an admin restores with cp what was changed" cmp /etc/pam.d/login "$state/$id/files/etc/pam.d/login"
equal "with its mode and owner" "604 root:daemon" "$(stat -c '%a %U:%G' /etc/pam.d/login)"
equal "the rollback directory is root's alone" "700 700 600" \
	"$(stat -c %a "$state" "$state/$id" "$state/$id/manifest.json" | xargs)"

# --- umask, and who did it

start
expect 0 "apply under umask 077" bash -c "umask 077; exec '$KEELTUNE' apply --comment 'ticket 7: \"quoted\"' small"
equal "files can be read all the same" "644 644" \
	"$(stat -c %a /etc/sysctl.d/99-zz-keeltune.conf /etc/security/limits.d/99-zz-keeltune.conf | xargs)"
prints 0 "the history has the comment" 'ticket 7: "quoted"' kt history
expect 0 "as JSON" kt history -f json
json "who, what and why" ".entries[0].by | .comment == \"ticket 7: \\\"quoted\\\"\" and .uid == 0 and
	(.command | test(\"apply --comment\"))"
expect 0 "rollback at last" kt rollback

# --- fs.file-max: systemd sets 2^63-1 before sysctl.d is read

start
profile files <<-'PROFILE'
	sysctl "fs.file-max" { value = 70000 at_least = 65536 }
PROFILE
echo 65000 >/proc/sys/fs/file-max
expect 0 "a file-max that is too small" kt apply files
equal "is raised" 70000 "$(cat /proc/sys/fs/file-max)"
expect 0 "and put back" kt rollback
equal "to what it was" 65000 "$(cat /proc/sys/fs/file-max)"
profile fewer <<-'PROFILE'
	sysctl "fs.file-max" { value = 70000 at_least = 65536 at_most = 100000 }
PROFILE
echo 9223372036854775807 >/proc/sys/fs/file-max
prints 0 "a reduction is said to be one" "reduc" kt apply fewer
equal "and made" 70000 "$(cat /proc/sys/fs/file-max)"
expect 0 "and undone" kt rollback
equal "to the largest number" 9223372036854775807 "$(cat /proc/sys/fs/file-max)"
finish
