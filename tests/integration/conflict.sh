#!/bin/bash
# SPDX-License-Identifier: MIT
# What somebody changed after keeltune is never overwritten silently: rollback, release, and a reboot.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
edited=$TMPDIR/edited
drop_in=/etc/sysctl.d/99-zz-keeltune.conf

# Starts afresh with the profile applied.
applied() {
	known_host
	targets >"$fresh"
	expect 0 "$1: applied" kt apply small
}

# conflict NAME TEXT...: rollback names what was changed and touches nothing; --force does.
conflict() {
	local name=$1 text
	shift
	targets >"$edited"
	expect 1 "$name" kt rollback
	cp "$out" "$TMPDIR/said"
	for text; do
		has "$name: \"$text\" is said" "$text" "$TMPDIR/said"
	done
	unchanged "$name: nothing is touched" "$edited"
	expect 1 "$name: a dry run says the same" kt rollback --dry-run
	same "$name: word for word" <(grep '^changed' "$TMPDIR/said") <(grep '^changed' "$out")
	expect 1 "$name: as JSON" kt rollback -f json
	json "$name: recorded and found" '.exit == 1 and .result == "differs" and .rolled_back == null and
		(.conflicts | length == 1) and (.conflicts[0] | has("id") and has("recorded") and has("found"))'
	prints 0 "$name: it still holds" "applied" kt history
	expect 0 "$name: --force" kt rollback --force
	unchanged "$name: is forced back" "$fresh"
}

# --- running values

applied "a running value"
echo 1234 >/proc/sys/net/ipv4/tcp_keepalive_time
conflict "a running value that was changed" tcp_keepalive_time 1800 1234
expect 0 "nothing is left to undo" kt rollback

applied "found and recorded"
echo 1234 >/proc/sys/net/ipv4/tcp_keepalive_time
expect 1 "a conflict as JSON" kt rollback -f json
json "has both values" '.conflicts[0] | .id == "sysctl:net.ipv4.tcp_keepalive_time" and .recorded == 1800 and .found == 1234'

# --- files

applied "a drop-in"
echo "net.ipv4.tcp_fin_timeout = 30" >>$drop_in
left=$(head -n -1 "$drop_in" | sha256sum | cut -c1-12)
conflict "a drop-in that was changed" "$drop_in" "$(sha256sum <$drop_in | cut -c1-12)" "$left"
applied "a drop-in"
rm $drop_in
conflict "a drop-in that was removed" "$drop_in" "gone"
applied "limits"
: >/etc/security/limits.d/99-zz-keeltune.conf
conflict "a limits drop-in that was emptied" /etc/security/limits.d/99-zz-keeltune.conf
applied "PAM"
sed -i 's/pam_unix.so/pam_unix.so debug/' /etc/pam.d/login
conflict "a PAM file that was changed" /etc/pam.d/login
applied "a link"
cp $drop_in /etc/mine && ln -sf /etc/mine $drop_in
conflict "a drop-in that became a link" "$drop_in" "a link to /etc/mine"
rm /etc/mine

applied "mode"
chmod 600 /etc/pam.d/login
expect 1 "another mode is a conflict" kt rollback
has "both are said" "0600 0:1, keeltune had left 0604 0:1" <(tr -s '\n ' ' ' <"$out")
expect 0 "another mode, --force" kt rollback --force
unchanged "and is put back" "$fresh"

applied "attributes"
setfattr -n user.note -v new /etc/pam.d/login
conflict "a file with other attributes" /etc/pam.d/login "extended attributes"

applied "a read-only file system"
targets >"$edited"
mount -o remount,ro /etc
complains 2 "a read-only file system" "nothing undone" kt rollback
mount -o remount,rw /etc
unchanged "a read-only file system: nothing is touched" "$edited"
check "nor is it recorded as begun" grep -q '"state": "applied"' "$state/$(newest)/manifest.json"
expect 0 "later it is undone" kt rollback
unchanged "to the beginning" "$fresh"

