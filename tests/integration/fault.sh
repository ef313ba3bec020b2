#!/bin/bash
# SPDX-License-Identifier: MIT
# What is said when a system call fails in the middle of an apply; a full disk, an output that cannot be
# written. Every failure ends with 2 or 3 and the host as it was, or with 4 and a way back; tests/fault
# has each call of each command.

# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
new=$TMPDIR/new
known_host
targets >"$fresh"
kt apply small >/dev/null
targets >"$new"
kt rollback >/dev/null

# --- the statuses, one by one

inject() {
	timeout 60 strace -qq -o /dev/null -e "trace=${1%%:*}" -e "inject=$1" "$KEELTUNE" "${@:2}"
}
if [ "$KEELTUNE_VARIANT" != asan ]; then
	known_host
	complains 2 "no room for the rollback file" "cannot write the rollback file" inject fsync:error=ENOSPC:when=1 apply small
	unchanged "nothing is changed" "$fresh"
	check "no rollback file is left" test -z "$(find "$state" -mindepth 1 2>/dev/null)"
	last=$(kt apply small >/dev/null && kt rollback >/dev/null && rm -rf "$state" &&
		traced trace=renameat,renameat2 "$KEELTUNE" apply small >/dev/null && grep -c "renameat(" "$trace")
	swaps=$(grep -c "renameat2(" "$trace")
	kt rollback >/dev/null
	rm -rf "$state"
	complains 3 "the PAM file cannot be renamed" "everything was put back" inject "renameat2:error=EIO:when=$swaps" apply small
	unchanged "everything is put back" "$fresh"
	prints 0 "the history has it" "rolled-back" kt history
	complains 0 "no apply counts as interrupted" "" kt history
	known_host
	complains 4 "nothing can be renamed any more" "could not be put back" inject "renameat2:error=EIO:when=$swaps+" apply small
	has "the rollback file is named" "$state/$(kt -q history -f json -o "$TMPDIR/history" && jq -r .interrupted "$TMPDIR/history")" "$err"
	expect 0 "which undoes it later" kt rollback
	unchanged "wholly" "$fresh"
	known_host
	complains 3 "the end cannot be recorded" "put back" inject "renameat:error=ENOSPC:when=$last" apply small
	unchanged "then it is no apply" "$fresh"
	complains 0 "and not an interrupted one" "" kt history
fi

# --- a kernel that does not take a value

known_host
mount -t tmpfs ro /mnt
echo 75 >/mnt/intvl
mount --bind /mnt/intvl /proc/sys/net/ipv4/tcp_keepalive_intvl
mount -o remount,bind,ro /proc/sys/net/ipv4/tcp_keepalive_intvl
complains 3 "a kernel value that cannot be written" "tcp_keepalive_intvl" kt apply small
unchanged "the others are put back" "$fresh"
complains 0 "nothing is interrupted" "" kt history
umount /proc/sys/net/ipv4/tcp_keepalive_intvl
known_host
expect 0 "apply works again" kt apply small
expect 0 "rollback, too" kt rollback

# --- a kernel that takes another value than it was given

# Milliseconds are kept in ticks: where a tick is longer, 1001 becomes something else.
key=/proc/sys/net/ipv4/neigh/lo/base_reachable_time_ms
before=$(cat $key 2>/dev/null)
if echo 1001 >$key && [ "$(cat $key)" != 1001 ] && echo "$before" >$key; then
	profile ticks <<<'sysctl "net.ipv4.neigh.lo.base_reachable_time_ms" { value = 1001 }'
	complains 3 "a value that the kernel rounds" "the kernel kept another value" kt apply --runtime ticks
	check "is put back" grep -qx "$before" $key
fi

# --- a full disk

