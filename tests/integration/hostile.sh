#!/bin/bash
# SPDX-License-Identifier: MIT
# What others may have prepared: forged rollback files, damaged copies, links, odd names, two programs at
# once.

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
edited=$TMPDIR/edited
known_host
targets >"$fresh"
kt apply small >/dev/null
targets >"$new"
kt rollback >/dev/null

applied() {
	known_host
	kt apply small >/dev/null
	id=$(newest)
	manifest=$state/$id/manifest.json
}

# forged NAME JQ-PROGRAM TEXT: the manifest is changed; it is not believed, and history says why.
forged() {
	applied
	jq "$2" "$manifest" >"$TMPDIR/manifest"
	cat "$TMPDIR/manifest" >"$manifest"
	cp /etc/shadow "$TMPDIR/shadow"
	targets >"$edited"
	expect 2 "$1: rollback by id" kt rollback "$id"
	kt rollback >"$out" 2>"$err"
	unchanged "$1: nothing is touched" "$edited"
	check "$1: nothing else either" cmp /etc/shadow "$TMPDIR/shadow"
	prints 0 "$1: history" "$3" kt history
	expect 0 "$1: history as JSON" kt history -f json
	json "$1: it is no entry, but a note" ".entries == [] and (.notes[] | select(.file == \"$manifest\"))"
	expect 0 "$1: audit is not disturbed" kt audit small
}

# --- forged manifests

sha=$(printf x | sha256sum | cut -d' ' -f1)
forged "a path outside the targets" '.changes[0] |= (.kind = "file" | .path = "/etc/shadow" |
	.before = {sha256: "'"$sha"'", mode: "0644", uid: 0, gid: 0, xattrs: {}} | .after = null)' "change 1 is not one"
forged "a path that climbs" '.changes[1].path = "/proc/sys/../sysrq-trigger"' "change 2 is not one"
forged "a path below a target" '.changes[-1].path = "/etc/pam.d/../cron.d/x"' "is not one that keeltune makes"
forged "a setuid file" '(.changes[] | select(.path == "/etc/pam.d/login") | .before.mode) = "4755"' "is not one"
forged "a directory" '.directories = ["/root"]' "directory"
forged "another format" '.format = 2' "format"
forged "another id" '.id = "20200101T000000Z-x-000000"' "id"
forged "a state that is none" '.state = "done"' "state"
forged "no changes" 'del(.changes)' "changes"
forged "an unknown kind" '.changes[0].kind = "link"' "change 1 is not one"

# not even JSON
for text in '' '{' '[]' 'null' '{"format": 1, "format": 1}' '{"a": "'"$(printf '\001')"'"}'; do
	applied
	printf '%s' "$text" >"$manifest"
	targets >"$edited"
	kt rollback >"$out" 2>"$err"
	unchanged "a manifest that reads '$text'" "$edited"
	prints 0 "is named" "manifest.json" kt history
done
applied
head -c 300 "$manifest" >"$TMPDIR/manifest" && cat "$TMPDIR/manifest" >"$manifest"
expect 2 "a manifest that was cut" kt rollback "$id"
unchanged "is not used" "$new"
applied
truncate -s 20M "$manifest"
expect 2 "a manifest of 20 MB" kt rollback "$id"
unchanged "is not used" "$new"
applied
perl -e 'print "[" x 100000' >"$manifest" 2>/dev/null || printf '[%.0s' $(seq 100000) >"$manifest"
expect 2 "a manifest of 100000 brackets" kt rollback "$id"
unchanged "is not used" "$new"

# a broken newest one: the older is not undone instead, without a word
applied
kt apply time >/dev/null
targets >"$edited"
echo '{' >"$state/$(newest)/manifest.json"
kt rollback >"$out" 2>"$err"
cat "$out" "$err" >"$TMPDIR/said"
has "a broken newest rollback file is named by rollback" "manifest.json" "$TMPDIR/said"

# --- damaged copies

applied
sed -i 's/pam_unix.so/pam_unixx.so/' "$state/$id/files/etc/pam.d/login"
complains 2 "a copy that was changed" "files/etc/pam.d/login is missing or was changed" kt rollback
unchanged "nothing is undone" "$new"
rm "$state/$id/files/etc/pam.d/login"
complains 2 "a copy that is gone" "files/etc/pam.d/login is missing or was changed" kt rollback
unchanged "nothing is undone then" "$new"
expect 2 "not by force either" kt rollback --force
expect 0 "an apply that does not need it" kt apply small
expect 0 "one that would release it" kt apply time
has "says what it cannot put back" "/etc/pam.d/login" "$out"
check "and leaves it" grep -q pam_limits /etc/pam.d/login

