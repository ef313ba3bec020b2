# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A private copy of this host for tests that change things. Source it after tests/lib.sh, then either
#
#	ns_enter "$0" "$@"      the whole script starts again inside
#	ns_run CMD...           one command runs inside; returns its status
#
# Inside, root changes what keeltune changes and nothing of the host:
#
# - own mount, net, pid, ipc and uts namespaces. CMD is pid 1; what it leaves behind ends with it;
# - the root is an overlay: what is written there is lost at the end. /etc is a plain copy; /run, /tmp,
#   /var/tmp and /dev/shm are empty; /dev has the usual nodes and no log socket; other file systems
#   of the host are read-only, /sys too. Only $TMPDIR is the host's own and writable;
# - no trace of an earlier keeltune: no state directory, no drop-ins, no configuration;
# - /proc/sys/net is that of the net namespace (the kernel's defaults, loopback up) and writable. The rest
#   of /proc/sys is the same in all namespaces and therefore read-only;
# - fs.file-max, fs.nr_open and fs.file-nr are plain files with the values of NS_FILE_MAX, NS_NR_OPEN
#   and NS_FILE_NR. Unlike the kernel's they keep what is not overwritten: O_TRUNC makes them alike.
#
# Before CMD starts, ns_prove tries writes that must fail and gives up if one works. Without root, or
# where namespaces or overlays are not to be had, sourcing this ends the test with status 77 and the
# reason.

NS_FILE_MAX=${NS_FILE_MAX:-9223372036854775807}
NS_NR_OPEN=${NS_NR_OPEN:-1048576}
NS_FILE_NR=${NS_FILE_NR:-$'1024\t0\t9223372036854775807'}
NS_LIB=$(realpath "${BASH_SOURCE[0]}")
export NS_FILE_MAX NS_NR_OPEN NS_FILE_NR NS_LIB

ns_run() {
	# shellcheck disable=SC2016 # expanded inside
	TEST_RUN=1 NS_INSIDE=1 NS_HOST_NET=$(readlink /proc/self/ns/net) \
		unshare --mount --net --pid --ipc --uts --kill-child --propagation "$NS_PROPAGATION" \
		bash -e -c '. "$NS_LIB"; ns_set_up; exec chroot "$new" env -C "$PWD" "$@"' ns "$@"
}

ns_enter() {
	[ -z "${NS_INSIDE-}" ] || return 0
	local script status=0
	script=$(realpath "$1")
	shift
	ns_run bash "$script" "$@" || status=$?
	exit $status
}

# Sets NS_PROPAGATION to what unshare can do here without mounts reaching the host, or ends the test.
ns_require() {
	local why probe=$TMPDIR/.ns-probe
	if [ "$(id -u)" != 0 ]; then
		echo "needs root for namespaces of its own"
		exit 77
	fi
	NS_PROPAGATION=private
	if ! unshare --mount --propagation private true 2>/dev/null; then
		# In a chroot the root is no mount point and cannot be made private: does a mount get out?
		NS_PROPAGATION=unchanged
		mkdir -p "$probe"
		# shellcheck disable=SC2016
		unshare --mount --propagation unchanged sh -c \
			'mount -t tmpfs probe "$1" && touch "$1/seen"' sh "$probe" 2>/dev/null
		if [ -e "$probe/seen" ]; then
			umount "$probe"
			echo "mounts made here would be seen by the host, and the root is no mount point"
			exit 77
		fi
		rmdir "$probe"
	fi
	export NS_PROPAGATION
	if ! why=$(ns_run true 2>&1); then
		echo "cannot make a private copy of this host: $why"
		exit 77
	fi
}

# The mount points at or below DIR, parents first; not those with odd names, which tests do not need.
ns_mounts() {
	awk -v dir="$1" '$5 !~ /\\/ && ($5 == dir || dir == "/" || index($5, dir "/") == 1) { print $5 }' \
		/proc/self/mountinfo
}

ns_read_only() {
	mount --bind "$1" "$1"
	mount -o remount,bind,ro "$1"
}

