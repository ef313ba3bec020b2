# shellcheck shell=bash disable=SC1090,SC2016,SC2154 # expanded inside; $new is of ns.sh
# SPDX-License-Identifier: MIT
# A fleet on this machine: hosts that are namespaces, and a controller. Source it after tests/lib.sh and
# tests/integration/ns.sh, then
#
#	fleet_needs PROGRAM...    ends the test when one is missing
#	fleet_enter "$0"          the rest of the script runs in namespaces of its own, which end with it
#	host_start NAME NUMBER    a host, prepared by $fleet/host-setup ($new is its root): own root, /etc, /var, /run, fs.*, net, pid and host name, and an sshd
#	host_stop NAME            its processes end
#	on_host NAME CMD...       CMD in the host, without ssh
#	control_start             from here on control CMD... runs CMD on the controller: a private copy of this
#	                          host on the network of the fleet, with ssh keys and an Ansible configuration
#	inventory NAME...         prints an inventory for Ansible
#	host_image NAME           prints everything that may change on the host: contents, modes, kernel values
#
# The network is a bridge in the script's own net namespace: 10.77.0.0/16, host number N is 10.77.N/250.N%250+2.
# Only $TMPDIR of the host is written to. Each host has a root as tests/integration/ns.sh makes it: what is
# written there is lost at the end; kernel values outside of net.* are read-only or plain files.

fleet=${FLEET:-$TMPDIR/fleet}

fleet_needs() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip_all "there is no $program: scripts/install-packages slow"
	done
	[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
}

fleet_enter() {
	[ -z "${FLEET_INSIDE-}" ] || return 0
	local status=0
	ns_require
	[ "$NS_PROPAGATION" = private ] || skip_all "the root of this host is no mount point"
	FLEET_INSIDE=1 NS_HOST_NET=$(readlink /proc/self/ns/net) TEST_RUN=1 \
		timeout --foreground -k 10 "${FLEET_TIMEOUT:-1500}" unshare --mount --net --pid --ipc --uts --fork --kill-child \
		--propagation private --mount-proc bash "$(realpath "$1")" || status=$?
	[ "$status" != 124 ] || echo "not ok the fleet was stopped after ${FLEET_TIMEOUT:-1500} s"
	exit "$status"
}

fleet_network() {
	mkdir -p "$fleet/ssh"
	chmod 700 "$fleet/ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$fleet/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -f "$fleet/ssh/key"
	ip link set lo up
	ip link add fleet type bridge
	ip address add 10.77.255.1/16 dev fleet
	ip link set fleet up
}

address() {
	echo "10.77.$(($1 / 250)).$(($1 % 250 + 2))"
}

# What becomes of the private root when the host starts; pid 1 of the host.
host_init() {
	. "$NS_LIB"
	ns_set_up
	hostname "$HOST_NAME"
	echo "$HOST_NAME" >"$new/etc/hostname"
	printf '%032x\n' "$((HOST_NUMBER + 4096))" >"$new/etc/machine-id"
	mkdir -p "$new/run/sshd" "$new/etc/ssh"
	install -m 600 "$fleet/ssh/host" "$new/etc/ssh/fleet_host_key"
	install -m 644 "$fleet/ssh/key.pub" "$new/etc/ssh/fleet_keys"
	cat >"$new/etc/ssh/fleet_sshd" <<-'CONFIG'
		HostKey /etc/ssh/fleet_host_key
		AuthorizedKeysFile /etc/ssh/fleet_keys
		PidFile none
		StrictModes no
		UsePAM yes
		PasswordAuthentication no
		PermitRootLogin yes
		UseDNS no
		MaxStartups 100
		Subsystem sftp internal-sftp
	CONFIG
	[ ! -x "$TMPDIR/setup" ] || new=$new "$TMPDIR/setup"
	# The controller's side moves the interface in.
	local tries=0
	until ip link show eth0 >/dev/null 2>&1; do
		[ $((tries += 1)) -lt 200 ] || exit 1
		sleep 0.05
	done
	ip address add "$HOST_ADDRESS/16" dev eth0
	ip link set eth0 up
	exec chroot "$new" env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -e -f /etc/ssh/fleet_sshd
}

