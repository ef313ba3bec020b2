#!/bin/bash
# SPDX-License-Identifier: MIT
# `make lab`: leaking servers and their clients in namespaces of their own, what keeltune says of each, and
# what the keepalive values change. Takes about a minute, needs no root where user namespaces are allowed,
# changes nothing outside, and everything it starts ends with it, on Ctrl-C too.

set -u
cd "$(dirname "$0")/../.." || exit 2
BUILDDIR=$(realpath "${BUILDDIR:-build}")
KEELTUNE=$(realpath "${KEELTUNE:-$BUILDDIR/keeltune}")
export BUILDDIR KEELTUNE

if [ -z "${LAB_INSIDE-}" ]; then
	TMPDIR=$(mktemp -d) && trap 'rm -rf "$TMPDIR"' EXIT
	trap : INT TERM # what runs below ends first
	export TMPDIR
	root=()
	[ "$(id -u)" = 0 ] || root=(--map-root-user)
	namespaces=(unshare "${root[@]}" --mount --net --pid --uts --fork --kill-child --mount-proc)
	if ! why=$("${namespaces[@]}" true 2>&1); then
		echo "The laboratory needs namespaces of its own, and cannot have them here: $why" >&2
		exit 1
	fi
	LAB_INSIDE=1 timeout --foreground -k 2 150 "${namespaces[@]}" "$0" "$@"
	exit
fi
trap 'exit 130' INT TERM

# shellcheck source=tests/lab/lab.sh
. tests/lab/lab.sh

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m' color=always
else
	bold='' dim='' plain='' color=never
fi
number=0