# Builds the private root in $new, under set -e. Nothing is mounted over, or made in, a directory of the host but
# $TMPDIR/.ns.
ns_set_up() {
	local base=$TMPDIR/.ns point
	new=$base/root
	# A chroot's root stays as ns_require found it; what is mounted below it becomes private.
	[ "$NS_PROPAGATION" = private ] || for point in $(ns_mounts /); do
		mount --make-private "$point"
	done

	mkdir -p "$base"
	mount -t tmpfs -o mode=755 ns "$base"
	mkdir "$base/upper" "$base/work" "$base/fs" "$new"
	mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$new"
	for point in $(ns_mounts /); do
		case $point in
		/ | /etc/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /run | /run/* | /tmp | /tmp/* | "$base"*) ;;
		*)
			mount --bind "$point" "$new$point"
			mount -o remount,bind,ro "$new$point"
			;;
		esac
	done
	ns_set_up_proc
	ns_set_up_dev
	mount --rbind /sys "$new/sys"
	for point in $(ns_mounts "$new/sys"); do
		mount -o remount,bind,ro "$point"
	done

	for point in /etc /run /tmp /var/tmp; do
		mount -t tmpfs -o "mode=$(stat -c %a $point)" ns "$new$point"
	done
	cp -a /etc/. "$new/etc"
	rm -rf "$new/var/lib/keeltune" "$new/etc/keeltune" "$new/etc/sysctl.d/99-zz-keeltune.conf" \
		"$new/etc/security/limits.d/99-zz-keeltune.conf"
	for point in "$SRCDIR" "$BUILDDIR"; do
		[ -d "$point" ] || continue
		mkdir -p "$new$point"
		mount --bind "$point" "$new$point"
		mount -o remount,bind,ro "$new$point"
	done
	mkdir -p "$new$TMPDIR"
	mount --bind "$TMPDIR" "$new$TMPDIR"
	ip link set lo up
	ns_prove
}

ns_set_up_proc() {
	local point
	mount -t proc proc "$new/proc"
	for point in "$new"/proc/sys/* "$new"/proc/{acpi,bus,fs,irq,mtrr,scsi,sysrq-trigger}; do
		[ "${point##*/}" = net ] || [ ! -e "$point" ] || ns_read_only "$point"
	done
	printf '%s\n' "$NS_FILE_MAX" >"$base/fs/file-max"
	printf '%s\n' "$NS_NR_OPEN" >"$base/fs/nr_open"
	printf '%s\n' "$NS_FILE_NR" >"$base/fs/file-nr"
	for point in file-max nr_open file-nr; do
		mount --bind "$base/fs/$point" "$new/proc/sys/fs/$point"
	done
}

ns_set_up_dev() {
	local node
	mount -t tmpfs -o mode=755 ns "$new/dev"
	for node in null zero full random urandom tty; do
		touch "$new/dev/$node"
		mount --bind "/dev/$node" "$new/dev/$node"
	done
	mkdir -m 1777 "$new/dev/shm"
	mkdir "$new/dev/pts"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
	ln -s pts/ptmx "$new/dev/ptmx"
	ln -s /proc/self/fd "$new/dev/fd"
	ln -s fd/0 "$new/dev/stdin"
	ln -s fd/1 "$new/dev/stdout"
	ln -s fd/2 "$new/dev/stderr"
}

# Writing a value that is there already changes nothing, should it succeed.
ns_prove() {
	local key value
	for key in kernel/pid_max vm/swappiness fs/inotify/max_user_instances; do
		value=$(cat "$new/proc/sys/$key") || continue
		if { echo "$value" >"$new/proc/sys/$key"; } 2>/dev/null; then
			echo "/proc/sys/$key of the host is writable" >&2
			exit 1
		fi
	done
	for key in file-max nr_open file-nr; do
		if [ "$(stat -f -c %T "$new/proc/sys/fs/$key")" != tmpfs ]; then
			echo "fs.$key is the host's" >&2
			exit 1
		fi
	done
	if [ "$(readlink /proc/self/ns/net)" = "$NS_HOST_NET" ]; then
		echo "the net namespace is the host's" >&2
		exit 1
	fi
	for key in "$new" "$new/etc" "$new/run"; do
		case $(stat -f -c %T "$key") in
		overlayfs | tmpfs) ;;
		*)
			echo "${key#"$new"}/ is the host's" >&2
			exit 1
			;;
		esac
	done
}

[ -n "${NS_INSIDE-}${NS_PROPAGATION-}" ] || ns_require
