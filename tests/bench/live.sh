#!/bin/bash
# SPDX-License-Identifier: MIT
# What `keeltune audit --live` costs with 1,000 processes more, all of which have too few descriptors, for
# ten reasons. Beside it the same audit without --live, and grep(1) over all /proc/PID/limits, which tells
# neither whose they are nor why. Needs no privilege; the processes end with it.

set -eu
cd "$(dirname "$0")/../.."
KEELTUNE=${KEELTUNE:-$PWD/build/keeltune}
BUILDDIR=${BUILDDIR:-build}
ROUNDS=$((${BENCH_ROUNDS:-300} / 15 + 1))
work=$(mktemp -d)
crowd=
trap '[ -z "$crowd" ] || kill "$crowd"; rm -rf "$work"' EXIT

/usr/bin/python3 - "$work/ready" <<'PYTHON' &
import ctypes, os, resource, signal, sys
for i in range(1000):
    if not os.fork():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000 + i % 10, 1024))
        signal.alarm(300)
        signal.pause()
open(sys.argv[1], "w").close()
signal.alarm(300)
signal.pause()
PYTHON
crowd=$!
for _ in $(seq 300); do
	[ ! -e "$work/ready" ] || break
	sleep 0.1
done

# A profile that is content with what they have.
cat >"$work/content.conf" <<'CONF'
format = 1
name = "content"
limits "*"    { item "nofile" { soft = 100 hard = 100 at_least = 100 } }
limits "root" { item "nofile" { soft = 100 hard = 100 at_least = 100 } }
CONF

commands=("$KEELTUNE" audit --live -q baseline -- "$KEELTUNE" audit --live -q "$work/content.conf" --
	"$KEELTUNE" audit -q baseline -- sh -c "grep -h 'Max open files' /proc/[0-9]*/limits >/dev/null")
mapfile -t times < <("$BUILDDIR/tests/spawn-time" "$ROUNDS" "${commands[@]}" | cut -d' ' -f1)
echo
echo "$ROUNDS runs of each, in turn, with 1,000 processes more; minimum in us"
awk -v all="${times[0]}" -v none="${times[1]}" -v audit="${times[2]}" -v grep="${times[3]}" 'BEGIN {
	printf "  grep of all /proc/PID/limits      %7d\n", grep
	printf "  audit without --live              %7d   %5.1f\n", audit, audit / grep
	printf "  audit --live, all have enough     %7d   %5.1f\n", none, none / grep
	printf "  audit --live, all have too little %7d   %5.1f   target <= 100000 us: %s\n", all, all / grep, all <= 100000 ? "met" : "MISSED"
}'
