#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package: the same bytes from two different places, no complaint of lintian, the right
# dependencies; and its life in clean trees of Debian 12 and 13: installed, used, upgraded over an older
# version, removed, installed again, purged. Debian 11 (procps 3.3.17) builds a package of its own, with the
# unit tests. mmdebstrap makes the trees once, build/oracles; they stay as they are: what is done to them is
# done in a layer that is lost. Needs root. Nothing is applied to the kernel: /proc is read-only there.

. "${SRCDIR:-.}/tests/lib.sh"
. "${SRCDIR:-.}/tests/slow/trees.sh"

build_packages=gcc,libc6-dev,make,dpkg-dev,debhelper,check,libconfuse-dev,libjansson-dev,libmd-dev,libmnl-dev,libprocps-dev,pkgconf

[ "$(id -u)" = 0 ] || skip_all "needs root for trees of other releases"
for program in mmdebstrap dpkg-buildpackage dh lintian; do
	command -v $program >/dev/null || skip_all "there is no $program"
done

# Everything below is of this process: its mounts and processes end with it.
if [ -z "${DEB_INSIDE-}" ]; then
	export DEB_INSIDE=1
	exec unshare --mount --propagation private --pid --fork --kill-child bash "$(realpath "$0")"
fi
mount -t proc proc /proc

# ---- built twice

version=$(cat "$SRCDIR/VERSION")
"$SRCDIR/scripts/dist" "$TMPDIR/$version.tar.gz" 2>"$TMPDIR/dist"
"$SRCDIR/scripts/dist" "$TMPDIR/again.tar.gz" 2>/dev/null
check "a tarball twice has the same bytes" cmp "$TMPDIR/$version.tar.gz" "$TMPDIR/again.tar.gz"
if [ -e "$SRCDIR/.git" ]; then
	git -C "$SRCDIR" ls-tree -r --name-only HEAD | sort >"$TMPDIR/want"
	tar -tzf "$TMPDIR/$version.tar.gz" | sed -n "s,^keeltune-$version/,,; /[^/]$/p" | sort >"$TMPDIR/got"
	same "it has all that is committed" "$TMPDIR/want" "$TMPDIR/got"
fi

# unpack NAME: the release tarball in a directory of its own, with a blank in its name
unpack() {
	mkdir -p "$TMPDIR/$1 tree"
	tar -x -C "$TMPDIR/$1 tree" -f "$TMPDIR/$version.tar.gz"
	echo "$TMPDIR/$1 tree/keeltune-$version"
}

