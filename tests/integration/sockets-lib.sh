# shellcheck shell=bash disable=SC2154 # $out and $err are of lib.sh, $listen of the test
# SPDX-License-Identifier: MIT
# What the tests of `keeltune sockets` share. Source it after host.sh.
#
# variant NAME OPTION...   starts that leak-server on $listen; what is said is then said about it
# sockets OPTION...        a report of keeltune as JSON in $out
# says NAME FILTER         FILTER is true of the report. In it $p is the process of the server, $all those with
#                          CLOSE_WAIT; `ids` gives the advice of a process
# keepalive T I P          sets the three sysctls
# within SECONDS CMD...    waits until CMD is true
# all_valid                every report is what packaging/schemas/sockets.json says

# shellcheck source=tests/lab/lab.sh
. "$SRCDIR/tests/lab/lab.sh"

reports=0
mkdir -p "$TMPDIR/reports"

variant() {
	about="$1, $listen"
	serve -a "$listen" "${@:2}" "$1"
}

sockets() {
	kt sockets -f json "$@" >"$out" 2>"$err" || not_ok "$about: sockets $*" "exited $?: $(cat "$err")"
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
}

says() {
	json "$about: $1" "def ids: [.advice[].id];
		(.processes | map(select(.pid == $server)) | first) as \$p |
		(.processes | map(select(.close_wait > 0))) as \$all | $2"
}

keepalive() {
	echo "$1" >/proc/sys/net/ipv4/tcp_keepalive_time
	echo "$2" >/proc/sys/net/ipv4/tcp_keepalive_intvl
	echo "$3" >/proc/sys/net/ipv4/tcp_keepalive_probes
}

within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -le $end ] || return 1
		sleep 0.05
	done
}

all_valid() {
	check "$reports reports: valid" tests/golden/schema-check "$TMPDIR"/reports/*.json
}