# pid 1 reaps what is left to it: a shell that waits for sshd.
host_start() {
	local name=$1 tries=0 pid='' address
	[ -d "$fleet/ssh" ] || fleet_network
	mkdir -p "$fleet/$name"
	[ ! -x "$fleet/host-setup" ] || cp "$fleet/host-setup" "$fleet/$name/setup"
	address=$(address "$2") # no child of the process below
	HOST_NAME=$name HOST_NUMBER=$2 HOST_ADDRESS=$address TMPDIR=$fleet/$name FLEET=$fleet \
		unshare --mount --net --pid --ipc --uts --fork --kill-child --propagation private \
		bash -e -c '. "$1"; host_init & wait $!' host "$FLEET_LIB" >"$fleet/$name.log" 2>&1 &
	echo $! >"$fleet/$name.unshare"
	until pid=$(pgrep -P $! 2>/dev/null) && [ -n "$pid" ]; do
		[ $((tries += 1)) -lt 100 ] || return 1
		sleep 0.02
	done
	echo "$pid" >"$fleet/$name.pid"
	ip link add "h$2" type veth peer name eth0 netns "$pid"
	ip link set "h$2" master fleet up
}

host_stop() {
	kill -KILL "$(cat "$fleet/$1.unshare")"
}

# Waits until the sshd of each host answers.
hosts_ready() {
	local name tries
	for name; do
		tries=0
		until grep -q 'Server listening' "$fleet/$name.log"; do
			if [ $((tries += 1)) -gt 300 ]; then
				echo "# $name does not come up: $(cat "$fleet/$name.log")"
				return 1
			fi
			sleep 0.1
		done
	done
}

on_host() {
	local name=$1
	shift
	nsenter --target "$(pgrep -P "$(cat "$fleet/$name.pid")" | head -n 1)" --mount --net --pid --ipc --uts --root --wd \
		env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

inventory() {
	local name
	for name; do
		echo "$name ansible_host=$(address "$((10#${name//[!0-9]/}))")"
	done
	cat <<-VARIABLES
		[all:vars]
		ansible_user=root
		ansible_python_interpreter=/usr/bin/python3
		ansible_ssh_private_key_file=$fleet/ssh/key
		ansible_ssh_common_args=-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR
	VARIABLES
}

# After the hosts: they would take the controller's mounts for those of this host.
control_start() {
	mkdir -p "$fleet/control"
	TMPDIR_FLEET=$TMPDIR
	TMPDIR=$fleet/control
	ns_set_up
	TMPDIR=$TMPDIR_FLEET
	mkdir -p "$new$fleet" "$fleet/home"
	mount --bind "$fleet" "$new$fleet"
	control_root=$new
}

control() {
	timeout -k 5 "${CONTROL_TIMEOUT:-240}" chroot "$control_root" env -i -C "$fleet/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$fleet/home" LC_ALL=C.UTF-8 \
		ANSIBLE_COLLECTIONS_PATH="$fleet/collections" ANSIBLE_HOST_KEY_CHECKING=false ANSIBLE_NOCOLOR=1 \
		ANSIBLE_SSH_CONTROL_PATH_DIR="$fleet/cp" ANSIBLE_PIPELINING="${PIPELINING:-1}" ANSIBLE_FORKS="${FORKS:-10}" \
		ANSIBLE_TIMEOUT=5 ANSIBLE_DEPRECATION_WARNINGS=0 "$@"
}

host_image() {
	on_host "$1" bash -c '
		cd /
		places="etc var/lib/keeltune run usr/local/sbin usr/local/share/keeltune"
		# What sshd, sudo and su leave behind is no change.
		find $places var/cache/keeltune* -printf "%p %y %m %u:%g %l\n" 2>/dev/null | grep -v "^run/\(sshd\|utmp\|sudo\|motd\)" | sort
		find $places -type f -print0 2>/dev/null | grep -zv "^run/" | sort -z | xargs -0r sha256sum
		cat proc/sys/net/ipv4/tcp_keepalive_{time,intvl,probes} proc/sys/fs/{file-max,nr_open}'
}

FLEET_LIB=$(realpath "${BASH_SOURCE[0]}")
export FLEET_LIB
