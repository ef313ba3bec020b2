#!/bin/bash
# SPDX-License-Identifier: MIT
# A user with an account, and root in a hurry: where reports are written, who is in the way of a look at
# processes, what they are called, and the mistakes that must cost nothing. SECURITY.md names these tests.

# shellcheck disable=SC2016,SC2094,SC2154,SC2317 # code as text; on purpose; set by lib.sh; called by name
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

world=$SRCDIR/tests/integration/attack_world.py
known_host
fresh=$TMPDIR/fresh
targets >"$fresh"
user() {
	setpriv --reuid=64321 --regid=64321 --clear-groups "$@"
}
home=/home/kt-attacker
mkdir -p $home /tmp/shared
chown 64321:64321 $home
chmod 1777 /tmp/shared
echo victim >/etc/victim

# --- reports of root where others may write

user ln -s /etc/victim $home/link
user ln -s /etc $home/up
user ln -s nowhere $home/dangling
for path in link up/victim up/new dangling; do
	complains 2 "a link of a user, $path" "is not followed" kt audit small -q -o $home/$path
	complains 2 "a link of a user, $path, --also" "is not followed" kt audit small -q --also "json:$home/$path"
	complains 2 "a link of a user, $path, before apply" "nothing changed" kt apply small -o $home/$path
done
check "the files of root are as they were" test "$(cat /etc/victim)" = victim -a ! -e /etc/new
user touch /tmp/shared/report
user mkfifo /tmp/shared/pipe
complains 2 "a file that a user made before" "belongs to uid 64321" kt audit small -q -o /tmp/shared/report
complains 2 "a pipe that a user made before" "belongs to uid 64321" kt audit small -q -o /tmp/shared/pipe
check "he has nothing of it" test ! -s /tmp/shared/report
ln -s /etc/victim $home/of-root
expect 1 "a link of root is followed" kt audit small -o $home/of-root
echo victim >/etc/victim
unchanged "nothing was applied" "$fresh"

# Whoever changes a file to a link between two looks.
race=$home/race
user bash -c 'cd "$1" && while [ ! -e stop ]; do : >race; ln -sf /etc/victim other; mv -f other race; : >third; mv -f third race; done' - $home &
racer=$!
statuses=
for _ in $(seq 200); do
	kt audit time -q -o $race 2>/dev/null
	statuses+="$? "
done
touch $home/stop
wait $racer
check "a link that comes and goes: the file of root stays" test "$(cat /etc/victim)/$(stat -c %u /etc/victim)" = victim/0
check "both were met" test "$(tr ' ' '\n' <<<"$statuses" | grep . | sort -u | xargs)" = "1 2"

# Names of temporary files cannot be taken before.
user bash -c 'for pid in $(seq $(($$ + 1)) $(($$ + 3000))); do : >/tmp/shared/.guess.$pid.keeltune-new; done'
expect 1 "names that a user guessed" kt audit time -o /tmp/shared/guess

# --- onto what the report is about

kt audit small -f json >"$TMPDIR/one"
cp "$TMPDIR/one" "$TMPDIR/two"
mkdir "$TMPDIR/dir"
cp "$TMPDIR/one" "$TMPDIR/dir/one.json"
cp /etc/keeltune/profiles/small.conf "$TMPDIR/my.conf"
overwrites="would overwrite it"
complains 2 "fleet onto its input" "$overwrites" kt fleet "$TMPDIR/one" -f json -o "$TMPDIR/one"
complains 2 "fleet onto its standard input" "$overwrites" kt fleet - -f json -o "$TMPDIR/one" <"$TMPDIR/one"
complains 2 "fleet onto a file of its directory" "$overwrites" kt fleet "$TMPDIR/dir" --also "json:$TMPDIR/dir/one.json"
complains 2 "onto the profile" "$overwrites" kt audit "$TMPDIR/my.conf" -o "$TMPDIR/my.conf"
complains 2 "onto the profile that is checked" "$overwrites" kt profile check "$TMPDIR/my.conf" -o "$TMPDIR/my.conf"
complains 2 "onto a profile by name" "$overwrites" kt audit small -q -o /etc/keeltune/profiles/small.conf
complains 2 "onto the recording" "$overwrites" kt audit small -f html --recording "$TMPDIR/two" -o "$TMPDIR/two"
check "all are as they were" cmp "$TMPDIR/one" "$TMPDIR/two"
check "the profiles, too" cmp /etc/keeltune/profiles/small.conf "$TMPDIR/my.conf"
cp /etc/passwd "$TMPDIR/passwd"
for file in /etc/pam.d/login /etc/sysctl.conf; do
	complains 2 "audit onto $file" "$overwrites" kt audit small -q -o $file
	complains 2 "apply onto $file" "nothing applied: $file" kt apply small -o $file
