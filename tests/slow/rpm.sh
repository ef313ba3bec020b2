#!/bin/bash
# SPDX-License-Identifier: MIT
# The RPM package: built, what it says of itself, and its life in a tree: installed with `rpm --root`, used,
# upgraded over an older version, erased. The tree is a Debian 12 whose rpm knows no packages: dependencies
# are looked at, not resolved. Needs root.

. "${SRCDIR:-.}/tests/lib.sh"
. "${SRCDIR:-.}/tests/slow/trees.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root for a tree of its own"
for program in mmdebstrap rpmbuild; do
	command -v $program >/dev/null || skip_all "there is no $program"
done
if [ -z "${RPM_INSIDE-}" ]; then
	export RPM_INSIDE=1
	exec unshare --mount --propagation private --pid --fork --kill-child bash "$(realpath "$0")"
fi
mount -t proc proc /proc

version=$(cat "$SRCDIR/VERSION")
"$SRCDIR/scripts/dist" "$TMPDIR/$version.tar.gz" 2>/dev/null
build() { # VERSION: from a tree with a blank in its name; sets $package
	local tree="$TMPDIR/build $1"
	mkdir "$tree"
	tar -x -C "$tree" --strip-components=1 -f "$TMPDIR/$version.tar.gz"
	echo "$1" >"$tree/VERSION"
	sed -i "s/^Version: .*/Version: $1/; s/ - $version-1\$/ - $1-1/" "$tree/packaging/rpm/keeltune.spec"
	check "make rpm, version $1" make -C "$tree" rpm
	package=$(echo "$tree"/build/rpm/keeltune-"$1"-1*."$(uname -m)".rpm)
}
build "$version"
newer=$package
[ -e "$newer" ] || finish
sed -i 's/^%check$/&\nexit 0/' "$TMPDIR/build $version/packaging/rpm/keeltune.spec"
build 0.0.9
older=$package

rpm -qp --requires "$newer" >"$TMPDIR/requires"
rpm -qp --recommends "$newer" >"$TMPDIR/recommends"
has "it requires libmnl, which is loaded by name" "libmnl.so.0" "$TMPDIR/requires"
has "and libconfuse, which is linked" "libconfuse.so.2" "$TMPDIR/requires"
check "it recommends procps' library" grep -qE '^libproc2?(ps)?\.so' "$TMPDIR/recommends"
rpm -qp --filetriggers "$newer" >"$TMPDIR/triggers"
has "file triggers: installed" "transfiletriggerin" "$TMPDIR/triggers"
has "file triggers: removed" "transfiletriggerpostun" "$TMPDIR/triggers"
has "they are about sysctl.d" /etc/sysctl.d "$TMPDIR/triggers"
rpm -qp --configfiles "$newer" >"$TMPDIR/config"
echo /etc/keeltune/keeltune.conf >"$TMPDIR/want"
same "configuration is in /etc/keeltune alone" "$TMPDIR/want" "$TMPDIR/config"
has "and is not replaced" "cn" <(rpm -qp --qf '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' "$newer" | grep keeltune.conf)
if command -v rpmlint >/dev/null; then
	# A directory of root's alone is meant; a signature, a packager and a group are the distributor's.
	rpmlint "$newer" 2>/dev/null | grep ': E: ' | grep -vE 'non-standard-dir-perm /var/lib/keeltune|no-(signature|packager-tag|group-tag)' >"$TMPDIR/rpmlint"
	same "rpmlint has no errors" /dev/null "$TMPDIR/rpmlint"
fi

mkdir -p "$TMPDIR/other/etc/sysctl.d"
echo 'net.ipv4.tcp_keepalive_time = 7200' >"$TMPDIR/other/etc/sysctl.d/zzz-other.conf"
cat >"$TMPDIR/other.spec" <<SPEC
Name: other
Version: 1
Release: 1
Summary: drops a file
License: MIT
BuildArch: noarch
%description
drops a file
%install
cp -a $TMPDIR/other/etc %{buildroot}
%files
/etc/sysctl.d/zzz-other.conf
SPEC
check "another package" rpmbuild --nodeps -bb --define "_topdir $TMPDIR/rpmbuild" "$TMPDIR/other.spec"

enter bookworm clean systemd || finish
check "what it depends on is there" in_root apt-get -qq -y install libconfuse2 libjansson4 libmd0 libmnl0 libproc2-0
# shellcheck disable=SC2317 # called by expect
rpm_in() {
	rpm --root "$root" --nodeps "$@"
}
expect 0 "an older version is installed" rpm_in -i "$older"
check "the state is root's alone" test "$(stat -c '%a %U' "$root/var/lib/keeltune")" = "700 root"
expect 1 "audit" in_root keeltune audit
expect 0 "apply, for the next boot" in_root keeltune apply --persistent -q
echo "# by the administrator" >>"$root/etc/keeltune/keeltune.conf"
expect 0 "upgraded" rpm_in -U "$newer"
has "the new version runs" "keeltune $version" <(in_root keeltune --version)
has "keeltune.conf is the administrator's" "by the administrator" "$root/etc/keeltune/keeltune.conf"
expect 0 "what the older version applied can be undone" in_root keeltune rollback --dry-run
expect 0 "a package that puts a file into sysctl.d" rpm_in -i "$TMPDIR/rpmbuild/RPMS/noarch/other-1-1.noarch.rpm"
has "the trigger names the line" "/etc/sysctl.d/zzz-other.conf:1" <(cat "$out" "$err")
expect 0 "erased" rpm_in -e keeltune
has "it says what is not undone" "not undone: 1" <(cat "$out" "$err")
check "the program is gone" test ! -e "$root/usr/sbin/keeltune"
check "state and settings are not" test -d "$root/var/lib/keeltune/rollback" -a -e "$root/etc/sysctl.d/99-zz-keeltune.conf"
leave
finish
