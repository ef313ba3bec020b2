#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # jq filters; functions that take options or none
# keeltune sockets names the right cause for every server of the laboratory, over IPv4 and IPv6.

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
echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout

every_variant() {
	variant fixed -n 5
	clients 5
	settled
	sockets
	says "nobody leaks" '$all == [] and (.states.CLOSE_WAIT // 0) == 0'
	says "no advice" '$p == null or ($p | ids) == []'
	dismiss

	variant read-once -n 5
	clients 5
	settled
	sockets
	says "five, keepalive off" '$p.comm == "read-once" and $p.close_wait == 5 and $p.unread_bytes == 0 and
		$p.keepalive.on == 0 and $p.keepalive.off == 5 and $p.shared == 0 and $p.listen_full == 0'
	says "the histogram has them" '.states.CLOSE_WAIT == 5 and .states.LISTEN == 1'
	says "read, but not to the end" '$p.never_read == 5 and $p.not_closed == 0 and ($p | ids | (index("read-to-eof") != null) and index("close-after-eof") == null)'
	says "keepalive is no help" '$p | ids | (index("keepalive-off") != null) and index("keepalive-hides") == null'
	says "of an age that can be" '$p.oldest_s | . != null and . <= 20'
	says "its user" '$p.user == "root"'
	says "descriptors" '$p.fds.used == 12 and $p.fds.soft >= 1024 and $p.fds.hard >= $p.fds.soft'
	dismiss

	variant never-reads -n 5
	clients -s 1000 5
	settled
	sockets
	says "five, each 1000 unread bytes" '$p.close_wait == 5 and $p.unread_bytes == 5000'
	says "never read" '$p | ids | (index("read-to-eof") != null) and index("close-after-eof") == null'
	dismiss

	variant reads-to-eof -n 5
	clients -s 3000 5
	settled
	sockets
	says "five, nothing unread" '$p.close_wait == 5 and $p.unread_bytes == 0'
	says "seen the end, not closed" '$p.not_closed == 5 and $p.never_read == 0 and
		($p | ids | (index("close-after-eof") != null) and index("read-to-eof") == null)'
	dismiss

	variant workers -n 5 -w 2
	clients 5
	settled
	sockets
	says "three holders, each socket counted for each" '[$all[] | [.comm, .close_wait, .shared]] == [["workers", 5, 5], ["workers", 5, 5], ["workers", 5, 5]]'
	says "and once in the histogram" '.states.CLOSE_WAIT == 5'
	says "shared" '$all | all(ids | index("shared-sockets") != null)'
	sockets --pid "$server"
	says "asked for one, still shared" '$p.close_wait == 5 and $p.shared == 5'
	dismiss

	variant thread -n 5
	clients 5
	settled
	sockets
	says "in the table of a thread" '$p.close_wait == 5 and .unattributed.thread_table == 5'
	sockets --pid "$server"
	says "asked for it alone, too" '$p.close_wait == 5 and .states.CLOSE_WAIT == 5'
	dismiss

	variant headless -n 5
	clients 5
	settled
	sockets
	says "the first thread has ended" '$p.close_wait == 5 and $p.fds.used >= 5'
	sockets --pid "$server"
	says "asked for it alone, too" '$p.close_wait == 5 and $p.fds.used >= 5 and (.descriptors | map(.used) | . == [$p.fds.used])'
	expect 1 "$about: its use is checked" kt sockets --pid "$server" --check 'fds>=5'
	dismiss

	variant in-flight -n 5
	clients 5
	settled
	sockets
	says "held by no descriptor" '$all == [] and .unattributed.in_flight == 5 and .states.CLOSE_WAIT == 5'
	dismiss

	variant never-accepts -b 8
	clients 5
	sockets
	says "never accepted" '.unattributed.never_accepted == 5 and .states.CLOSE_WAIT == 5'
	says "the listener is named" '$p.comm == "never-accepts" and ($p | ids | index("accept-stuck") != null)'
	says "its queue is not full" '$p.listen_full == 0 and $p.never_accepted == 5 and ($p | ids | index("listen-full") == null)'
	dismiss

	variant never-accepts -b 2
	clients 3
	sockets
	says "a full accept queue" '$p.listen_full == 1 and ($p | ids | index("listen-full") != null)'
	dismiss

	variant read-once -c emfile -n 100 -l 16
	clients 14
	await emfile
	sockets
	says "no descriptor left" '$p.comm == "emfile" and $p.fds.used == 16 and $p.fds.soft == 16 and $p.close_wait > 0'
	says "so accept() is stuck" '$p | ids | index("accept-stuck") != null'
	says "raise the limit" '$p.advice[] | select(.id == "raise-nofile") | .command | test("^keeltune sockets relieve --pid [0-9]+ --nofile [0-9]+\n")'
	says "all are accounted for" '$p.close_wait + .unattributed.never_accepted == .states.CLOSE_WAIT and .states.CLOSE_WAIT == 14'
	dismiss
}

for listen in 127.0.0.1 ::1 ::; do
	ADDRESS=$listen
	[ $listen != :: ] || ADDRESS=127.0.0.1
	every_variant
done

# --- Keepalive

# shellcheck disable=SC2317 # within calls it
gone_from_ss() {
	! ss -Htn state close-wait | grep -q .
}

listen=127.0.0.1 ADDRESS=127.0.0.1
variant read-once -k -c on -n 5
clients 5
settled
sockets
says "keepalive on" '$p.keepalive.on == 5 and $p.keepalive.off == 0 and
	($p | ids | (index("keepalive-hides") != null) and index("keepalive-off") == null)'
echo 600 >/proc/sys/net/ipv4/tcp_keepalive_time
sockets
says "still on the value of before" '$p | ids | index("keepalive-old-value") != null'
dismiss

for ADDRESS in 127.0.0.1 ::1; do
	listen=$ADDRESS
	keepalive 1 1 1
	variant read-once -k -c dead -n 5
	clients 5
	settled
	within 5 gone_from_ss
	sockets
	says "died of keepalive, and the descriptors are not back" '$p.comm == "dead" and $p.close_wait == 0 and
		$p.fds.used == 12 and (.states.CLOSE_WAIT // 0) == 0'
	says "dead sockets" '$p.dead == 5 and ($p | ids | index("dead-sockets") != null)'
	sockets --pid "$server"
	says "asked for alone" '$p.dead == 5 and ($p | ids | index("dead-sockets") != null)'
	dismiss

	keepalive 2 75 9
	variant fixed -c half-open -n 5
	crowd_of -d 5
	sleep 2.2
	sockets
	says "half-open" '$p.comm == "half-open" and $p.half_open == 5 and ($p | ids | index("half-open") != null) and .states.ESTABLISHED == 10'
	dismiss
	keepalive 2 75 9
	variant fixed -k -c watched -n 5
	crowd_of 5
	sleep 2.2
	sockets
	says "not with keepalive" '[.processes[] | select(.comm == "watched") | ids | index("half-open")] | all(. == null)'
	dismiss
	keepalive 7200 75 9
done

all_valid
finish
