#!/bin/bash
# SPDX-License-Identifier: MIT
# What `keeltune sockets` costs, against the commands that people use instead, each scene with real sockets in a
# network and pid namespace of its own, its processes in cgroups of their own as the services of a host
# are. All commands of a scene run in turn. Of each the least time counts, and the least processor time: the
# latter says more on a busy machine. Nothing fails on a time: the ratios stand beside their targets.
#
# BENCH_SOCKET_ROUNDS: runs of each, 5 unless set. BENCH_SOCKETS_MOST: the largest number of sockets,
# 500000 unless set; as many are made as memory allows.

set -u
cd "$(dirname "$0")/../.." || exit 2
BUILDDIR=$(realpath "${BUILDDIR:-build}")
rounds=${BENCH_SOCKET_ROUNDS:-5}
most=${BENCH_SOCKETS_MOST:-500000}
. tests/lib.sh
. tests/integration/ns.sh
ns_enter "$0" "$@"

for program in ss netstat lsof awk; do
	command -v $program >/dev/null || skip_all "bench: sockets: there is no $program to compare with"
done

# --- Scenes

mount_cgroup() {
	mkdir "$TMPDIR/cgroup2"
	if mount -t cgroup2 cgroup2 "$TMPDIR/cgroup2" 2>/dev/null &&
		cgroup=$(mktemp -d "$TMPDIR/cgroup2/keeltune-bench-XXXXXX" 2>/dev/null); then
		return
	fi
	cgroup=
	echo "No cgroup2 can be written here: all processes are in one cgroup, as on no host with services."
}

