#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # jq filters
# keeltune sockets --watch: growth, the time until a limit, when descriptors are looked through again, the
# recording, a terminal, and how it ends.
# Slow with sanitizers: not in their part of `make check`.

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
listen=127.0.0.1 about=watch

# watched NAME OPTION...: samples of a second each, which end with 0; recorded NAME FILTER: true of the array of them
recording=$TMPDIR/recording
watched() {
	local name=$1
	shift
	expect 0 "$name" kt sockets --watch 1 -f json "$@"
	cp "$out" "$recording"
}
recorded() {
	if jq -s -e --argjson server "${server:-0}" "$2" "$recording" >/dev/null; then ok "$1"; else not_ok "$1" "$(tail -1 "$recording")"; fi
}

# --- Growth: 20 sockets and a descriptor each in a second, on a limit of 400

cat >"$TMPDIR/leak.py" <<'PYTHON'
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 4096))
open("/proc/self/comm", "w").write("gr\x1b[31mow\t\n")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
kept = []
for turn in range(300):
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    near.close() # and far is never closed
    kept.append(far)
    time.sleep(0.05)
    if len(kept) == 200:
        time.sleep(60)
PYTHON
python3 "$TMPDIR/leak.py" >"$TMPDIR/port" &
server=$!
within 5 test -s "$TMPDIR/port"
watched "six samples" --samples 6
check "the recording has a line for each" test "$(wc -l <"$recording")" = 6
split -l 1 -d "$recording" "$TMPDIR/reports/watch-"
reports=6
check "each is valid" tests/golden/schema-check "$TMPDIR"/reports/watch-*
recorded "numbered, one each second" 'map(.sample) == [1,2,3,4,5,6] and ((last.time | fromdate) - (first.time | fromdate) >= 4)'
recorded "grows by nearly 20 in a second" 'last.processes[0] | .pid == $server and .growth_per_s > 10 and .growth_per_s < 21'
recorded "the time that is left is that of this rate" 'last.processes[0] | .soft == 400 and
	(.full_in_s - (.soft - .used) / .growth_per_s | fabs) < 0.5'
recorded "so do the sockets" 'last.growth_per_s.CLOSE_WAIT > 10 and last.states.CLOSE_WAIT > 50'
recorded "the history is the descriptors of all samples" 'map(.processes[] | select(.pid == $server).used) as $used |
	last.processes[0].history | length == 6 and .[-($used | length):] == $used'
# A look takes a few milliseconds, and comes again after 400 times that: on a busy machine not in these five seconds.
recorded "who holds them was looked up again while it grew, when it was cheap" \
	'([.[].attribution.time] | unique | length > 1) or first.attribution.cpu_ms * 400 > 4000'
recorded "and is known" 'last.processes[0].close_wait > 40 or first.attribution.cpu_ms * 400 > 4000'
kt sockets --watch 1 --samples 3 >"$recording"
check "as lines: its name is escaped" grep -qF '\x1b[31mow' "$recording"
has_not "and never as it is" $'\x1b' "$recording"
check "with a bar" grep -q '▁.*█' "$recording"
LC_ALL=C timeout 20 "$KEELTUNE" sockets --watch 1 --samples 3 --pid $server >"$recording"
check "which is plain where there is no UTF-8" grep -q '_.*#' "$recording"
check "and then all is ASCII" eval '! LC_ALL=C grep -q "[^ -~]" "$recording"'

# --- The terminal, and how it ends

python3 tests/integration/watch_terminal.py "$KEELTUNE" | tee "$TMPDIR/terminal"
checks=$((checks + $(grep -c . "$TMPDIR/terminal")))
failures=$((failures + $(grep -c '^not ok' "$TMPDIR/terminal")))
"$KEELTUNE" sockets --watch 1 2>"$err" | head -1 >"$out"
check "a reader that leaves ends it with 0" test "${PIPESTATUS[0]}" = 0
check "quietly" test ! -s "$err"
"$KEELTUNE" sockets --watch 1 --samples 5 2>"$err" | head -1 >"$out"
check "with 2 where samples are missing" test "${PIPESTATUS[0]}" = 2
expect 2 "a full disk is said" sh -c "timeout 20 '$KEELTUNE' sockets --watch 1 --samples 2 >/dev/full"

