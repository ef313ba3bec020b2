# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests about running processes share. Source it after host.sh.
#
# session USER COMMAND   in the background of a session of su; $pid is the process that runs "sleep"
# in_cgroup PATH         as if the process $pid were in it
# end                    of the process $pid, and all others

session() {
	su "$1" -s /bin/bash -c "$2" >"$TMPDIR/session" 2>&1 &
	pid=
	for _ in $(seq 100); do
		sleep 0.05
		pid=$(pgrep -n -u "$1" -x sleep) && break
	done
	[ -n "$pid" ] || not_ok "a session of $1" "$(cat "$TMPDIR/session")"
}

in_cgroup() {
	umount "/proc/$pid/cgroup" 2>/dev/null
	echo "0::$1" >"$TMPDIR/cgroup.$pid"
	mount --bind "$TMPDIR/cgroup.$pid" "/proc/$pid/cgroup"
}

end() {
	umount "/proc/$pid/cgroup" 2>/dev/null
	kill "$pid"
	wait 2>/dev/null
}
