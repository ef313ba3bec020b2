#!/bin/bash
# SPDX-License-Identifier: MIT
# keeltune sockets names the right cause for every server of the laboratory, over IPv4 and IPv6.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
# shellcheck source=tests/lab/lab.sh
. "$SRCDIR/tests/lab/lab.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

ipv4=/proc/sys/net/ipv4
echo 1 >$ipv4/tcp_fin_timeout

# sockets ARG...: a report; it is kept for the schema.
reports=0
mkdir -p "$TMPDIR/reports"
sockets() {
	kt sockets -f json "$@" >"$out" 2>"$err"
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
}

# says NAME FILTER: FILTER is true of the report; in it $p is the process of the server, or null.
says() {
	json "$name: $1" "(.processes | map(select(.pid == $server)) | first) as \$p | $2"
}

# silent: nobody leaks.
silent() {
	says "nobody has CLOSE_WAIT" '[.processes[] | select(.close_wait > 0)] == [] and (.states.CLOSE_WAIT // 0) == 0'
}

# advice ID [not]
advised() {
	says "advice $1" "\$p.advice | map(.id) | index(\"$1\") != null"
}

not_advised() {
	says "no advice $1" "\$p == null or (\$p.advice | map(.id) | index(\"$1\") == null)"
}

# server OPTION... VARIANT; then clients; then a report.
each_variant() {
	name="fixed, $1"
	serve -a "$listen" -n 5 fixed
	clients 5
	settled
	sockets
	silent
	dismiss

	name="read-once, $1"
	serve -a "$listen" -n 5 read-once
	clients 5
	settled
	sockets
	says "five, read and not to the end, keepalive off" '$p.comm == "read-once" and $p.close_wait == 5 and
		$p.unread_bytes == 0 and $p.keepalive == {on: 0, off: 5, unknown: 0} and $p.shared == 0 and
		$p.read_to_eof == 0 and $p.not_read_to_eof == 5'
	advised close-missing
	advised keepalive-off
	dismiss

	name="never-reads, $1"
	serve -a "$listen" -n 5 never-reads
	clients -s 1000 5
	settled
	sockets
	says "five, 5000 unread bytes" '$p.close_wait == 5 and $p.unread_bytes == 5000'
	dismiss

	name="reads-to-eof, $1"
	serve -a "$listen" -n 5 reads-to-eof
	clients 5
	settled
	sockets
	says "five that saw the end" '$p.close_wait == 5 and $p.unread_bytes == 0'
	dismiss
}

for listen in 127.0.0.1 ::1 ::; do
	ADDRESS=$listen
	[ $listen != :: ] || ADDRESS=127.0.0.1
	each_variant "$listen"
done
finish