heading() {
	printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# variant NAME TEXT: the next server and what it does.
variant() {
	number=$((number + 1))
	printf '\n%s%d. %s%s  %s\n' "$bold" $number "$1" "$plain" "$2"
}

# diagnosis ARG...: what keeltune says.
diagnosis() {
	printf '%s   $ keeltune sockets %s%s\n' "$dim" "$*" "$plain"
	"$KEELTUNE" --color $color sockets "$@" 2>&1 | sed 's/^/   /'
}

# relief ARG...: of a running server, with its record in a directory that ends with the laboratory.
relief() {
	printf '%s   $ keeltune sockets relieve %s%s\n' "$dim" "$*" "$plain"
	"$KEELTUNE" --color $color sockets relieve "$@" 2>&1 | sed 's/^/   /'
}

keepalive() {
	local key value
	for key in time intvl probes; do
		value=$1
		shift
		echo "$value" >/proc/sys/net/ipv4/tcp_keepalive_$key
	done
}

hostname laboratory
for directory in /var/lib /run; do
	mount -t tmpfs laboratory $directory || exit # not the records of this host
done
ip link set lo up
echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout # peers that left are soon forgotten by their kernel

echo "${bold}The laboratory${plain}: servers that leak sockets, in namespaces that end with this script."
echo "In the background, three servers with keepalive have started: part 2 needs them to wait for 50 seconds."

# --- The long ones first

runs=("3 2 1" "3 2 2" "3 15 3")
for run in "${runs[@]}"; do
	# shellcheck disable=SC2086,SC2016 # three values
	unshare --net sh -c 'ip link set lo up && exec "$0" run "$@"' "$BUILDDIR/tests/keepalive-lab" $run \
		>"$TMPDIR/run ${run// /-}" &
done

heading "Part 1: who leaks, and why"
echo "Eight clients connect, send one byte and leave. What does the server do with their connections?"

variant fixed "reads until read() returns 0, then closes."
serve -n 8 fixed
clients 8
settled
diagnosis --pid "$server"
dismiss

variant read-once "reads once, answers perhaps, and never closes: the leak of a thousand questions on the web."
serve -n 8 read-once
clients 8
settled
diagnosis --pid "$server"
dismiss

variant never-reads "accepts and never looks at the connection again."
serve -n 8 never-reads
clients -s 4096 8
settled
diagnosis --pid "$server"
dismiss

variant reads-to-eof "sees the end of each connection and forgets to close it."
serve -n 8 reads-to-eof
clients 8
settled
diagnosis --pid "$server"
dismiss

variant never-accepts "is stuck: it listens, the kernel accepts for it, nobody takes the connections."
serve -b 4 never-accepts
clients 5
diagnosis --port "$port"
dismiss

variant emfile "is read-once with a limit of 16 descriptors: after nine leaks accept() fails."
serve -l 16 -n 100 -c emfile read-once
clients 16
await emfile
diagnosis --pid "$server"
echo "   Its limit is raised while it runs: it accepts again. The leak goes on, of course."
relief --pid "$server" --nofile 64
sleep 0.3
diagnosis --pid "$server"
dismiss

variant workers "is reads-to-eof with two workers that have inherited the sockets: one leak, three holders."
serve -n 8 -c workers workers
clients 8
settled
diagnosis --port "$port"
dismiss

keepalive 1 1 1
variant keepalive "is read-once with SO_KEEPALIVE, and the shortest keepalive there is (1/1/1). At first:"
serve -k -n 8 -c keepalive read-once
clients 8
settled
diagnosis --pid "$server"
sleep 3
echo "   Three seconds later. No CLOSE_WAIT is left, so netstat and ss show nothing. The descriptors are not back:"
diagnosis --pid "$server"
dismiss

keepalive 2 75 9
variant half-open "is innocent: its eight peers vanished without a word, and keepalive is off (tcp_keepalive_time: 2 s)."
serve -n 8 -c half-open fixed
crowd_of -d 8
sleep 2.2
diagnosis --pid "$server"
echo "   Its sockets get keepalive while it runs. Three seconds later it has noticed, and closed them itself:"
relief --pid "$server" --keepalive 1:1:2
sleep 3.5
diagnosis --pid "$server"
dismiss

# --- Part 2

heading "Part 2: what 120/2/1, 600/2/2 and 1800/15/3 change"
echo "Measured in this minute. To be done in it, the idle time is cut: 3 s instead of 120, 600 and 1800;"
echo "interval and number of probes are the real ones. (tcp_keepalive_time/intvl/probes)"
wait

# row TEXT CASE WORD: WORD with the seconds that CASE took under each setting.
row() {
	local run name when _ cells=()
	for run in "${runs[@]}"; do
		while read -r name when _; do
			[ "$name" = "$2" ] || continue
			[ "$when" != never ] && cells+=("$3 $when s") || cells+=("$4")
		done <"$TMPDIR/run ${run// /-}"
	done
	printf '  %-50s %-14s %-14s %-14s\n' "$1" "${cells[@]}"
}

echo
printf "  $bold%-50s %-14s %-14s %-14s$plain\n" "" 120/2/1 600/2/2 1800/15/3
printf '  %-50s %-14s %-14s %-14s\n' "run here as" 3/2/1 3/2/2 3/15/3
row "half-open peer, SO_KEEPALIVE on: read() fails" half-open-on after never
printf '  %-50s %-14s %-14s %-14s\n' "  with the real idle time, computed:" "after 122 s" "after 604 s" "after 1845 s"
row "half-open peer, SO_KEEPALIVE off" half-open-off after never
row "CLOSE_WAIT, SO_KEEPALIVE on: leaves netstat" close-wait-on after never
open=$(cat "$TMPDIR"/run\ * | grep -c '^close-wait-on .* open$')
printf '  %-50s %s\n' "  but its descriptor" "is still in use in $open of 3"
row "CLOSE_WAIT, SO_KEEPALIVE off" close-wait-off after never
row "healthy peer, unreachable for 2 s at the probe" outage-short "killed," lives
row "healthy peer, unreachable for 4 s at the probe" outage-long "killed," lives

echo
echo "The real idle times, as the kernel's timers show them without waiting (/proc/net/tcp):"
echo
while read -r value new old; do
	printf '  tcp_keepalive_time = %-5s a new connection is probed in %s s, one opened before, at 7200, still in %s s\n' \
		"$value" "$new" "$old"
done < <("$BUILDDIR/tests/keepalive-lab" timers 120 600 1800)

cat <<-END

	${bold}So${plain}
	  - Keepalive finds peers that vanished, if the program asked for it with SO_KEEPALIVE. That is its use.
	  - It gives no descriptor of a CLOSE_WAIT socket back. Only close() does, or the end of the process.
	  - 120/2/1 kills a healthy connection for one lost probe; 1800/15/3 forgives half a minute.
	  - A lower tcp_keepalive_time reaches connections that are already open when their old timer runs out.
END
