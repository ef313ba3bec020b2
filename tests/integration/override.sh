#!/bin/bash
# SPDX-License-Identifier: MIT
# --override: exactly the lines that defeat the profile are commented out, marked with the id of the
# rollback file, shown before, and restored byte for byte. A vendor's file is hidden, never edited.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
time=net.ipv4.tcp_keepalive_time
vendor=/usr/lib/sysctl.d/zz-vendor.conf

start() {
	known_host
	rm -f /usr/lib/sysctl.d/zz-*.conf
}

# overrides NAME PROFILE FILE WANT: apply --override makes FILE be WANT (in which ID is the id), the diff said
# so, nothing but FILE and keeltune's own files is touched, and rollback gives back what was there.
overrides() {
	local name=$1 profile=$2 file=$3 want=$4 id
	targets >"$fresh"
	find /usr/lib/sysctl.d /run/sysctl.d -type f -exec sha256sum {} + 2>/dev/null | sort >"$TMPDIR/vendor"
	expect 1 "$name: without --override it still differs" kt diff "$profile"
	kt diff --override "$profile" >"$TMPDIR/diff"
	expect 0 "$name: --override" kt apply --override "$profile"
	id=$(newest)
	same "$name: the line is marked" <(echo "${want//ID/$id}") <(cat "$file"; [ -z "$(tail -c 1 "$file")" ] || echo)
	sed "s/^\(.*# keeltune \)ID: /\1$id: /" "$TMPDIR/diff" | sed -n '/^--- /,$p' | sed '/^note: /,$d' >"$TMPDIR/shown"
	same "$name: as the diff has shown" "$TMPDIR/shown" <(kt history show "$id" | sed -n '/^--- /,$p' | sed '/^before keeltune/,$d')
	same "$name: no vendor's file is touched" "$TMPDIR/vendor" \
		<(find /usr/lib/sysctl.d /run/sysctl.d -type f -exec sha256sum {} + 2>/dev/null | sort)
	expect 0 "$name: the host complies" kt audit "$profile"
	expect 0 "$name: a second apply" kt apply "$profile"
	check "$name: changes nothing" test "$(newest)" = "$id"
	expect 0 "$name: rollback" kt rollback
	unchanged "$name: gives back every byte" "$fresh"
}

# --- an administrator's sysctl line

start
printf '# mine\r\nvm.swappiness=10\n  %s   =  7000  \n\n%s = 7100\nnet.ipv4.tcp_syncookies = 1\n# no newline at the end' $time $time >/etc/sysctl.d/zzz-admin.conf
chmod 640 /etc/sysctl.d/zzz-admin.conf
chgrp daemon /etc/sysctl.d/zzz-admin.conf
setfattr -n user.note -v kept /etc/sysctl.d/zzz-admin.conf
overrides "two lines, odd bytes" time /etc/sysctl.d/zzz-admin.conf "$(printf '# mine\r\nvm.swappiness=10\n# keeltune ID:   %s   =  7000  \n\n# keeltune ID: %s = 7100\nnet.ipv4.tcp_syncookies = 1\n# no newline at the end' $time $time)"

start
printf '%s = 7000\n' $time >/etc/sysctl.d/zzz-a.conf
printf '%s = 500\n' $time >/etc/sysctl.d/zzz-b.conf
targets >"$fresh"
expect 0 "a winner that is accepted" kt apply --override time
check "hides nothing that would have to go" diff <(printf '%s = 7000\n' $time) /etc/sysctl.d/zzz-a.conf
expect 0 "rollback" kt rollback
unchanged "undone" "$fresh"

start
rm -f /etc/sysctl.conf
printf 'kernel.panic = 10\n%s = 7000\n' $time >/etc/sysctl.conf
ln -s ../sysctl.conf /etc/sysctl.d/zzz-sysctl.conf
overrides "a file behind a link of /etc" time /etc/sysctl.conf "$(printf 'kernel.panic = 10\n# keeltune ID: %s = 7000\n\n' $time)"
check "the link stays a link" test -L /etc/sysctl.d/zzz-sysctl.conf

start
mkdir -p /usr/share/vendor
printf '%s = 7000\n' $time >/usr/share/vendor/x.conf
ln -s /usr/share/vendor/x.conf /etc/sysctl.d/zzz-x.conf
expect 1 "a link to a vendor's file" kt apply --override time
tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
has "is left, and said to be" "--override leaves this line: keeltune does not edit this file" "$TMPDIR/said"
check "as it was" diff <(printf '%s = 7000\n' $time) /usr/share/vendor/x.conf
check "the link as well" test -L /etc/sysctl.d/zzz-x.conf

