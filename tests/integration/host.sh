# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # lib.sh sets $out and $err
# What the tests of whole commands share. Source it after tests/lib.sh and ns.sh.
#
# private_host "$0"      the rest of the script runs on a private copy of this host; outside, a last
#                        check that this host is as before
# known_host             puts the private copy into the state that the tests begin with
# kt ARG...              keeltune, bounded in time
# prints STATUS NAME TEXT CMD...      expect, and the standard output has TEXT (an empty TEXT: nothing)
# complains STATUS NAME TEXT CMD...   the same of standard error
# json NAME FILTER       $out is JSON for which the jq FILTER is true
# targets                everything that keeltune may change, with all attributes; compare with unchanged
# stamps                 the same with inodes and times: was anything even touched?
# unchanged NAME FILE    targets are what FILE says
# keys                   the three keepalive values of the running kernel
# newest                 the id of the newest rollback file
# profile NAME           standard input becomes a profile
# traced FILTER CMD...   CMD under strace; the calls are in $trace

trace=$TMPDIR/trace
# shellcheck disable=SC2034 # tests read it
state=/var/lib/keeltune/rollback

marks() {
	cat /proc/sys/net/ipv4/tcp_keepalive_* /proc/sys/fs/file-max /proc/sys/fs/nr_open
	find /etc/sysctl.conf /etc/sysctl.d /etc/security /etc/pam.d /etc/systemd /etc/keeltune /var/lib/keeltune \
		/run/keeltune.lock -printf '%p %i %m %s %T@\n' 2>/dev/null | sort
}

private_host() {
	[ -z "${NS_INSIDE-}" ] || return 0
	local status=0
	ns_require
	marks >"$TMPDIR/marks.before"
	# A copy that every user can reach: a checkout may lie in a closed home directory.
	chmod a+x "$TMPDIR"
	mkdir -p "$TMPDIR/all/build"
	chmod 755 "$TMPDIR/all" "$TMPDIR/all/build"
	install -m 755 "$KEELTUNE" "$TMPDIR/all/build/"
	cp -r "$SRCDIR/profiles" "$TMPDIR/all/"
	chmod -R u+rwX,go+rX,go-w "$TMPDIR/all"
	KEELTUNE=$TMPDIR/all/build/${KEELTUNE##*/}
	export KEELTUNE
	ns_run bash "$(realpath "$1")" || status=$?
	marks >"$TMPDIR/marks.after"
	same "the host itself is as before" "$TMPDIR/marks.before" "$TMPDIR/marks.after"
	[ "$status" = 0 ] || exit "$status"
	finish
}

known_host() {
	rm -rf /etc/sysctl.conf /etc/sysctl.d /etc/security/limits.d /etc/keeltune /var/lib/keeltune /run/sysctl.d
	mkdir -p /etc/sysctl.d /etc/security/limits.d /etc/keeltune/profiles /etc/pam.d
	printf '# local\nkernel.panic = 10\n' >/etc/sysctl.conf
	printf '# <domain> <type> <item> <value>\n' >/etc/security/limits.conf
	printf 'auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_unix.so\n' >/etc/pam.d/login
	chmod 604 /etc/pam.d/login
	chgrp daemon /etc/pam.d/login
	printf 'session optional pam_permit.so\n' >/etc/pam.d/other
	rm -f /etc/pam.d/sshd
	echo 7200 >/proc/sys/net/ipv4/tcp_keepalive_time
	echo 75 >/proc/sys/net/ipv4/tcp_keepalive_intvl
	echo 9 >/proc/sys/net/ipv4/tcp_keepalive_probes
	echo 9223372036854775807 >/proc/sys/fs/file-max
	echo 1048576 >/proc/sys/fs/nr_open
	# Three sysctls, a limit and a PAM line.
	profile small <<-'PROFILE'
		sysctl "net.ipv4.tcp_keepalive_time"   { value = 1800 at_most = 1800 }
		sysctl "net.ipv4.tcp_keepalive_intvl"  { value = 15 at_most = 15 }
		sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_least = 2 at_most = 5 }
		limits "*" { item "nofile" { soft = 4096 hard = 4096 at_least = 4096 } }
		pam "login" { module = "pam_limits.so" }
	PROFILE
	# One key, for tests that need no more.
	profile time <<-'PROFILE'
		sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }
	PROFILE
}

profile() {
	{
		printf 'format = 1\nname = "%s"\n' "$1"
		cat
	} >"/etc/keeltune/profiles/$1.conf"
}

kt() {
	timeout -k 5 60 "$KEELTUNE" "$@"
}

prints() {
	local status=$1 name=$2 text=$3
	shift 3
	expect "$status" "$name" "$@"
	contains "$name: said" "$text" "$out"
}

complains() {
	local status=$1 name=$2 text=$3
	shift 3
	expect "$status" "$name" "$@"
	contains "$name: said" "$text" "$err"
}

contains() {
	if [ -n "$2" ]; then
		has "$1" "$2" "$3"
	elif [ -s "$3" ]; then
		not_ok "$1" "not silent: $(cat "$3")"
	else
		ok "$1"
	fi
}

json() {
	local message
	if message=$(jq -e "$2" "$out" 2>&1 >/dev/null) && [ -s "$out" ]; then
		ok "$1"
	else
		not_ok "$1" "jq -e '$2': $message $(head -c 2000 "$out")"
	fi
}

list_targets() {
	find /etc/sysctl.conf /etc/sysctl.d /etc/security /etc/pam.d /etc/systemd "$@" 2>/dev/null
}

targets() {
	keys
	list_targets -printf '%p %y %m %u:%g %s %l\n' | sort
	list_targets -type f -print0 | sort -z | xargs -0r sha256sum
	list_targets -print0 | sort -z | xargs -0r getfattr --absolute-names -h -d -m -
}

stamps() {
	list_targets -printf '%p %i %T@ %C@\n' | sort
	find /var/lib/keeltune -printf '%p %i %T@ %C@\n' 2>/dev/null | sort
}

unchanged() {
	targets >"$TMPDIR/targets"
	same "$1" "$2" "$TMPDIR/targets"
}

keys() {
	cat /proc/sys/net/ipv4/tcp_keepalive_{time,intvl,probes} | xargs
}

newest() {
	"$KEELTUNE" history -f json | jq -r '.entries[-1].id'
}

traced() {
	local filter=$1
	shift
	ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" strace -f -qq -e signal=none -s 200 -o "$trace" -e "$filter" "$@"
}
