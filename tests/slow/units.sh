#!/bin/bash
# SPDX-License-Identifier: MIT
# The systemd units before the systemd of Debian 11, 12 and 13: not a word of theirs about ours.
# (tests/install/units.sh asks the one of this machine; tests/slow/boot.sh boots with the last two.)

. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/slow/releases.sh
. "$SRCDIR/tests/slow/releases.sh"

units=$TMPDIR/units
mkdir "$units"
cp "$SRCDIR"/packaging/systemd/* "$units"
sed -i 's,^ExecStart=keeltune ,ExecStart=/bin/true ,' "$units"/*.service

for release in $releases; do
	use_release "$release" || continue
	analyze=$tree/usr/bin/systemd-analyze
	if ! starts "$analyze"; then
		skip "Debian $release" "its systemd-analyze does not start here"
		continue
	fi
	for unit in "$units"/*; do
		SYSTEMD_UNIT_PATH=$units:$tree/usr/lib/systemd/system:$tree/lib/systemd/system \
			"${run[@]}" "$analyze" verify --man=no "$unit" >"$out" 2>&1
		grep -a keeltune- "$out" >"$err"
		same "$(version systemd): ${unit##*/}" /dev/null "$err"
	done
	sed -i 's/^OnCalendar=.*/OnCalendar=nonsense/' "$units/keeltune-audit.timer"
	SYSTEMD_UNIT_PATH=$units:$tree/usr/lib/systemd/system:$tree/lib/systemd/system \
		"${run[@]}" "$analyze" verify --man=no "$units/keeltune-audit.timer" >"$out" 2>&1
	has "which finds a mistake" keeltune-audit.timer "$out"
	cp "$SRCDIR/packaging/systemd/keeltune-audit.timer" "$units"
done
finish