# --- a vendor's sysctl file

start
printf '# vendor\n%s = 7000\nnet.ipv4.tcp_fin_timeout = 42\n' $time >$vendor
overrides "a vendor's file" time /etc/sysctl.d/zz-vendor.conf "$(printf '# vendor\n# keeltune ID: %s = 7000\nnet.ipv4.tcp_fin_timeout = 42\n\n' $time)"
expect 0 "a vendor's file again" kt apply --override time
tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
has "is said to be hidden" "hides the vendor's $vendor" "$TMPDIR/said"
for engine in /lib/systemd/systemd-sysctl /usr/lib/systemd/systemd-sysctl; do
	[ -x $engine ] || continue
	echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout
	echo 7200 >/proc/sys/net/ipv4/tcp_keepalive_time
	$engine >/dev/null 2>&1
	check "at boot systemd-sysctl sets what is wanted" test "$(keys | cut -d' ' -f1)" = 600
	check "and the vendor's other key" test "$(cat /proc/sys/net/ipv4/tcp_fin_timeout)" = 42
	break
done
echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout
echo 7200 >/proc/sys/net/ipv4/tcp_keepalive_time
sysctl --system >/dev/null 2>&1
check "at boot procps does, too" test "$(keys | cut -d' ' -f1) $(cat /proc/sys/net/ipv4/tcp_fin_timeout)" = "600 42"
profile none <<<'sysctl "net.ipv4.tcp_syncookies" { value = 1 }'
expect 0 "a set of profiles that does not name it" kt apply none
check "gives the vendor's file back its say" test ! -e /etc/sysctl.d/zz-vendor.conf

start
mkdir -p /run/sysctl.d
printf '%s = 7000\n' $time >/run/sysctl.d/zz-run.conf
overrides "a file in /run" time /etc/sysctl.d/zz-run.conf "$(printf '# keeltune ID: %s = 7000\n\n' $time)"

# BusyBox reads /run after /etc, and there the name in /etc hides nothing.
targets >"$fresh"
expect 1 "a file that cannot be hidden" kt apply --persistent --override --engine busybox time
tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
has "is said to win all the same" "it would still count" "$TMPDIR/said"
check "and no copy is left" test ! -e /etc/sysctl.d/zz-run.conf
rm -rf /run/sysctl.d

# --- limits

login_with_limits() {
	start
	printf 'auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_limits.so\n' >/etc/pam.d/login
	profile wide <<-'PROFILE'
		limits "*" { item "nofile" { soft = 8192 hard = 16384 at_least = 8192 } }
	PROFILE
}

login_with_limits
printf '*\tsoft\tcore\t0\n* hard nofile 4000 # ours\n*\t-\tnproc\t9000\n' >/etc/security/limits.d/zzz-admin.conf
overrides "a line of limits.d" wide /etc/security/limits.d/zzz-admin.conf \
	"$(printf '*\tsoft\tcore\t0\n# keeltune ID: * hard nofile 4000 # ours\n*\t-\tnproc\t9000\n\n')"

# --- a vendor's limits.conf, with the module that looks for one

tree=$TMPDIR/suse
mkdir "$tree" && cp -r "$SRCDIR/tests/roots/suse/." "$tree"
printf '* soft core 0\n* hard nofile 4000\nbob hard nofile 4000\n' >"$tree/usr/etc/security/limits.conf"
printf 'bob:x:1000:1000::/home/bob:/bin/sh\n' >>"$tree/etc/passwd"
rm -f "$tree/etc/security/limits.conf" "$tree"/etc/security/limits.d/*
printf 'format = 1\nname = "wide"\nlimits "*" { item "nofile" { soft = 8192 hard = 16384 at_least = 8192 } }\n' >"$TMPDIR/wide.conf"
cp -a "$tree" "$TMPDIR/suse.before"
expect 0 "a vendor's limits.conf" kt apply --root "$tree" --override "$TMPDIR/wide.conf"
same "is hidden by a copy" <(printf '* soft core 0\n* hard nofile 4000\n# keeltune ID: bob hard nofile 4000\n') \
	<(sed 's/keeltune [^ ]*:/keeltune ID:/' "$tree/etc/security/limits.conf")
same "and not edited" "$TMPDIR/suse.before/usr/etc/security/limits.conf" "$tree/usr/etc/security/limits.conf"
expect 0 "rollback" kt rollback --root "$tree"
rm -rf "${tree:?}/var"
check "leaves the tree as it was" diff -r --exclude=keeltune "$TMPDIR/suse.before" "$tree"

finish