applied "no regular file"
rm "$drop_in" && mkfifo "$drop_in"
complains 2 "a pipe in the place of a file" "no regular file" kt rollback
rm "$drop_in"

applied "blanks"
printf '1800 \n' >/proc/sys/net/ipv4/tcp_keepalive_time
expect 0 "the same value is no conflict" kt rollback
unchanged "put back" "$fresh"

# --- what apply does then

applied "apply again"
echo 1234 >/proc/sys/net/ipv4/tcp_keepalive_time
expect 0 "an accepted value of somebody else stays" kt apply small
check "as it is" grep -qx 1234 /proc/sys/net/ipv4/tcp_keepalive_time
echo 7100 >/proc/sys/net/ipv4/tcp_keepalive_time
expect 0 "one that is not accepted is set again" kt apply small
check "to the wanted value" grep -qx 1800 /proc/sys/net/ipv4/tcp_keepalive_time
expect 0 "the newer apply is undone alone" kt rollback
check "to what somebody had set" grep -qx 7100 /proc/sys/net/ipv4/tcp_keepalive_time
expect 1 "the older one then conflicts" kt rollback

applied "out of order"
first=$(newest)
expect 0 "a second apply on top" kt apply time
targets >"$edited"
expect 1 "the first cannot be undone before the second" kt rollback "$first"
unchanged "nothing is touched" "$edited"
expect 0 "the second" kt rollback
expect 0 "then the first" kt rollback "$first"
unchanged "all is undone" "$fresh"

applied "release"
echo 1000 >/proc/sys/net/ipv4/tcp_keepalive_intvl
echo "# mine" >>/etc/pam.d/login
cp /etc/pam.d/login "$TMPDIR/login"
prints 0 "a release spares what somebody changed" "tcp_keepalive_intvl" kt apply time
has "and says so" "changed by somebody else" "$out"
check "the value stays" grep -qx 1000 /proc/sys/net/ipv4/tcp_keepalive_intvl
check "the file stays" cmp /etc/pam.d/login "$TMPDIR/login"
check "the rest is released" test ! -e /etc/security/limits.d/99-zz-keeltune.conf
check "values too" grep -qx 9 /proc/sys/net/ipv4/tcp_keepalive_probes

# --- a key keeltune had not changed

known_host
echo 3 >/proc/sys/net/ipv4/tcp_keepalive_probes
expect 0 "apply where one value is right already" kt apply small
echo 4 >/proc/sys/net/ipv4/tcp_keepalive_probes
expect 0 "rollback" kt rollback
check "leaves that value alone" grep -qx 4 /proc/sys/net/ipv4/tcp_keepalive_probes

# --- after a reboot

reboot() {
	local manifest
	for manifest in "$state"/*/manifest.json; do
		jq '.boot_id = "00000000-0000-0000-0000-000000000000"' "$manifest" >"$TMPDIR/manifest"
		cat "$TMPDIR/manifest" >"$manifest"
	done
}

applied "reboot"
reboot
echo 1700 >/proc/sys/net/ipv4/tcp_keepalive_time
prints 0 "rollback after a reboot" "kept" kt rollback
check "keeps running values" test "$(keys)" = "1700 15 3"
targets | sed 1d >"$TMPDIR/files.after"
sed 1d "$fresh" >"$TMPDIR/files"
same "puts the files back" "$TMPDIR/files" "$TMPDIR/files.after"

applied "reboot and release"
reboot
expect 0 "a release after a reboot" kt apply time
check "running values as boot leaves them without keeltune" test "$(keys)" = "600 75 9"
check "files are released" test ! -e /etc/security/limits.d/99-zz-keeltune.conf

# --- another host's rollback file

applied "another host"
jq '.machine_id = "ffffffffffffffffffffffffffffffff"' "$state/$(newest)/manifest.json" >"$TMPDIR/manifest"
cat "$TMPDIR/manifest" >"$state/$(newest)/manifest.json"
targets >"$edited"
complains 2 "the rollback file of another host" "another host" kt rollback
unchanged "is not used" "$edited"
expect 0 "but by force" kt rollback --force
unchanged "then it is" "$fresh"
finish
