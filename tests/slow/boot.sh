#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package in a Debian 12 and a Debian 13 that systemd-nspawn boots: installed, applied, rebooted
# and found compliant, with the limits of real logins; drift, edits and other packages noticed; an audit
# that fails or hangs holds up no boot; rolled back, rebooted and as it was. tests/slow/boot-guest.sh runs
# inside, once in each boot. Needs root.

. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/slow/container.sh
. "$SRCDIR/tests/slow/container.sh"

command -v dpkg-buildpackage >/dev/null || skip_all "there is no dpkg-buildpackage: scripts/install-packages deb"
BUILDDIR=$TMPDIR/build DEB_BUILD_OPTIONS=nocheck "$SRCDIR/scripts/package" deb >"$TMPDIR/package" 2>&1 ||
	{ not_ok "make deb" "$(cat "$TMPDIR/package")" && finish; }

for release in ${BOOT_RELEASES:-bookworm trixie}; do
	if ! boot_tree "$release"; then
		skip "Debian $release" "$why"
		continue
	fi
	boot_root
	cp "$TMPDIR"/build/deb/keeltune_*.deb "$root/opt/keeltune.deb"
	cp "$SRCDIR/man/keeltune.8" "$root/opt/"
	boot_run "$SRCDIR/tests/slow/boot-guest.sh" 400 || skip "Debian $release" "$why"
	boot_done
done
finish