known_host
mkdir -p /var/lib/keeltune
mount -t tmpfs -o size=4k,mode=755 tiny /var/lib/keeltune
complains 2 "no room in /var/lib" "too little space on the file system of /var/lib/keeltune" kt apply small
unchanged "nothing is changed" "$fresh"
check "nothing is left there" test -z "$(find /var/lib/keeltune -mindepth 2)"
mount -o remount,size=8k /var/lib/keeltune
complains 2 "room for a beginning, but not for an end" "too little space on the file system of /var/lib/keeltune" kt apply small
unchanged "then nothing is begun" "$fresh"
check "and nothing is left there, too" test -z "$(find /var/lib/keeltune -mindepth 2)"
mount -o remount,size=1m /var/lib/keeltune
expect 0 "with more room apply works" kt apply small
unchanged "as if nothing had been" "$new"
expect 0 "and rollback" kt rollback
unchanged "back to the start" "$fresh"
umount /var/lib/keeltune
known_host
mkdir -p /var/lib/keeltune
mount -t tmpfs -o nr_inodes=4 tiny /var/lib/keeltune
complains 2 "no inodes in /var/lib" "too few inodes on the file system of /var/lib/keeltune" kt apply small
unchanged "nothing is changed" "$fresh"
umount /var/lib/keeltune
known_host
mount -t tmpfs -o size=4k,nr_inodes=1 tiny /etc/security/limits.d
targets >"$TMPDIR/full"
complains 2 "no room for a drop-in" "nothing applied: too few inodes on the file system of /etc/security/limits.d" kt apply small
unchanged "nothing is changed" "$TMPDIR/full"
umount /etc/security/limits.d

# --- outputs that cannot be written

to_full() {
	"$@" >/dev/full
}
to_closed() {
	"$@" >&-
}
all_closed() {
	"$@" <&- >&- 2>&-
}
known_host
for command in "audit small" "diff small" history "profile list"; do
	# shellcheck disable=SC2086 # words of a command line
	complains 2 "$command -o /dev/full" "/dev/full: No space left on device" kt $command -o /dev/full
	# shellcheck disable=SC2086
	complains 2 "$command to a full disk" "standard output: No space left on device" \
		to_full kt $command
	# shellcheck disable=SC2086
	complains 2 "$command with standard output closed" "standard output: " \
		to_closed kt $command
	# shellcheck disable=SC2086
	complains 2 "$command -o in a directory that is not there" "No such file or directory" kt $command -o /none/x
done
unchanged "none of them changes anything" "$fresh"
expect 2 "--help to a full disk" to_full kt --help
expect 2 "--version to a full disk" to_full kt --version
complains 0 "apply to a full disk is applied all the same" "standard output: No space left on device" \
	to_full kt apply small
unchanged "really" "$new"
complains 0 "rollback, too" "standard output: " to_closed kt rollback
unchanged "undone" "$fresh"
expect 1 "all descriptors closed" all_closed "$KEELTUNE" -q audit small
unchanged "that changes nothing either" "$fresh"

# --- outputs that can

expect 1 "-o writes a file" kt audit small -f json -o "$TMPDIR/report"
cp "$TMPDIR/report" "$out"
json "which is whole" '.schema == "keeltune/audit/1" and .exit == 1'
expect 1 "-q -o writes it, too" kt -q audit small -o "$TMPDIR/report"
has "as text" "verdict: " "$TMPDIR/report"
echo old >"$TMPDIR/report"
expect 2 "a report of trouble replaces it" kt audit absent -f json -o "$TMPDIR/report"
cp "$TMPDIR/report" "$out"
json "and says so" '.result == "trouble" and .exit == 2 and (.error | length > 5)'
kt audit small -o /dev/stdout >"$TMPDIR/stdout"
has "-o /dev/stdout into a file" "verdict: " "$TMPDIR/stdout"
check "leaves /dev/stdout alone" test "$(readlink /dev/stdout)" = fd/1
kt audit small -o /dev/stdout | cat >"$TMPDIR/stdout"
has "-o /dev/stdout into a pipe" "verdict: " "$TMPDIR/stdout"
kt audit small 2>"$err" | :
contains "a reader that goes away is no news" "" "$err"
finish
