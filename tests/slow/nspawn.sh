#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits of units on a Debian 12 that systemd-nspawn boots: what keeltune writes against what systemd says
# of it after daemon-reload and restart, and what the processes have; and what `audit --live` says of them.
# tests/slow/nspawn-guest.sh and nspawn-live.sh run inside. The tree is made once by mmdebstrap, build/oracles/booted, and stays as it is: the container
# writes to a layer that is lost. Needs root.

. "${SRCDIR:-.}/tests/lib.sh"

tree=$BUILDDIR/oracles/booted
packages=systemd-sysv,dbus,jq,openssh-server,openssh-client,libpam-systemd,procps,libconfuse2,libjansson4,libmd0,libmnl0,libproc2-0

[ "$(id -u)" = 0 ] || skip_all "needs root to boot a container"
for program in systemd-nspawn mmdebstrap; do
	command -v $program >/dev/null || skip_all "there is no $program"
done
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

if [ "$(cat "$tree/.complete" 2>/dev/null)" != "$packages" ]; then
	mkdir -p "$BUILDDIR/oracles"
	rm -rf "$tree"
	if ! mmdebstrap --variant=minbase --include=$packages bookworm "$tree" >"$TMPDIR/mmdebstrap" 2>&1; then
		skip_all "mmdebstrap cannot make a Debian 12: $(grep -m 1 '^E:' "$TMPDIR/mmdebstrap")"
	fi
	echo "$packages" >"$tree/.complete"
fi

# Everything below is of this process: its mounts end with it.
if [ -z "${NSPAWN_INSIDE-}" ]; then
	export NSPAWN_INSIDE=1
	exec unshare --mount --propagation private bash "$(realpath "$0")"
fi

layer=$TMPDIR/layer
root=$TMPDIR/root
mkdir -p "$layer" "$root"
mount -t tmpfs none "$layer"
mkdir "$layer/upper" "$layer/work"
mount -t overlay -o "lowerdir=$tree,upperdir=$layer/upper,workdir=$layer/work" none "$root" ||
	skip_all "no overlay can be mounted here"
mkdir -p "$root/opt"
cp "$KEELTUNE" "$root/opt/keeltune"
cp "$SRCDIR/tests/slow/nspawn-guest.sh" "$root/opt/guest.sh"
cp "$SRCDIR/tests/slow/nspawn-live.sh" "$root/opt/live.sh"
chroot "$root" /opt/keeltune --version >"$TMPDIR/version" 2>&1 ||
	skip_all "this build does not run on Debian 12: $(tail -n 1 "$TMPDIR/version")"
cat >"$root/etc/systemd/system/keeltune-test.service" <<'UNIT'
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash /opt/guest.sh
StandardOutput=truncate:/opt/log
StandardError=inherit
TimeoutStartSec=150
KillSignal=SIGKILL
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../keeltune-test.service "$root/etc/systemd/system/multi-user.target.wants/"
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
rm -f "$root/etc/systemd/system/getty.target.wants/"*

status=0
timeout -k 10 240 systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network \
	--link-journal=no --system-call-filter=pidfd_getfd --boot </dev/null >"$TMPDIR/console" 2>&1 || status=$?
if [ ! -s "$root/opt/log" ]; then
	skip_all "systemd-nspawn does not boot Debian 12 here (status $status): $(tr -d '\r' <"$TMPDIR/console" | grep -v '^$' | tail -n 1)"
fi
cp "$root/opt/log" "$TMPDIR/log"
cat "$TMPDIR/log"
check "all of it ran" grep -q '^# done$' "$TMPDIR/log"
umount "$root" "$layer"
failures=$((failures + $(grep -c '^not ok' "$TMPDIR/log")))
finish
