# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests that install packages in other releases of Debian; source it after tests/lib.sh. Needs a
# mount and pid namespace of its own, and root.
#
# enter RELEASE KIND PACKAGES  a layer, lost afterwards, on the tree build/oracles/KIND-RELEASE, which
#                              mmdebstrap makes once, minbase with PACKAGES: sets $root; false when it
#                              cannot be had. /proc is read-only there, so that the kernel keeps its values
# leave                        ends it
# in_root CMD...               runs CMD in it

oracles=$BUILDDIR/oracles

enter() {
	local release=$1 tree=$oracles/$2-$1
	if [ ! -e "$tree/.complete" ]; then
		mkdir -p "$oracles"
		rm -rf "$tree"
		if ! mmdebstrap --variant=minbase ${3:+--include="$3"} "$release" "$tree" >"$TMPDIR/mmdebstrap" 2>&1; then
			skip "Debian $release" "mmdebstrap: $(grep -m 1 '^E:' "$TMPDIR/mmdebstrap")"
			return 1
		fi
		touch "$tree/.complete"
	fi
	layer=$TMPDIR/layer-$release
	root=$TMPDIR/root-$release
	mkdir -p "$layer" "$root"
	mount -t tmpfs none "$layer"
	mkdir "$layer/upper" "$layer/work"
	mount -t overlay -o "lowerdir=$tree,upperdir=$layer/upper,workdir=$layer/work" none "$root" || return 1
	mount -t proc -o ro proc "$root/proc"
	mount --bind /dev "$root/dev"
	apt-config dump | grep -E '^Acquire::(https?|ftp|Check|Retries)' >"$root/etc/apt/apt.conf.d/99-machine"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	if ! in_root apt-get -qq update >"$TMPDIR/apt" 2>&1; then
		skip "Debian $release" "apt: $(tail -n 1 "$TMPDIR/apt")"
		leave
		return 1
	fi
}

leave() {
	umount "$root/dev" "$root/proc" "$root" "$layer"
}

in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
