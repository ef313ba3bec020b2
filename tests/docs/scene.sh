# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the documents are about: the host web1 with Debian 12, a user alice, and shop.service, whose program shopd
# does not close connections and has just run out of descriptors. Source it after tests/lib.sh, ns.sh and host.sh.
#
# scene          makes that of a private copy of this host; programs that cannot run there are replaced by
#                those of tests/docs/programs
# leak COUNT     COUNT clients of shopd come and leave

scene() {
	known_host
	ulimit -Sn 1024 && ulimit -Hn 16384 || exit 1
	hostname web1
	# Process 1 as systemd would be: its name, and that it may do all.
	printf systemd >/proc/1/comm
	sed 's/^CapBnd:.*/CapBnd:\t000001ffffffffff/' /proc/1/status >/tmp/status
	mount --bind /tmp/status /proc/1/status
	rm -f /etc/os-release /etc/sysctl.conf
	printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' >/etc/os-release
	echo 4a3c2e5f60718293a4b5c6d7e8f90123 >/etc/machine-id
	printf 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nalice:x:1000:1000::/:/bin/bash\n' >/etc/passwd
	printf 'root:x:0:\ndaemon:x:1:\nalice:x:1000:\n' >/etc/group
	printf 'root:*:19000:0:99999:7:::\nalice:*:19000:0:99999:7:::\n' >/etc/shadow
	rm -f /etc/pam.d/* /etc/sudoers
	mount -t tmpfs scene /sys/fs/cgroup
	mkdir -p /sys/fs/cgroup/system.slice/shop.service
	touch /sys/fs/cgroup/cgroup.controllers
	local service
	for service in login sshd su; do
		printf '%s\n' 'auth sufficient pam_rootok.so' 'auth required pam_unix.so' 'account required pam_unix.so' \
			'session required pam_limits.so' 'session required pam_unix.so' >/etc/pam.d/$service
	done
	rm -rf /etc/systemd
	mkdir -p /etc/systemd/system /run/systemd/system /run/netns /tmp/bin
	printf "[Manager]\nDefaultLimitNOFILE=1024:16384\n" >/etc/systemd/system.conf
	printf '[Unit]\nDescription=the shop\n\n[Service]\nExecStart=/usr/local/bin/shopd\n' >/etc/systemd/system/shop.service
	touch -d "2026-01-05 12:00:00" /etc/systemd/system.conf /etc/systemd/system/shop.service
	cp "$BUILDDIR/tests/leak-server" /usr/local/bin/shopd
	cp "$SRCDIR/tests/docs/programs/"* /tmp/bin/
	ln -s "$KEELTUNE" /tmp/bin/keeltune
	PATH=/tmp/bin:$PATH
	export PATH
	systemctl restart shop.service || exit 1
	local _
	for _ in $(seq 100); do
		ss -Hltn 'sport = :8080' | grep -q . && return
		sleep 0.02
	done
	exit 1
}

leak() {
	"$BUILDDIR/tests/lab-clients" 127.0.0.1 8080 "$1" >/dev/null
	sleep 1 # of which second something is must not matter
}