first=$(unpack first)
second=$(unpack second)
chown -R nobody: "$TMPDIR/second tree"
check "make deb, as root" env TZ=UTC LC_ALL=C make -C "$first" deb
(
	umask 077
	check "make deb, without privileges, elsewhere in the world" setpriv --reuid=nobody --regid=nogroup --clear-groups env \
		TZ=Asia/Kolkata LC_ALL=C.UTF-8 HOME=/nonexistent DEB_BUILD_OPTIONS=parallel=2 make -C "$second" deb
)
package=$first/build/deb/keeltune_${version}_$(dpkg --print-architecture).deb
for file in "$first"/build/deb/*.deb; do
	check "the same bytes: ${file##*/}" cmp "$file" "$second/build/deb/${file##*/}"
done
[ -e "$package" ] || finish
lintian --pedantic -E -I --allow-root "$first"/build/deb/*.changes >"$TMPDIR/lintian" 2>&1
same "lintian has nothing to say" /dev/null "$TMPDIR/lintian"
check "nocheck builds without Check" env DEB_BUILD_OPTIONS=nocheck make -C "$second" deb

dpkg-deb -R "$package" "$TMPDIR/unpacked"
grep -E '^(Depends|Recommends)' "$TMPDIR/unpacked/DEBIAN/control" >"$TMPDIR/depends"
strings "$TMPDIR/unpacked/usr/sbin/keeltune" | grep -xE 'lib(mnl|proc)[a-z0-9]*\.so\.[0-9]+' >"$TMPDIR/sonames"
check "the program loads two libraries by name" test "$(wc -l <"$TMPDIR/sonames")" = 2
while read -r soname; do
	owner=$(dpkg -S "*/$soname" | sed -n '1s/:.*//p')
	has "$soname is of $owner, on which the package depends" "$owner" "$TMPDIR/depends"
done <"$TMPDIR/sonames"
grep -vE '^/etc/keeltune/' "$TMPDIR/unpacked/DEBIAN/conffiles" >"$TMPDIR/others"
same "conffiles are in /etc/keeltune alone" /dev/null "$TMPDIR/others"

# An older version, with another conffile.
sed -i "s/^Version: .*/Version: 0.0.9/" "$TMPDIR/unpacked/DEBIAN/control"
echo "# as the older version had it" >>"$TMPDIR/unpacked/etc/keeltune/keeltune.conf"
dpkg-deb --root-owner-group -b "$TMPDIR/unpacked" "$TMPDIR/older.deb" >/dev/null

# One that drops a file into sysctl.d.
mkdir -p "$TMPDIR/other/DEBIAN" "$TMPDIR/other/etc/sysctl.d"
printf 'Package: other\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y.example>\nDescription: drops a file\n' \
	>"$TMPDIR/other/DEBIAN/control"
echo 'net.ipv4.tcp_keepalive_time = 7200' >"$TMPDIR/other/etc/sysctl.d/zzz-other.conf"
dpkg-deb --root-owner-group -b "$TMPDIR/other" "$TMPDIR/other.deb" >/dev/null

# ---- lives of the package

# shellcheck disable=SC2317 # called by expect
apt_get() {
	in_root apt-get -qq -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

state_of() {
	stat -c '%a %U' "$root/var/lib/keeltune"
}

live() { # RELEASE
	local r="Debian $1"
	enter "$1" clean systemd || return
	cp "$package" "$root/new.deb"
	cp "$TMPDIR/older.deb" "$TMPDIR/other.deb" "$root"
	(cd "$root" && find etc usr var/lib -not -path 'var/lib/dpkg/*' -not -path 'var/lib/apt/*' | sort) >"$TMPDIR/before"

	expect 0 "$r: an older version is installed, with what it depends on" apt_get install ./older.deb
	check "$r: its state is root's alone" test "$(state_of)" = "700 root"
	check "$r: no unit is enabled" test -z "$(find "$root/etc/systemd" -name 'keeltune*')"
	check "$r: the units are there" test -e "$root/usr/lib/systemd/system/keeltune-audit.timer"
	expect 1 "$r: audit" in_root keeltune audit
	expect 1 "$r: audit, unprivileged" in_root setpriv --reuid=nobody --clear-groups keeltune audit
	expect 0 "$r: the profiles are there" in_root keeltune profile show close-wait-relief
	expect 0 "$r: sockets" in_root keeltune sockets --format json
	expect 0 "$r: sockets of a user, by the library of procps" in_root keeltune sockets --user root
	expect 0 "$r: apply, for the next boot" in_root keeltune apply --persistent --comment deb
	check "$r: it wrote its files" test -e "$root/etc/sysctl.d/99-zz-keeltune.conf" -a -e "$root/etc/security/limits.d/99-zz-keeltune.conf"
	echo "# by the administrator" >>"$root/etc/keeltune/keeltune.conf"
	cp "$SRCDIR/profiles/examples/shop.conf" "$root/etc/keeltune/profiles/"
	in_root keeltune history >"$TMPDIR/history"

	expect 0 "$r: upgraded" apt_get install ./new.deb
	has "$r: the new version runs" "keeltune $version" <(in_root keeltune --version)
	in_root keeltune history >"$TMPDIR/after"
	same "$r: the history is what it was" "$TMPDIR/history" "$TMPDIR/after"
	has "$r: the administrator's keeltune.conf is kept" "by the administrator" "$root/etc/keeltune/keeltune.conf"
	expect 0 "$r: and so is the profile" in_root keeltune profile show shop
	expect 0 "$r: what the older version applied can be undone" in_root keeltune rollback --dry-run

	expect 0 "$r: a package that puts a file into sysctl.d" apt_get install ./other.deb
	has "$r: the trigger names the line" "/etc/sysctl.d/zzz-other.conf:1" <(cat "$out" "$err")
	check "$r: and all packages are configured" test -z "$(in_root dpkg --audit)"
	expect 0 "$r: that package is purged" apt_get purge other

	expect 0 "$r: removed" apt_get remove keeltune
	has "$r: it says what is not undone" "not undone: 1" "$err"
	check "$r: the program is gone" test ! -e "$root/usr/sbin/keeltune"
	check "$r: state, settings and configuration are not" test -d "$root/var/lib/keeltune/rollback" -a \
		-e "$root/etc/sysctl.d/99-zz-keeltune.conf" -a -e "$root/etc/keeltune/keeltune.conf"
	expect 0 "$r: installed again" apt_get install ./new.deb
	expect 0 "$r: rollback" in_root keeltune rollback
	check "$r: as before keeltune" test ! -e "$root/etc/sysctl.d/99-zz-keeltune.conf"
	expect 0 "$r: applied again" in_root keeltune apply --persistent -q

	expect 0 "$r: purged" apt_get purge keeltune
	has_not "$r: dpkg has nothing else to say" warning <(grep -v /etc/keeltune/profiles "$err")
	has "$r: it says how many are lost and not undone" "rollback files: 2, not undone: 1" "$err"
	has "$r: and what stays" "  /etc/sysctl.d/99-zz-keeltune.conf" "$err"
	(cd "$root" && find etc usr var/lib -not -path 'var/lib/dpkg/*' -not -path 'var/lib/apt/*' | sort) >"$TMPDIR/after"
	# Libraries stay until autoremove; directories that others may use were made by apply.
	comm -13 "$TMPDIR/before" "$TMPDIR/after" | grep -i keeltune >"$TMPDIR/left"
	printf '%s\n' etc/keeltune etc/keeltune/profiles etc/keeltune/profiles/shop.conf \
		etc/security/limits.d/99-zz-keeltune.conf etc/sysctl.d/99-zz-keeltune.conf >"$TMPDIR/want"
	same "$r: left is what was applied, and the administrator's profile" "$TMPDIR/want" "$TMPDIR/left"
	leave
}

live bookworm
live trixie

# ---- Debian 11

if enter bullseye build "$build_packages"; then
	mkdir "$root/home/builder"
	tar -x -C "$root/home/builder" -f "$TMPDIR/$version.tar.gz"
	chown -R nobody: "$root/home/builder"
	in_root dpkg-query -W libprocps8 >"$TMPDIR/procps"
	has "Debian 11 has procps 3.3.17" 3.3.17 "$TMPDIR/procps"
	expect 0 "Debian 11: make deb, with the unit tests" in_root setpriv --reuid=nobody --regid=nogroup --clear-groups \
		env HOME=/home/builder make -C "/home/builder/keeltune-$version" deb
	cp "$root/home/builder/keeltune-$version/build/deb/"keeltune_[0-9]*.deb "$root/new.deb"
	has "Debian 11: it recommends libprocps8" libprocps8 <(dpkg-deb -f "$root/new.deb" Recommends)
	expect 0 "Debian 11: installed" apt_get install ./new.deb
	expect 1 "Debian 11: audit" in_root keeltune audit
	expect 0 "Debian 11: sockets of a user, by libprocps" in_root keeltune sockets --user root
	expect 0 "Debian 11: apply" in_root keeltune apply --persistent -q
	expect 0 "Debian 11: rollback" in_root keeltune rollback
	expect 0 "Debian 11: purged" apt_get purge keeltune
	check "Debian 11: the state is gone" test ! -e "$root/var/lib/keeltune"
	leave
fi
finish
