#!/bin/bash
# SPDX-License-Identifier: MIT
# What dpkg and rpm run when a package touches a watched directory: packaging/triggers/audit-trigger.
# tests/slow/boot.sh has it run by a real dpkg.

. "${SRCDIR:-.}/tests/lib.sh"

root=$TMPDIR/root
mkdir -p "$TMPDIR/bin" "$root/etc/security" "$root/etc/pam.d" "$root/usr/lib/sysctl.d" "$root/usr/lib/systemd"
touch "$root/usr/lib/systemd/systemd-sysctl"
cat >"$TMPDIR/test.conf" <<'PROFILE'
format = 1
name = "test"
sysctl "net.ipv4.tcp_keepalive_time"   { value = 600 at_most = 600 }
sysctl "net.ipv4.tcp_keepalive_intvl"  { value = 75 }
sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 }
sysctl "net.ipv4.tcp_fin_timeout"      { value = 60 }
sysctl "net.ipv4.tcp_syn_retries"      { value = 6 }
PROFILE

# In place of the installed program: of a tree.
program() {
	printf '#!/bin/sh\n%s\n' "$1" >"$TMPDIR/bin/keeltune"
	chmod +x "$TMPDIR/bin/keeltune"
}
trigger() {
	expect 0 "$1" env PATH="$TMPDIR/bin:$PATH" "$SRCDIR/packaging/triggers/audit-trigger"
}
silent() {
	check "$1" test ! -s "$out"
}
# shellcheck disable=SC2016 # for the script
program 'echo "$*" >>"$TMPDIR/called"; exec "$KEELTUNE" "$@" --root "$TMPDIR/root" "$TMPDIR/test.conf"'

trigger "a host that nobody has tuned"
silent "is not news"
printf 'net.ipv4.tcp_keepalive_time = 300\n' >"$root/usr/lib/sysctl.d/50-good.conf"
trigger "a file that keeps to the profile"
silent "is not news either"
printf 'net.ipv4.tcp_keepalive_time = 7000\n' >"$root/usr/lib/sysctl.d/90-bad.conf"
trigger "a file that does not"
has "setting, wanted value, line" \
	"keeltune: sysctl:net.ipv4.tcp_keepalive_time differs, wanted at most 600: the next boot leaves 7000: /usr/lib/sysctl.d/90-bad.conf:1" "$out"
check "in two lines" test "$(wc -l <"$out")" = 2
check "it audits, and nothing else" test "$(sort -u "$TMPDIR/called")" = "audit --persistent --format journal"
check "and has changed nothing" test "$(find "$root" -type f | wc -l)" = 3

printf 'net.ipv4.%s = 5\n' tcp_keepalive_time tcp_keepalive_intvl tcp_keepalive_probes tcp_fin_timeout tcp_syn_retries \
	>"$root/usr/lib/sysctl.d/90-bad.conf"
trigger "a file with many"
has "is told in part" "keeltune: and 1 more" "$out"
check "and does not flood" test "$(wc -l <"$out")" = 5

rm "$root/usr/lib/sysctl.d/90-bad.conf"
printf 'net.ipv4.tcp_keepalive_time = 7000\n' >"$root/usr/lib/sysctl.d/"$'95-\e[2J\nkeeltune: all is well.conf'
trigger "a file whose name is none"
has_not "sends nothing to the terminal" $'\e' "$out"
check "and forges no line" test "$(grep -c '^keeltune: ' "$out")" = 2

program 'echo nonsense; echo trouble >&2; exit 2'
trigger "an audit that fails"
silent "fails no package"
program 'kill -SEGV $$'
trigger "nor does one that crashes"
program 'exec sleep 100'
start=$SECONDS
trigger "nor one that hangs"
check "it is given five seconds" test $((SECONDS - start)) -lt 9
rm "$TMPDIR/bin/keeltune"
expect 0 "nor one that is not there" env PATH="$TMPDIR/bin:/usr/bin:/bin" "$SRCDIR/packaging/triggers/audit-trigger"
finish
