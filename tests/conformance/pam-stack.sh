#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of PAM stacks against the real libpam, see pam-stack.c: a root directory with nothing but
# libpam, a few modules and that program is made, and the program run in it. Touches nothing else.
#
#	pam-stack.sh [OPTIONS of pam-stack]
#
# PAM_SOURCE=DIR takes libpam, libc and modules from the tree of another system.

. "${SRCDIR:-.}/tests/lib.sh"

enter=()
if [ "$(id -u)" != 0 ]; then
	unshare -r true 2>/dev/null || skip_all "needs root, or user namespaces, for chroot(2)"
	enter=(unshare -r)
fi
program=$BUILDDIR/tests/pam-stack
probe=$BUILDDIR/tests/pam-probe-preload.so
from=${PAM_SOURCE-}
library=$(find "$from"/lib/ "$from"/usr/lib/ "$from"/lib64/ -name libpam.so.0 2>/dev/null | head -n 1)
[ -n "$library" ] || skip_all "there is no libpam.so.0 here"

root=$TMPDIR/root
libraries=$(dirname "${library#"$from"}")
mkdir -p "$root"/{etc/pam.d,etc/alt,usr/lib/pam.d,usr/lib64} "$root/usr/${libraries#/usr/}/security"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
touch "$root/.keeltune-pam-stack"
for module in debug permit deny warn rootok; do
	cp -L "$from$libraries/security/pam_$module.so" "$root$libraries/security" ||
		skip_all "there is no pam_$module.so here"
done
cp "$probe" "$root$libraries/security/pam_limits.so"
cp "$probe" "$root$libraries/security/pam_maybe.so"
if [ -n "$from" ]; then
	cp -L "$from$libraries"/*.so* "$root$libraries"
	cp -L "$from"/usr/lib64/*.so* "$root/usr/lib64"
else
	ldd "$program" "$library" "$root$libraries"/security/*.so | grep -oE '/[^ :]*\.so[^ :]*' |
		sort -u | while read -r file; do
		case $file in "$root"/*) continue ;; esac
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	cp -L "$library" "$root$libraries"
fi
cp "$program" "$root/pam-stack"

count=1500
[ "$TEST_LENGTH" = short ] || count=20000
[ $# -gt 0 ] || set -- --count $count
"${enter[@]}" chroot "$root" /pam-stack "$@"
