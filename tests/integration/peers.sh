#!/bin/bash
# SPDX-License-Identifier: MIT
# What other tools were seen to get wrong; keeltune must not. T1: procps, T2: Ansible, T3: pam_limits of
# Ansible, T4: Augeas, T5 to T7: tuned, T8 to T12 and T14: saptune (T8: tuned, too), T13: OpenSCAP and
# kernel-hardening-checker.
# Slow with sanitizers: not in their part of `make check`.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh

# --- T1: a dry run that writes, depending on where the option stands

known_host
targets >"$fresh"
for line in "apply --dry-run small" "apply small --dry-run" "--dry-run apply small" "apply -n small" "diff small"; do
	# shellcheck disable=SC2086 # words of a command line
	kt $line >"$out" 2>"$err"
	unchanged "T1: $line writes nothing" "$fresh"
done

# --- T2: duplicates of unrelated keys disappear when a file is edited

known_host
cat >/etc/sysctl.d/zzz-admin.conf <<-'CONF'
	kernel.panic = 1
	vm.swappiness = 10
	net.ipv4.tcp_keepalive_time = 7000
	kernel.panic = 2
	# a comment
	vm.swappiness = 20
CONF
cp -a /etc/sysctl.d/zzz-admin.conf "$TMPDIR/admin.conf"
targets >"$fresh"
kt apply small >/dev/null
check "T2: other files are not edited" cmp /etc/sysctl.d/zzz-admin.conf "$TMPDIR/admin.conf"
kt apply --override small >/dev/null
sed "s/^net/# keeltune $(newest): net/" "$TMPDIR/admin.conf" >"$TMPDIR/want"
same "T2: --override changes one line only" "$TMPDIR/want" /etc/sysctl.d/zzz-admin.conf
while kt rollback | grep -q '^undone'; do :; done
unchanged "T2: and gives it back" "$fresh"

# --- T3: "-" sets both limits; a file that needs no change is not replaced

known_host
echo 'session required pam_limits.so' >>/etc/pam.d/login
printf '*\t-\tnofile\t8192' >/etc/security/limits.conf
both='limits "*" { item "nofile" { soft = 8192 hard = 8192 } }'
profile both <<<"$both"
stamps >"$TMPDIR/stamps"
expect 0 "T3: a line of type - sets soft and hard" kt audit both
expect 0 "T3: apply" kt apply both
stamps >"$TMPDIR/stamps.after"
same "T3: replaces nothing" "$TMPDIR/stamps" "$TMPDIR/stamps.after"

# --- T4: one unusual line loses the whole file

known_host
profile both <<<"$both"
echo 'session required pam_limits.so' >>/etc/pam.d/login
lines=('@dba - nofile 1' '1000:2000 hard nproc 5' '%staff - maxlogins 4' 'daemon -' '* soft core 0 # why' '	*	soft	core	0'
	':1001 - nice -5' '* - priority -3' 'no such line' '*	hard	stack	-1' "$(printf 'gr\xfc\xdf - core 0')")
for line in "${lines[@]}"; do
	printf '%s\n* - nofile 8192\n' "$line" >/etc/security/limits.conf
	expect 0 "T4: the line after '$line' counts" kt audit both 2>/dev/null
done

# --- T5: crash recovery that does nothing

known_host
targets >"$fresh"
kt apply small >/dev/null
manifest=$state/$(newest)/manifest.json
jq '.state = "prepared"' "$manifest" >"$TMPDIR/manifest" && cat "$TMPDIR/manifest" >"$manifest"
rm /etc/security/limits.d/99-zz-keeltune.conf
expect 0 "T5: recovery after a crash" kt rollback
unchanged "T5: brings everything back" "$fresh"

# --- T6: a key that is missing, though it may be

known_host
profile absent <<-'PROFILE'
	sysctl "net.ipv4.no_such_key" { value = 1 optional = true }
	sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 }
PROFILE
expect 0 "T6: an optional key that is missing" kt audit absent
has "T6: is skipped, and said so" "skipped" "$out"
expect 0 "T6: apply, too" kt apply absent
check "T6: writes nothing for it" test ! -e /etc/sysctl.d/99-zz-keeltune.conf

# --- T7: /run wins over /etc

