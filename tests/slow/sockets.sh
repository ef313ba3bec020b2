#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # jq filters; functions that take options or none
# keeltune sockets with as many sockets and processes as a large host has: 500,000 CLOSE_WAIT, every one of
# them attributed, and a /proc of 100,000 processes; at most 64 MiB of memory.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
# shellcheck source=tests/integration/sockets-lib.sh
. "$SRCDIR/tests/integration/sockets-lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"
listen=127.0.0.1 server=0
echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout

# within_64_mib NAME CMD...: its peak resident set
within_64_mib() {
	local name=$1 peak status
	shift
	read -r _ _ peak status _ < <("$BUILDDIR/tests/spawn-time" 1 "$@")
	check "$name: $((peak / 1024)) MiB, exit $status" test "$peak" -le 65536
}

# A crowd that may take longer to gather than other programs of the laboratory.
gather() {
	lab_start "$BUILDDIR/tests/crowd" "$@"
	for _ in 1 2 3 4 5 6; do
		! await ready 2>/dev/null || break
	done
	await ready || exit 2
	sleep 1.5 # until the peers in FIN_WAIT2 are forgotten
}

about="500,000 sockets"
if [ "$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -lt 6000 ]; then
	skip "$about" "less than 6 GiB of memory are available"
elif [ "$(ulimit -Hn)" -lt 10100 ]; then
	skip "$about" "a process may have $(ulimit -Hn) descriptors"
else
	gather -p 50 -w 10000 -n flood
	sockets
	says "all counted" '.states.CLOSE_WAIT == 500000 and .states.LISTEN == 50'
	says "all attributed, half of them with one unread byte" '[$all[] | [.close_wait, .unread_bytes]] | unique == [[10000, 5000]]'
	says "to 50 processes" '$all | length == 50 and all(.comm | startswith("flood-"))'
	says "none left over" '[.unattributed | to_entries[] | select(.key != "not_permitted") | .value] | add == 0'
	within_64_mib "as JSON" "$KEELTUNE" sockets -f json
	within_64_mib "as text" "$KEELTUNE" sockets
	within_64_mib "as nobody" setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" sockets
	dismiss
fi

about="100,000 processes"
mkdir "$TMPDIR/real" "$TMPDIR/tree"
serve -n 3 -c one-of-many reads-to-eof
clients 3
settled
mount -t proc proc "$TMPDIR/real"
mount -t tmpfs -o nr_inodes=0 tree "$TMPDIR/tree"
/usr/bin/python3 tests/lab/proc-tree.py "$TMPDIR/tree" 100000 "$TMPDIR/real" $$ "$server"
cat >"$TMPDIR/in-tree.sh" <<'SH'
mount --rbind "$TMPDIR/tree" /proc
exec "$@"
SH
expect 0 "$about" unshare --mount sh "$TMPDIR/in-tree.sh" "$KEELTUNE" sockets -f json
cp "$out" "$TMPDIR/reports/many.json"
says "the one that leaks is found" '$p.comm == "one-of-many" and $p.close_wait == 3'
expect 0 "memory" unshare --mount sh "$TMPDIR/in-tree.sh" "$BUILDDIR/tests/spawn-time" 1 "$KEELTUNE" sockets
check "$about: $(cut -d' ' -f3 "$out") KiB" test "$(cut -d' ' -f3 "$out")" -le 65536
dismiss

all_valid
finish