crowds=()
# crowd OPTION...: returns when its processes and sockets are there.
crowd() {
	local said=$TMPDIR/crowd.${#crowds[@]}
	: >"$said"
	"$BUILDDIR/tests/crowd" ${cgroup:+-g "$cgroup"} "$@" >"$said" 2>&1 &
	crowds+=($!)
	until grep -q . "$said"; do
		sleep 0.05
	done
	grep -qx ready "$said" || give_up "no crowd: $(cat "$said")"
	sleep 1.5 # until the peers in FIN_WAIT2 are forgotten
}

clear_scene() {
	[ ${#crowds[@]} = 0 ] || kill "${crowds[@]}"
	wait
	crowds=()
	[ -z "$cgroup" ] || for _ in $(seq 100); do
		find "$cgroup" -mindepth 1 -type d -exec rmdir {} + 2>/dev/null && break
		sleep 0.1
	done
}

leave() {
	clear_scene 2>/dev/null
	[ -z "$cgroup" ] || rmdir "$cgroup"
}

give_up() {
	echo "bench: $1" >&2
	exit 1
}

# --- Measuring

# measure ROUNDS [NAME COMMAND]...: the least time of NAME is then in ${ms[NAME]}, its processor time in
# ${cpu[NAME]}, the peak resident set in ${kib[NAME]}. A COMMAND with a pipe is run by the shell.
declare -A ms cpu kib
measure() {
	local times=$1 name least peak status used commands=() names=()
	shift
	while [ $# -gt 0 ]; do
		names+=("$1")
		if [[ $2 == *'|'* ]]; then commands+=(sh -c "$2" --); else eval "commands+=($2 --)"; fi
		shift 2
	done
	unset 'commands[-1]'
	"$BUILDDIR/tests/spawn-time" "$times" "${commands[@]}" >"$TMPDIR/times" || give_up "spawn-time failed"
	for name in "${names[@]}"; do
		read -r least _ peak status used
		[ "$status" -le 1 ] || give_up "$name exited $status" # lsof: 1 when it found nothing
		ms[$name]=$(in_ms "$least")
		cpu[$name]=$(in_ms "$used")
		kib[$name]=$peak
	done <"$TMPDIR/times"
}

title() {
	printf '\n%s\n%36s %9s %24s\n' "$1" '' time 'processor time'
}

in_ms() {
	awk -v us="$1" 'BEGIN { printf us < 10000 ? "%.2f" : "%.0f", us / 1000 }'
}

line() {
	printf '  %-34s %9s ms %16s ms\n' "$1" "${ms[$1]}" "${cpu[$1]}"
}

# against PEER SELF GOAL
against() {
	awk -v name="$1" -v peer="${ms[$1]}" -v self="${ms[$2]}" -v peer_cpu="${cpu[$1]}" -v self_cpu="${cpu[$2]}" \
		-v goal="$3" '
		function times(peer, self) {
			return sprintf("%9s ms %6.1fx %s", peer, peer / self, peer / self >= goal ? "met" : "   ")
		}
		BEGIN { printf "  %-34s %s %s   target %sx\n", name, times(peer, self), times(peer_cpu, self_cpu), goal }'
}

# watch: what a watch of this scene takes.
watch() {
	"$KEELTUNE" sockets --watch 10 --samples 4 -f json >"$TMPDIR/samples" || give_up "the watch failed"
	# shellcheck disable=SC2016
	jq -r -s '(.[1:] | map(.cpu_ms) | add / length) as $each | .[0].attribution.cpu_ms as $once |
		[$each, $each / 100, $once] | @tsv' "$TMPDIR/samples" | while IFS=$'\t' read -r each share once; do
		awk -v each="$each" -v share="$share" -v once="$once" 'BEGIN {
			printf "  %-48s %9.2f ms CPU: %.2f %% of a core at one in 10 s   target <= 0.5 %%: %s\n",
				"keeltune --watch: a sample", each, share, (share <= 0.5 ? "met" : "MISSED")
			printf "  %-48s %9.2f ms CPU, at first, and while the numbers change\n    for 0.25 %% of a core at the most\n",
				"  who holds them", once
		}'
	done
}

sockets="$KEELTUNE sockets"
article="netstat -n | awk '/^tcp/ {++S[\$NF]} END {for (a in S) print a, S[a]}'"
counted="ss -tan | awk 'NR > 1 {++S[\$1]} END {for (a in S) print a, S[a]}'"
mount_cgroup
trap leave EXIT
trap 'exit 130' INT TERM
echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout
# What a scene leaves in TIME_WAIT would be walked over in the next one: 100,000 sockets, 15 ms.
echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets
echo "Sockets: $rounds runs of each, in turn; the least time of each"

title "The histogram: 200,000 ESTABLISHED and 1,000 CLOSE_WAIT"
crowd -p 20 -e 5000 -n web
crowd -p 2 -w 500 -s 2 -n leaky
measure "$rounds" 'keeltune --summary' "$sockets --summary" keeltune "$sockets" \
	'netstat -n | awk' "$article" 'ss -tan | awk' "$counted"
line 'keeltune --summary'
against 'netstat -n | awk' 'keeltune --summary' 25
against 'ss -tan | awk' 'keeltune --summary' 12
line keeltune
echo "    which also says who holds the 1,000 (a service without other sockets) and what to do; the same:"
against 'netstat -n | awk' keeltune 25
against 'ss -tan | awk' keeltune 12
watch
clear_scene

title "The needle: 100 CLOSE_WAIT in 2 of 480 processes that hold 100,000 descriptors"
crowd -p 478 -f 208 -n plain
crowd -p 2 -f 208 -w 50 -s 2 -n leaky
measure "$rounds" 'keeltune --state close-wait' "$sockets --state close-wait" keeltune "$sockets" \
	'ss -tanp state close-wait' 'ss -tanp state close-wait' \
	'lsof -nP -iTCP -sTCP:CLOSE_WAIT' 'lsof -nP -iTCP -sTCP:CLOSE_WAIT'
line 'keeltune --state close-wait'
against 'ss -tanp state close-wait' 'keeltune --state close-wait' 100
against 'lsof -nP -iTCP -sTCP:CLOSE_WAIT' 'keeltune --state close-wait' 200
line keeltune
echo "    which also says how many descriptors each process uses; the same:"
against 'ss -tanp state close-wait' keeltune 100
against 'lsof -nP -iTCP -sTCP:CLOSE_WAIT' keeltune 200

title "Descriptor use of the same processes, as nobody; the listing as root, for nobody may not"
measure "$rounds" keeltune "@65534 $sockets --check 'fds>80%'" \
	'ls /proc/*/fd' "ls /proc/[0-9]*/fd | wc -l"
line keeltune
against 'ls /proc/*/fd' keeltune 20
clear_scene

title "The flood: 100,000 CLOSE_WAIT in 20 processes, all attributed"
crowd -p 20 -w 5000 -n flood
slow=$(((rounds + 1) / 2))
measure "$slow" keeltune "$sockets" 'ss -tanp' 'ss -tanp' 'netstat -antp' 'netstat -antp' \
	'lsof -nP -iTCP -sTCP:CLOSE_WAIT' 'lsof -nP -iTCP -sTCP:CLOSE_WAIT'
line keeltune
against 'ss -tanp' keeltune 12
against 'netstat -antp' keeltune 10
against 'lsof -nP -iTCP -sTCP:CLOSE_WAIT' keeltune 5
watch
clear_scene

title "Growth: CLOSE_WAIT in 50 processes, all attributed"
available=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
for count in 10000 100000 500000; do
	# 10 KiB each with an unread page: far from what the kernel needs at the most.
	if [ $count -gt "$most" ] || [ $((count / 100)) -gt "$available" ]; then
		echo "  $count sockets: left out (BENCH_SOCKETS_MOST=$most, $available MiB of memory available)"
		continue
	fi
	crowd -p 50 -w $((count / 50)) -n growth
	measure "$slow" "$count" "$sockets"
	awk -v count=$count -v ms="${ms[$count]}" -v kib="${kib[$count]}" 'BEGIN {
		printf "  %-48s %9s ms %7.2f us each, peak resident set %d MiB   target <= 64 MiB: %s\n",
			count " sockets", ms, ms * 1000 / count, (kib + 1023) / 1024, (kib <= 65536 ? "met" : "MISSED")
	}'
	clear_scene
done