done
for file in /etc/sysctl.d/99-zz-keeltune.conf /etc/security/limits.d/../limits.d/99-zz-keeltune.conf; do
	complains 2 "apply onto what it makes, ${file##*/}" "nothing applied: $file" kt apply small -f json -o $file
done
complains 2 "limits onto the accounts" "$overwrites" kt limits root -q -o /etc/passwd
check "the accounts are there" cmp /etc/passwd "$TMPDIR/passwd"
unchanged "and nothing was applied" "$fresh"
kt apply small >/dev/null
complains 2 "rollback onto what it removes" "nothing undone: /etc/sysctl.d" kt rollback -o /etc/sysctl.d/99-zz-keeltune.conf
complains 2 "rollback onto what it puts back" "nothing undone: /etc/pam.d/login" kt rollback -o /etc/pam.d/login
complains 2 "history onto a rollback file" "$overwrites" kt history -q -o "$state/$(newest)/manifest.json"
kt rollback >/dev/null
unchanged "undone" "$fresh"

# --- descriptors

# A number that is free now would be the lock's or the journal's by the time of the report.
for number in 3 4 5 6; do
	complains 2 "apply: a descriptor that is not open, $number" "Bad file descriptor" kt apply small -o /dev/fd/$number
done
unchanged "nothing is applied" "$fresh"
check "nothing is written to the lock" test ! -s /run/keeltune.lock
closed() { # CODE: its status; the audit has no standard descriptors, and room for few
	prlimit "--nofile=$1:$1" "$KEELTUNE" apply small <&- >&- 2>&-
}
rooms='0 1 2 3 4 5 6'
[ "$KEELTUNE_VARIANT" != asan ] || rooms='4 5 6' # with less the sanitizer looks for three for ever
for room in $rooms; do
	closed "$room"
	status=$?
	check "apply with room for $room descriptors and none open ends (status $status)" test $status -le 4 -o $status = 127
	kt rollback --all -q
	unchanged "room for $room: nothing is written to a wrong place" "$fresh"
done

# --- rights, locks

cp "$KEELTUNE" /usr/local/bin/kt-setuid
chmod 4755 /usr/local/bin/kt-setuid
complains 2 "set-user-ID" "set-user-ID" user /usr/local/bin/kt-setuid audit small
chmod 2755 /usr/local/bin/kt-setuid
chgrp daemon /usr/local/bin/kt-setuid
chmod 2755 /usr/local/bin/kt-setuid
# The sanitizer cannot look for leaks in such a process, and ends it with a status of its own.
[ "$KEELTUNE_VARIANT" = asan ] || complains 2 "set-group-ID" "set-group-ID" user /usr/local/bin/kt-setuid audit small
rm /usr/local/bin/kt-setuid

kt apply small >/dev/null && kt rollback >/dev/null
expect 1 "the lock cannot be opened by others" user cat /run/keeltune.lock
exec 9>>/run/keeltune.lock
flock 9
complains 2 "--root / is the live host: its lock" "another keeltune is at work" kt --root / apply --persistent --wait 0 small
mkdir /mnt/again 2>/dev/null
mount --bind / /mnt/again
complains 2 "and so is its other name" "another keeltune is at work" kt --root /mnt/again apply --persistent --wait 0 small
umount /mnt/again
exec 9>&-
expect 0 "--root / when it is free" kt --root / apply --persistent small
expect 0 "undone" kt --root / rollback
unchanged "as before" "$fresh"

# --- looking at processes of others