known_host
mkdir -p /run/sysctl.d
echo "net.ipv4.tcp_keepalive_time = 7001" >/run/sysctl.d/50-x.conf
echo "net.ipv4.tcp_keepalive_time = 599" >/etc/sysctl.d/50-x.conf
expect 0 "T7: of equal names the one in /etc counts" kt audit --persistent time
has_not "T7: the other is not believed" 7001 "$out"
rm /etc/sysctl.d/50-x.conf
ln -s /dev/null /etc/sysctl.d/50-x.conf
prints 1 "T7: a link to /dev/null masks it" "kernel default" kt audit --persistent time
rm -r /run/sysctl.d

# --- T8: a later change of an administrator is overwritten

known_host
echo 8 >/proc/sys/net/ipv4/tcp_keepalive_probes
profile two <<-'PROFILE'
	sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }
	sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_most = 9 }
PROFILE
kt apply two >/dev/null
echo 555 >/proc/sys/net/ipv4/tcp_keepalive_time
echo 7 >/proc/sys/net/ipv4/tcp_keepalive_probes
expect 1 "T8: rollback refuses" kt rollback
check "T8: the administrator's value stays" test "$(keys)" = "555 75 7"
expect 0 "T8: by force" kt rollback --force
check "T8: keys that keeltune had not changed stay even then" test "$(keys)" = "7200 75 7"

# --- T9: an interrupted apply counts as applied

known_host
kt apply small >/dev/null
manifest=$state/$(newest)/manifest.json
jq '.state = "prepared"' "$manifest" >"$TMPDIR/manifest" && cat "$TMPDIR/manifest" >"$manifest"
rm /etc/sysctl.d/99-zz-keeltune.conf
complains 1 "T9: an interrupted apply is not an applied one" "interrupted" kt audit small
expect 0 "T9: a second apply finishes the work" kt apply small
expect 0 "T9: really" kt audit small

# --- T10: a later file wins, and the check passes

known_host
kt apply small >/dev/null
echo '* soft nofile 2000' >/etc/security/limits.d/zzz-late.conf
prints 1 "T10: a later file in limits.d is seen" "/etc/security/limits.d/zzz-late.conf:1" kt audit small
rm /etc/security/limits.d/zzz-late.conf
echo 'net.ipv4.tcp_keepalive_time = 7000' >/etc/sysctl.d/zzz-late.conf
prints 1 "T10: one in sysctl.d, too" "/etc/sysctl.d/zzz-late.conf:1" kt audit small
rm /etc/sysctl.d/zzz-late.conf

# --- T11: orphans, and originals lost by a reboot

known_host
printf 'x - nofile 77\n' >/etc/security/limits.d/99-zz-keeltune.conf
targets >"$fresh"
kt apply small >/dev/null
manifest=$state/$(newest)/manifest.json
jq '.boot_id = "00000000-0000-0000-0000-000000000000"' "$manifest" >"$TMPDIR/manifest" && cat "$TMPDIR/manifest" >"$manifest"
expect 0 "T11: rollback after a reboot" kt rollback
targets | sed 1d >"$TMPDIR/after"
sed 1d "$fresh" >"$TMPDIR/files"
same "T11: leaves no orphan and loses no original" "$TMPDIR/files" "$TMPDIR/after"

# --- T12: ranges that are ignored

known_host
profile range <<<'sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_least = 2 at_most = 5 }'
for value in 1 2 3 4 5 6; do
	echo $value >/proc/sys/net/ipv4/tcp_keepalive_probes
	want=0
	[ $value -ge 2 ] && [ $value -le 5 ] || want=1
	expect $want "T12: $value in 2..5" kt audit --runtime range
done
echo 5 >/proc/sys/net/ipv4/tcp_keepalive_probes
kt apply --runtime range >/dev/null
check "T12: apply leaves an accepted value" grep -qx 5 /proc/sys/net/ipv4/tcp_keepalive_probes

# --- T13: success reported for failure

known_host
expect 1 "T13: a difference is not success" kt audit small
expect 2 "T13: a profile that is missing is trouble" kt audit absent-profile
install -m 600 /dev/null /etc/sysctl.d/zz.conf
expect 2 "T13: what cannot be judged is trouble" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" audit small
has "T13: and named" "/etc/sysctl.d/zz.conf" "$out"

# --- T14: a check that writes

known_host
touch "$TMPDIR/mark"
sleep 0.02
kt audit small >/dev/null
kt -f json audit small >/dev/null
find /etc /run /var /root /home /usr/local /tmp /dev/shm -path "$TMPDIR" -prune -o -newer "$TMPDIR/mark" -print \
	>"$TMPDIR/written" 2>/dev/null
contains "T14: audit writes nothing anywhere" "" "$TMPDIR/written"
finish