# --- At rest nothing is looked through again; when the holder goes, it is

within 20 sh -c "[ \$(ls /proc/$server/fd | wc -l) -gt 200 ]"
sleep 0.2
watched "at rest" --samples 4
recorded "looked up once" '[.[].attribution.time] | unique | length == 1'
recorded "never full" 'last.processes[0] | .growth_per_s == 0 and .full_in_s == null and .close_wait == 200'
recorded "a sample after the first is cheap: less than 20 ms of CPU" '[.[1:][].cpu_ms] | max < 20'
# tables N: how often N samples open the descriptors of a process
tables() {
	ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" timeout 20 strace -f -o "$trace" -e trace=openat "$KEELTUNE" sockets --watch 1 --samples "$1" >/dev/null 2>"$err"
	grep -c '"fd", O_RDONLY' "$trace"
}
if few=$(tables 1) && [ "$few" -gt 0 ]; then
	check "four samples look through the descriptors as often as one" test "$(tables 4)" = "$few"
else
	skip "the descriptors are looked through once" "strace does not run: $(head -1 "$err")"
fi
watched "--pid" --samples 1 --pid $server
recorded "is about that process" 'last.processes | length == 1 and .[0].pid == $server'
(sleep 1.5 && kill $server) &
complains 0 "its end ends the watch, and is said" "process $server has ended" kt sockets --watch 1 --pid $server
wait 2>/dev/null

# --- A pid that is used again: the growth of one is not that of the other. In a pid namespace a pid can be had.

expect 0 "a pid that is used again" unshare --pid --fork --mount-proc bash -c '
	keep() { exec python3 -c "
import sys, time, resource
kept = [open(\"/dev/null\") for _ in range(int(sys.argv[1]))]
time.sleep(60)" "$1"; }
	echo 99 >/proc/sys/kernel/ns_last_pid && { keep 10 & } && first=$!
	timeout 30 "$0" sockets --watch 1 --samples 5 -f json >"$1" & watch=$!
	sleep 1.5; kill $first; wait $first 2>/dev/null
	echo $((first - 1)) >/proc/sys/kernel/ns_last_pid && { keep 900 & } && second=$!
	[ $first = $second ] || { echo "no pid could be had again: $first, $second"; wait $watch; exit 77; }
	wait $watch; kill $second' "$KEELTUNE" "$TMPDIR/reused"
cp "$TMPDIR/reused" "$recording"
recorded "is another process" '[last.processes[] | select(.used > 500 and .growth_per_s > 1)] == []'

# --- What does not go together

complains 2 "no argument" "takes no argument" kt sockets --watch 1 nonsense
complains 2 "0 seconds" "1 to 86400" kt sockets --watch 0
complains 2 "--samples alone" "without it" kt sockets --samples 3
complains 2 "--output" "redirect" kt sockets --watch --samples 1 -o "$TMPDIR/x"
complains 2 "--state" "not with --state" kt sockets --watch --state close-wait
complains 2 "a pid that is none" "no process 4194304" kt sockets --watch --pid 4194304
expect 0 "options anywhere" kt --samples 1 --watch 1 sockets
expect 0 "--watch=SECONDS" kt sockets --watch=1 --samples 2
watched "--summary" --samples 2 --summary
recorded "asks nobody" 'last | .processes == [] and .attribution == null'
expect 0 "without privilege" timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" sockets --watch 1 --samples 2 -f json
ip netns add other 2>/dev/null && watched "another network namespace" --samples 2 --netns other &&
	recorded "is that one" 'last | .netns == "other" and .states.CLOSE_WAIT == 0'
# Where /proc is of another pid namespace the kernel's count is not believed, as before Linux 6.2.
variant reads-to-eof -n 3
clients 3
settled
expect 0 "no count of the kernel" unshare --pid --fork "$KEELTUNE" sockets --watch 1 --samples 2 -f json
cp "$out" "$recording"
recorded "as of the attribution" 'last.processes | map(select(.close_wait == 3)) | length == 1'
dismiss
finish
