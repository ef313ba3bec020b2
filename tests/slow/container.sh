# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests that boot a Debian under systemd-nspawn; source it after tests/lib.sh.
#
# boot_tree RELEASE           makes build/oracles/booted-RELEASE with mmdebstrap, once: sets $tree; false when
#                             it cannot be had, and $why says it (2 x 250 MB)
# boot_root                   mounts a layer over $tree that is lost in the end: sets $root, empty but for the
#                             tree and tests/slow/guest.sh as /opt/lib.sh. Mounts are this process's alone.
# boot_run GUEST SECONDS      GUEST, a script, runs as a service in every boot of $root, for so long at most,
#                             until it ends with `finish_guest`; what it prints goes into this test
# boot_done                   takes $root away
#
# Nothing of this machine can be changed from there: /proc/sys is read-only but for net, and that is of a
# network namespace of its own.

# shellcheck disable=SC2034 # $why is for the tests
why=
boot_packages=systemd-sysv,dbus,jq,openssh-server,openssh-client,libpam-systemd,procps,libconfuse2,libjansson4,libmd0,libmnl0,libproc2-0

[ "$(id -u)" = 0 ] || skip_all "needs root to boot a container"
for program in systemd-nspawn mmdebstrap; do
	command -v $program >/dev/null || skip_all "there is no $program"
done
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

# Everything below is of this process: its mounts end with it.
if [ -z "${NSPAWN_INSIDE-}" ]; then
	export NSPAWN_INSIDE=1
	exec unshare --mount --propagation private bash "$(realpath "$0")"
fi

# nspawn keeps things of its own there, and removes them before a second boot only from a file system in memory.
mount -t tmpfs none /run

boot_tree() {
	tree=$BUILDDIR/oracles/booted-$1
	[ "$(cat "$tree/.complete" 2>/dev/null)" != "$boot_packages" ] || return 0
	mkdir -p "$BUILDDIR/oracles"
	rm -rf "$tree"
	if ! mmdebstrap --variant=minbase --include="$boot_packages" "$1" "$tree" >"$TMPDIR/mmdebstrap" 2>&1; then
		why="mmdebstrap cannot make $1: $(grep -m 1 '^E:' "$TMPDIR/mmdebstrap")"
		return 1
	fi
	echo "$boot_packages" >"$tree/.complete"
}

boot_root() {
	local layer=$TMPDIR/layer
	root=$TMPDIR/root
	mkdir -p "$layer" "$root"
	mount -t tmpfs none "$layer"
	mkdir "$layer/upper" "$layer/work"
	mount -t overlay -o "lowerdir=$tree,upperdir=$layer/upper,workdir=$layer/work" none "$root" ||
		skip_all "no overlay can be mounted here"
	mkdir -p "$root/opt"
	cp "$SRCDIR/tests/slow/guest.sh" "$root/opt/lib.sh"
	ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
	rm -f "$root/etc/systemd/system/getty.target.wants/"*
}

boot_run() {
	local guest=$1 limit=$2 status=0 log=$root/opt/log
	cp "$guest" "$root/opt/guest.sh"
	cat >"$root/etc/systemd/system/keeltune-test.service" <<-UNIT
		[Unit]
		FailureAction=poweroff-force
		[Service]
		ExecStart=/bin/bash /opt/guest.sh
		StandardOutput=append:/opt/log
		StandardError=inherit
		RuntimeMaxSec=$limit
		KillSignal=SIGKILL
		SuccessExitStatus=SIGKILL
	UNIT
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -sf ../keeltune-test.service "$root/etc/systemd/system/multi-user.target.wants/"
	# 133: it wants to be booted again. Eight times are enough for everybody.
	for _ in {1..8}; do
		status=0
		timeout -k 10 "$limit" systemd-nspawn --quiet --directory="$root" --register=no --keep-unit \
			--private-network --link-journal=no --system-call-filter=pidfd_getfd --console=pipe --boot </dev/null >"$TMPDIR/console" 2>&1 || status=$?
		[ $status = 133 ] || break
	done
	if [ ! -s "$log" ]; then
		why="systemd-nspawn does not boot it here (status $status): $(tr -d '\r' <"$TMPDIR/console" | grep -v '^$' | tail -n 1)"
		return 1
	fi
	cat "$log"
	checks=$((checks + $(grep -c '^ok' "$log")))
	failures=$((failures + $(grep -c '^not ok' "$log")))
	if ! grep -q '^# done$' "$log"; then
		not_ok "all of it ran" "$(tail -n 30 "$TMPDIR/console")"
	fi
}

boot_done() {
	umount "$root" "$TMPDIR/layer"
}
