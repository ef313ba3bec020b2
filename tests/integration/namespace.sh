#!/bin/bash
# SPDX-License-Identifier: MIT
# ns.sh itself: what is written inside reaches nothing of the host.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"

host_state() {
	cat /proc/sys/fs/file-max /proc/sys/fs/nr_open /proc/sys/net/ipv4/tcp_keepalive_time \
		/proc/sys/vm/swappiness /proc/sys/kernel/hostname
	ls -la --time-style=full-iso /etc /etc/security /usr/sbin /var/lib /root 2>&1
	grep -c . /proc/self/mountinfo
}

inside() {
	echo 1800 >/proc/sys/net/ipv4/tcp_keepalive_time
	echo 70000 >/proc/sys/fs/file-max
	hostname kt-inside 2>/dev/null || :
	mkdir -p /var/lib/keeltune /etc/keeltune
	touch /etc/ns-was-here /etc/security/ns-was-here /usr/sbin/ns-was-here /root/ns-was-here
	echo "*    hard    nofile    77" >/etc/security/limits.conf
	mount -t tmpfs inside /mnt
	echo "$$ $(cat /proc/sys/net/ipv4/tcp_keepalive_time /proc/sys/fs/file-max | xargs)" >"$TMPDIR/inside"
	(: >/proc/sys/vm/swappiness) 2>/dev/null && echo "vm is writable" >>"$TMPDIR/inside"
	(: >"$SRCDIR/ns-was-here") 2>/dev/null && echo "the tree is writable" >>"$TMPDIR/inside"
	(: >/sys/kernel/mm/transparent_hugepage/enabled) 2>/dev/null && echo "/sys is writable" >>"$TMPDIR/inside"
	sleep 1000 &
	exit 7
}

if [ "${1-}" = inside ]; then
	inside
fi
host_state >"$TMPDIR/before"
expect 7 "the status of the command comes back" ns_run bash "$(realpath "$0")" inside
printf '1 1800 70000\n' >"$TMPDIR/want"
same "inside, only what is private is writable" "$TMPDIR/want" "$TMPDIR/inside"
host_state >"$TMPDIR/after"
same "the host is as before" "$TMPDIR/before" "$TMPDIR/after"
NS_NR_OPEN=4096 ns_run cat /proc/sys/fs/nr_open >"$TMPDIR/nr_open"
echo 4096 >"$TMPDIR/want"
same "a test chooses fs.nr_open" "$TMPDIR/want" "$TMPDIR/nr_open"
finish
