#!/bin/bash
# SPDX-License-Identifier: MIT
# The systemd units: no warning of systemd, no way to hold up a boot, and how much the audit is shut in.
# tests/slow/boot.sh boots with them.

. "${SRCDIR:-.}/tests/lib.sh"

command -v systemd-analyze >/dev/null || skip_all "there is no systemd-analyze"
units=$TMPDIR/units
service=$units/keeltune-audit.service
mkdir "$units"
cp "$SRCDIR"/packaging/systemd/* "$units"
# systemd looks for the program where it gets installed.
sed -i "s,^ExecStart=keeltune ,ExecStart=$KEELTUNE ," "$service"

# verify NAME UNIT: no word of systemd about it
verify() {
	expect 0 "$1" systemd-analyze verify --man=no "$2"
	same "$1: not a word" /dev/null "$err"
}
# finds NAME TEXT UNIT
finds() {
	systemd-analyze verify --man=no "$3" >"$out" 2>&1
	has "$1" "$2" "$out"
}
for unit in "$units"/*; do
	verify "systemd-analyze verify ${unit##*/}" "$unit"
done
printf '\n[Service]\nProtectTypo=yes\n' >>"$units/keeltune-audit.service"
finds "which finds a mistake" ProtectTypo "$service"
sed -i '$d' "$service"

# What sets up a network before sysinit.target, as cloud-init does, stands behind network-pre.target: the
# audit must not stand behind both.
cat >"$units/early.service" <<'UNIT'
[Unit]
DefaultDependencies=no
After=network-pre.target
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/true
UNIT
cat >"$units/boot.target" <<'UNIT'
[Unit]
DefaultDependencies=no
Wants=early.service keeltune-audit.service sysinit.target
After=sysinit.target
UNIT
verify "no circle with a network before sysinit.target" "$units/boot.target"
sed -i '/^DefaultDependencies=no/d' "$service"
finds "as there would be by default" "ordering cycle" "$units/boot.target"
cp "$SRCDIR/packaging/systemd/keeltune-audit.service" "$service"
expect 1 "it waits for no mount and no other unit's success" \
	grep -E '^(Requires|Requisite|BindsTo|RequiresMountsFor|StateDirectory|CacheDirectory|LogsDirectory|PrivateTmp)=' "$service"
check "it ends" grep -qx 'TimeoutStartSec=[0-9]*s' "$service"

if systemd-analyze --help | grep -q -e --offline; then
	check "systemd-analyze security: at most 1.6" systemd-analyze security --offline=yes --threshold=16 "$service"
	echo "note $(systemd-analyze security --offline=yes "$service" | tail -n 1 | tr -cd '[:print:]')"
else
	skip "systemd-analyze security" "systemd $(systemd-analyze --version | awk 'NR == 1 { print $2 }') needs a running one for it"
fi
finish