# a copy that became a link to a secret
applied
ln -sf /etc/shadow "$state/$id/files/etc/pam.d/login"
expect 2 "a copy that is a link" kt rollback
unchanged "is not followed into /etc/pam.d" "$new"

# --- links under way

applied
rm -rf /etc/security/limits.d
mkdir /home/limits && ln -s /home/limits /etc/security/limits.d
targets >"$edited"
kt rollback >"$out" 2>"$err"
check "a directory that became a link: what lies there stays" test -z "$(ls -A /home/limits)"
rm /etc/security/limits.d && rmdir /home/limits && mkdir /etc/security/limits.d

known_host
echo untouched >/home/victim
ln -s /home/victim /etc/sysctl.d/.99-zz-keeltune.conf.keeltune-new
ln -sf /home/victim /run/keeltune.lock
expect 2 "the lock is a link" kt apply small
rm /run/keeltune.lock
expect 0 "a link where the temporary file goes" kt apply small
check "nothing is written through either" grep -qx untouched /home/victim
check "the link is gone" test ! -L /etc/sysctl.d/.99-zz-keeltune.conf.keeltune-new
kt rollback >/dev/null
rm -f /home/victim

# --- two at once

known_host
for i in 1 2 3 4; do
	kt apply small >"$TMPDIR/apply.$i" 2>&1 &
	pids[i]=$!
done
bad=
for i in 1 2 3 4; do
	wait "${pids[i]}" || bad+=" $i: $? $(cat "$TMPDIR/apply.$i")"
done
check "four applies at once all succeed${bad:+:$bad}" test -z "$bad"
unchanged "and the host is as after one" "$new"
check "one of them did it" test "$(find "$state" -mindepth 1 -maxdepth 1 | wc -l)" = 1
expect 0 "one rollback" kt rollback
unchanged "undoes it" "$fresh"

known_host
for i in 1 2 3 4 5 6; do
	names=(small time)
	kt apply "${names[i % 2]}" >"$TMPDIR/apply.$i" 2>&1 &
	pids[i]=$!
done
for i in 1 2 3 4 5 6; do
	wait "${pids[i]}"
done
kt audit small >/dev/null || kt audit time >/dev/null
check "two profiles in turn leave one of them" test $? = 0
check "and nothing interrupted" test "$(kt history -f json | jq .interrupted)" = null
while kt rollback | grep -q "^undone"; do :; done
unchanged "undone in turn" "$fresh"

exec 9>>/run/keeltune.lock
flock 9
complains 2 "somebody else holds the lock" "another keeltune is at work" kt apply --wait 0 small
unchanged "nothing is applied" "$fresh"
complains 2 "rollback waits as well" "gave up after 1 s" kt rollback --wait 1
expect 1 "audit does not" kt audit small
expect 1 "diff does not" kt diff small
(sleep 1; exec 9>&-) &
exec 9>&-
expect 0 "when it is free again, apply goes on" kt apply --wait 10 small
kt rollback >/dev/null

# --- names and values that a terminal would obey

known_host
profile esc <<-PROFILE
	description = "$(printf '\033]0;owned\007')"
	sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 reason = "$(printf 'red \033[31m')" }
PROFILE
bell=$(printf '\033')
for command in "profile list" "profile show esc" "audit -v esc" "diff esc"; do
	# shellcheck disable=SC2086
	kt $command >"$out" 2>&1
	has_not "$command shows no escape sequence" "$bell" "$out"
done
kt apply --comment "$(printf 'a\033[2Jb\nc')" time >/dev/null
kt history >"$out" 2>&1
has_not "nor does a comment" "$bell" "$out"
kt history -f json >"$out"
json "JSON has it as it is" '.entries[0].by.comment == "a\u001b[2Jb\nc"'
kt rollback >/dev/null
complains 2 "an unknown word" 'a\x1b[31m' kt "$(printf 'a\033[31m')"
complains 2 "an unknown profile" 'a\x1b[31m' kt audit "$(printf 'a\033[31m')"

# --- a comment that is not UTF-8

known_host
expect 0 "apply with a comment in Latin-1" kt apply --comment "$(printf 'gr\xfc\xdfe')" small
expect 0 "history as JSON" kt history -f json
json "is valid" '.entries[0].state == "applied"'
expect 0 "rollback" kt rollback
unchanged "undone" "$fresh"
finish
