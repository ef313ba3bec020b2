#!/bin/bash
# SPDX-License-Identifier: MIT
# Apply makes nothing worse for anybody: whatever would end a login, or change a limit that no setting
# means, is refused with the account, the item and both values, before anything is written. Trees of
# hosts with Debian's and with the upstream pam_limits.so; needs no privilege.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

tree=$TMPDIR/tree
dropin=etc/security/limits.d/99-zz-keeltune.conf

# fresh NAME: a copy of tests/roots/NAME without any limit
fresh() {
	rm -rf "$tree"
	cp -a "$SRCDIR/tests/roots/$1" "$tree"
	rm -f "$tree"/etc/security/limits.d/*
	mkdir -p "$tree/etc/security/limits.d"
	: >"$tree/etc/security/limits.conf"
}

conf() {
	printf '%s\n' "$@" >"$tree/etc/security/limits.conf"
}

profile() {
	{
		printf 'format = 1\nname = "p"\n'
		cat
	} >"$TMPDIR/p.conf"
}

# shellcheck disable=SC2317 # called by expect
kt() {
	timeout 60 "$KEELTUNE" --root "$tree" "$@"
}

listing() {
	find "$tree" -type f -print0 | sort -z | xargs -0 sha256sum
}

# refused NAME TEXT...: apply exits 2, says each TEXT, and writes nothing; so does diff
refused() {
	local name=$1 text
	shift
	listing >"$TMPDIR/before"
	expect 2 "$name: apply" kt apply "$TMPDIR/p.conf"
	for text; do
		has "$name: says \"$text\"" "$text" "$err"
	done
	expect 2 "$name: diff" kt diff "$TMPDIR/p.conf"
	listing >"$TMPDIR/after"
	same "$name: nothing is written" "$TMPDIR/before" "$TMPDIR/after"
}

drop_in_has() {
	has "$1" "$2" "$tree/$dropin"
}

# --- a wider line that would lower somebody

profile <<<'limits "@dba" { item "nofile" { soft = 65536 hard = 65536 at_least = 60000 } }'
fresh debian12
echo 'staff:x:300:carol' >>"$tree/etc/group"
conf '@staff - nofile 100000'
refused "a group line above another group's" \
	"account carol: soft nofile of a login through login would go from 100000" \
	"(/etc/security/limits.conf:1) to 65536 (/etc/security/limits.d/99-zz-keeltune.conf:"
conf 'carol - nofile 100000'
expect 0 "a user's own higher line stays" kt apply "$TMPDIR/p.conf"
has_not "and his group gets a line all the same" "carol" "$tree/$dropin"

profile <<<'limits "*" { item "nofile" { soft = 8192 hard = 8192 at_least = 4096 } }'
fresh debian12
conf 'alice soft nofile 4500' '* - nofile 2048'
refused "a hard limit that a soft one kept from a weaker line" \
	"account alice: hard nofile of a login through login would go from 524288" "to 8192"
fresh debian12
conf '1000: - nofile 65536' '* soft nofile 1024'
expect 0 "ranges of ids keep what they have" kt apply "$TMPDIR/p.conf"
drop_in_has "only what is needed" "* soft nofile 8192"
has_not "no hard line" "hard" "$tree/$dropin"

# --- lines that somebody else wrote into keeltune's own drop-in

fresh debian12
conf
echo 'alice - nofile 60000' >"$tree/$dropin"
refused "a drop-in that keeltune did not write" \
	"soft nofile of a login through login would go from 60000" "(/$dropin:1) to 8192" \
	"that file is not as keeltune wrote it"
rm "$tree/$dropin"
expect 0 "without it" kt apply "$TMPDIR/p.conf"
cp "$tree/$dropin" "$TMPDIR/written"
profile <<<'limits "*" { item "nofile" { soft = 9000 hard = 9000 at_least = 9000 } }'
echo 'bob - nofile 60000' >>"$tree/$dropin"
refused "a drop-in with one line more" "account bob: soft nofile" "from 60000" \
	"that file is not as keeltune wrote it"
cp "$TMPDIR/written" "$tree/$dropin"
expect 0 "as keeltune wrote it" kt apply "$TMPDIR/p.conf"
drop_in_has "it is written anew" "* soft nofile 9000"

# --- the hard line that a soft one needs says what logins have

fresh debian11
conf '* - nofile unlimited'
expect 1 "a hard limit that this module cannot set" kt diff "$TMPDIR/p.conf"
has "the new one is today's" "+* hard nofile 524288" "$out"

# --- a soft limit goes with the hard one that a setting is about

fresh debian12
conf 'bob soft nofile 100000' 'bob hard nproc 5'
profile <<<'limits "bob" { item "nofile" { hard = 9000 } }'
expect 0 "a soft limit goes with the hard one that a setting is about" kt apply "$TMPDIR/p.conf"
drop_in_has "the hard one is written" "bob hard nofile 9000"

# --- root

fresh rhel9
conf 'root soft nofile 1024'
expect 0 "upstream: * reaches root" kt apply "$TMPDIR/p.conf"
fresh rhel9
conf '* - nofile 2048'
profile <<'PROFILE'
limits "*" { item "nofile" { soft = 1000 hard = 1500 } }
limits "root" { item "nofile" { soft = 2000 hard = 2048 at_least = 1024 } }
PROFILE
expect 0 "upstream: * would lower root, who has a section of his own" kt apply "$TMPDIR/p.conf"
drop_in_has "and so gets a line" "root hard nofile 2048"

# --- sessions that would end

profile <<<'pam "su" { module = "pam_limits.so" }'
fresh rhel9
sed -i '/pam_limits/d' "$tree/etc/authselect/system-auth" "$tree/etc/authselect/password-auth"
rm "$tree/etc/pam.d/su"
printf '%s\n' 'auth required pam_unix.so' 'session required pam_unix.so' >"$tree/etc/pam.d/su"
cp -a "$tree" "$TMPDIR/su"
again() {
	rm -rf "$tree"
	cp -a "$TMPDIR/su" "$tree"
}
conf 'bob hard nofile 2000000'
refused "a line above fs.nr_open begins to count" "account bob could not log in any more through su" \
	"limits.conf:1"
again
conf 'root - nproc 0'
refused "no process for root" "account root: soft nproc" "below 16 logins break"
again
rm "$tree/etc/security/limits.conf"
refused "limits.conf is missing" "could not log in any more through su" "/etc/security/limits.conf"
again
ln -s nowhere "$tree/etc/security/limits.d/50-old.conf"
refused "a link to nothing" "could not log in any more through su" "50-old.conf"
again
conf '@dba - maxlogins 0'
refused "nobody of a group may log in" "account carol could not log in any more through su" "maxlogins 0"
again
conf '* soft nofile 2000' 'bob - nproc 500' '@dba - core 0'
expect 1 "lines that begin to count" kt diff "$TMPDIR/p.conf"
has "are told" "limits.conf:1: counts for logins through su" "$out"
has "with the account" "soft nproc of account bob goes from unlimited to 500" "$out"
expect 0 "and are no obstacle" kt apply "$TMPDIR/p.conf"
conf 'bob hard nofile 2000000'
expect 0 "nor is undoing one" kt rollback
again
cat "$TMPDIR/su/etc/pam.d/su" >"$tree/etc/pam.d/su-l"
printf 'session include su\n' >"$tree/etc/pam.d/su-l"
expect 1 "a stack that includes the edited file" kt diff "$TMPDIR/p.conf"
has "is named" "runs for logins through su-l from now on, too" "$out"

# --- release and rollback

fresh debian12
profile <<<'limits "*" { item "nofile" { soft = 9000 hard = 9000 } }'
expect 0 "an apply" kt apply "$TMPDIR/p.conf"
profile <<<'limits "*" { item "nproc" { soft = 9000 hard = 9000 } }'
expect 0 "another set of profiles releases it" kt apply "$TMPDIR/p.conf"
has_not "the old lines are gone" "nofile" "$tree/$dropin"
fresh rhel9
conf '* hard nofile 2000000'
profile <<<'limits "*" { item "nofile" { soft = 9000 hard = 9000 } }'
expect 0 "an apply that lets people in again" kt apply "$TMPDIR/p.conf"
listing >"$TMPDIR/before"
expect 2 "is not undone just so" kt rollback
has "it says who could not log in" "could not log in any more through" "$err"
has "and how" "--force" "$err"
listing >"$TMPDIR/after"
same "nothing is undone" "$TMPDIR/before" "$TMPDIR/after"
expect 0 "but with --force" kt rollback --force
finish
