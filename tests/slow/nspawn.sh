#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits of units on a Debian 12 that systemd-nspawn boots: what keeltune writes against what systemd says
# of it after daemon-reload and restart, and what the processes have; and what `audit --live` says of them.
# tests/slow/nspawn-guest.sh and nspawn-live.sh run inside. Needs root.

. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/slow/container.sh
. "$SRCDIR/tests/slow/container.sh"

boot_tree bookworm || skip_all "$why"
boot_root
cp "$KEELTUNE" "$root/opt/keeltune"
cp "$SRCDIR/tests/slow/nspawn-live.sh" "$root/opt/live.sh"
chroot "$root" /opt/keeltune --version >"$TMPDIR/version" 2>&1 ||
	skip_all "this build does not run on Debian 12: $(tail -n 1 "$TMPDIR/version")"
boot_run "$SRCDIR/tests/slow/nspawn-guest.sh" 240 || skip_all "$why"
boot_done
finish