[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
if (exec 9<>/dev/fuse) 2>/dev/null; then
	mkdir /mnt/silent
	coproc SILENT { /usr/bin/python3 "$world" silent /mnt/silent; }
	read -r -t 20 -u "${SILENT[0]}" pid
	within() {
		timeout -s KILL 20 "$KEELTUNE" "$@"
	}
	expect 0 "a file system that does not answer: sockets" within sockets -f json
	json "its process is seen" ".processes[] | select(.pid == $pid) | .close_wait == 1"
	expect 0 "sockets --pid" within sockets --pid "$pid"
	expect 0 "sockets relieve" within sockets relieve --pid "$pid" --keepalive 300:15:3
	expect 0 "and back" within rollback
	within audit --live small >"$out" 2>"$err"
	check "audit --live" test $? -le 2
	eval "exec ${SILENT[1]}>&-"
	wait "$SILENT_PID" 2>/dev/null
else
	skip "a file system that does not answer" "this kernel has no FUSE"
fi

# --- what processes are called

coproc NAMES { /usr/bin/python3 "$world" names; }
read -r -t 20 -u "${NAMES[0]}" -a pids
check "ten processes with names of their own" test ${#pids[@]} = 10
control=$'[\x01-\x08\x0b-\x1f\x7f]'
for format in text json html junit tap prometheus nagios; do
	kt sockets -v -f $format >"$TMPDIR/said" 2>&1
	check "$format: no control character gets through" test -z "$(LC_ALL=C grep -a "$control" "$TMPDIR/said")"
	check "$format: UTF-8" iconv -f UTF-8 -t UTF-8 "$TMPDIR/said"
	[ $format = json ] || has_not "$format: nor one that turns the text round" $'\u202e' "$TMPDIR/said"
done
kt sockets -v -f html >"$TMPDIR/said"
has_not "html: no tag gets through" "<b>x" "$TMPDIR/said"
kt sockets -f prometheus >"$TMPDIR/said"
has_not "prometheus: no sample is forged" 'x{y=' "$TMPDIR/said"
kt sockets -f tap >"$TMPDIR/said"
check "tap: no directive is forged" test -z "$(grep -E '(^|[^\\])# SKIP ok' "$TMPDIR/said")"
kt sockets --watch=1 --samples 1 >"$TMPDIR/said"
check "--watch: no control character" test -z "$(LC_ALL=C grep -a "$control" "$TMPDIR/said")"
kt sockets relieve --pid "${pids[0]}" --nofile 2000 -n >"$TMPDIR/said" 2>&1
check "relieve: no control character" test -z "$(LC_ALL=C grep -a "$control" "$TMPDIR/said")"
eval "exec ${NAMES[1]}>&-"
wait "$NAMES_PID" 2>/dev/null

# --- root in a hurry: profiles that would lock everybody out

lockout() { # NAME, profile from standard input
	profile bad
	kt apply bad >"$out" 2>"$err"
	status=$?
	check "$1: refused (status $status)" test $status = 2
	unchanged "$1: nothing changed" "$fresh"
}
lockout "nofile 0" <<<'limits "*" { item "nofile" { soft = 0 hard = 0 } }'
lockout "nofile 2" <<<'limits "*" { item "nofile" { soft = 2 hard = 2 } }'
lockout "nproc 0 for root" <<<'limits "root" { item "nproc" { soft = 0 hard = 0 } }'
lockout "no login at all" <<<'limits "*" { item "maxlogins" { hard = 0 } }'
lockout "fs.file-max 1" <<<'sysctl "fs.file-max" { value = 1 }'
lockout "fs.nr_open 1024" <<<'sysctl "fs.nr_open" { value = 1024 }'
lockout "a nofile that fs.nr_open does not allow" <<<'limits "*" { item "nofile" { soft = 4096 hard = 99999999 } }'
lockout "keepalive of 0 seconds" <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 0 }'
lockout "a number beyond all" <<<'sysctl "fs.file-max" { value = 99999999999999999999999 }'
lockout "a value with a unit" <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 30m }'
lockout "a key that is mistyped" <<<'sysctl "net.ipv4.tcp_keepalive_tiem" { value = 30 }'
for words in "--root= apply small" "apply --root" "rollback small" "rollback ../../etc" "apply /etc/keeltune/profiles" "apply nosuch" "aply small" "apply --forse small" "sockets relieve --nofile 70000" "sockets relieve --pid 0 --nofile 70000" "sockets relieve --pid 1 --nofile 1"; do
	# shellcheck disable=SC2086 # words of a command line
	expect 2 "keeltune $words" kt $words
done
unchanged "mistakes on the command line change nothing" "$fresh"

# Swap files and backups of an editor decide nothing and are not touched.
for name in .99-zz-keeltune.conf.swp 99-zz-keeltune.conf~ 4913; do
	echo 'fs.file-max = 1' >/etc/sysctl.d/$name
done
expect 0 "apply beside an editor" kt apply small
expect 0 "and rollback" kt rollback
check "its files stay" test "$(cat /etc/sysctl.d/4913 /etc/sysctl.d/*~ /etc/sysctl.d/.*.swp | sort -u)" = "fs.file-max = 1"
rm /etc/sysctl.d/4913 /etc/sysctl.d/*~ /etc/sysctl.d/.*.swp

# /etc in version control, as etckeeper has it, or somewhere else behind a link.
mv /etc/sysctl.d /home/sysctl.d && ln -s /home/sysctl.d /etc/sysctl.d
kt apply small >"$out" 2>"$err"
check "a directory behind a link of root (status $?): all or nothing" test $? -le 2
kt rollback --all -q
rm -f /etc/sysctl.d && mv /home/sysctl.d /etc/sysctl.d
unchanged "and back" "$fresh"
finish
