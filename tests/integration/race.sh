#!/bin/bash
# SPDX-License-Identifier: MIT
# Others at the same time: twenty applies at once with readers beside them, and writers that change the
# same places between plan and write, and between apply and rollback.
# Slow with sanitizers: not in their part of `make check`.

# shellcheck disable=SC2016,SC2154,SC2317 # code as text; lib.sh and host.sh set them; called by name
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
rounds=4
[ "$TEST_LENGTH" = short ] || rounds=25

# --- twenty applies at once, and readers

# Until $TMPDIR/stop exists: audit, diff, history in turn. One line for what must not be.
reader() {
	local status count=0 dir=$TMPDIR/reader.$1
	mkdir -p "$dir"
	while [ ! -e "$TMPDIR/stop" ]; do
		for command in "audit small" "diff time" history "history prune --keep 0 --dry-run"; do
			status=0
			# shellcheck disable=SC2086 # words of a command line
			timeout 5 "$KEELTUNE" $command -f json >"$dir/out" 2>"$dir/err" || status=$?
			count=$((count + 1))
			case "$status $command" in
			[01]\ audit* | [01]\ diff* | 0\ history*) ;;
			*) echo "$command: status $status: $(cat "$dir/err")" ;;
			esac
			# A rollback file that is being written is neither interrupted nor broken.
			[ ! -s "$dir/err" ] || echo "$command: $(cat "$dir/err")"
			jq -e '.interrupted == null and all(.notes[]; .file == null or (.file | startswith("/var/lib/keeltune") | not))' \
				"$dir/out" >/dev/null || echo "$command: $(head -c 1000 "$dir/out")"
		done
	done
	echo "$count" >"$dir/count"
}

# together ROUND: its statuses in $statuses, what is wrong in $bad.
together() {
	local i status pids=() readers=() names=(small time)
	rm -f "$TMPDIR/stop"
	statuses='' bad=''
	for i in 1 2; do
		reader $i >"$TMPDIR/reader.$i.said" 2>&1 &
		readers+=($!)
	done
	for i in $(seq 20); do
		timeout 60 "$KEELTUNE" apply --wait 30 "${names[i % 2]}" >"$TMPDIR/apply.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${!pids[@]}"; do
		status=0
		wait "${pids[i]}" || status=$?
		statuses+=$status
		[ $status = 0 ] || bad+="apply $((i + 1)): status $status: $(cat "$TMPDIR/apply.$((i + 1))"); "
	done
	touch "$TMPDIR/stop"
	wait "${readers[@]}"
	bad+=$(cat "$TMPDIR"/reader.*.said)
}

either() {
	kt audit small || kt audit time
}

reads=0
for round in $(seq "$rounds"); do
	known_host
	targets >"$fresh"
	together "$round"
	check "round $round: twenty applies of two profiles, and readers${bad:+: $bad}" test -z "$bad"
	reads=$((reads + $(cat "$TMPDIR/reader.1/count") + $(cat "$TMPDIR/reader.2/count")))
	check "round $round: one history, nothing interrupted" test "$(kt history -f json | jq -r '.interrupted, ([.entries[].state] | unique | join(" "))' | xargs)" = "null applied"
	check "round $round: every step has its own number" test "$(cat "$state"/*/manifest.json | jq -s '[.[].sequence] | sort == [range(1; length + 1)]')" = true
	check "round $round: the host is as one of them wants it" either
	expect 0 "round $round: all of it can be undone" kt rollback --all
	unchanged "round $round: to the beginning" "$fresh"
	[ "$(jq -n "\"$statuses\" | length")" = 20 ] || not_ok "round $round: statuses $statuses"
done

# one after the other, so that readers meet every moment of an apply and a rollback
known_host
rm -f "$TMPDIR/stop"
for i in 1 2; do
	reader $i >"$TMPDIR/reader.$i.said" 2>&1 &
	readers[i]=$!
done
for i in $(seq $((rounds * 10))); do
	for words in "apply small" "apply time" rollback rollback "history prune --keep 2"; do
		# shellcheck disable=SC2086 # words of a command line
		kt $words >"$out" 2>"$err" || not_ok "$words: round $i" "$(cat "$err")"
	done
done
touch "$TMPDIR/stop"
wait "${readers[@]}"
check "readers beside them see no half rollback file: $(cat "$TMPDIR"/reader.*.said | head -n 5)" test -z "$(cat "$TMPDIR"/reader.*.said)"
reads=$((reads + $(cat "$TMPDIR/reader.1/count") + $(cat "$TMPDIR/reader.2/count")))
echo "# $reads reports were read meanwhile"
check "readers came to read" test "$reads" -gt $((rounds * 30))

# applies and rollbacks at once
known_host
targets >"$fresh"
names=(small time)
pids=()
for i in $(seq 20); do
	if [ $((i % 4)) = 0 ]; then
		timeout 60 "$KEELTUNE" rollback --wait 30 >"$TMPDIR/apply.$i" 2>&1 &
	else
		timeout 60 "$KEELTUNE" apply --wait 30 "${names[i % 2]}" >"$TMPDIR/apply.$i" 2>&1 &
	fi
	pids+=($!)
done
bad=
for i in "${!pids[@]}"; do
	wait "${pids[i]}" || bad+="$((i + 1)): $? $(cat "$TMPDIR/apply.$((i + 1))"); "
done
check "applies and rollbacks at once${bad:+: $bad}" test -z "$bad"
expect 0 "rollback --all" kt rollback --all
unchanged "to the beginning" "$fresh"

# --- the lock

exec 9>>/run/keeltune.lock
flock 9
complains 2 "the lock is held: --wait 0" "gave up after 0 s" kt apply --wait 0 small
expect 2 "the lock is held: as JSON" kt apply --wait 0 small -f json
json "there is a report" '.result == "trouble" and (.error | test("another keeltune"))'
complains 2 "the lock is held: prune" "another keeltune" kt history prune --keep 0 --wait 0
started=$EPOCHREALTIME
complains 2 "the lock is held: --wait 2" "gave up after 2 s" kt rollback --wait 2
check "waits as long as it says" awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a > 1.8 && b - a < 8) }'
for command in "audit small" "diff small" history "profile list"; do
	# shellcheck disable=SC2086
	timeout 2 "$KEELTUNE" $command >/dev/null 2>"$err"
	check "$command does not wait" test $? -le 1
done
flock -u 9
exec 9>&-
# a lock that was removed while others waited for it: they meet at the next
rm /run/keeltune.lock
exec 9>>/run/keeltune.lock
flock 9
timeout 60 "$KEELTUNE" apply --wait 20 small >/dev/null 2>&1 &
waiting=$!
sleep 0.3
exec 8>>/run/keeltune.lock.next
flock 8
mv /run/keeltune.lock.next /run/keeltune.lock
flock -u 9
sleep 0.5
check "a lock that was removed: who waits takes the new one" kill -0 $waiting
exec 8>&- 9>&-
wait $waiting
check "and comes to it, exit $?" test $? = 0
kt rollback >/dev/null

# no stale lock: whoever holds it dies
flock /run/keeltune.lock sleep 60 &
holder=$!
sleep 0.3
pkill -KILL -P $holder
kill -KILL $holder 2>/dev/null
wait $holder 2>/dev/null
expect 0 "the lock of one that was killed is free" kt apply --wait 1 small
kt rollback >/dev/null

# somebody working is not an interruption; somebody dead is
known_host
kt apply small >/dev/null
id=$(newest)
sed -i 's/"applied"/"prepared"/' "$state/$id/manifest.json"
exec 9>>/run/keeltune.lock
flock 9
complains 1 "a prepared one, while somebody is at work" "" kt audit --persistent time
exec 9>&-
complains 1 "the same, and nobody at work" "interrupted: $id" kt audit --persistent time
kt rollback >/dev/null

# --- writers between plan and write

# slowly ARG...: keeltune with a pause at every fsync from the rollback file on, so that a writer comes in between.
slowly() {
	timeout 120 strace -qq -o /dev/null -e signal=none -e trace=fsync -e inject=fsync:delay_enter=40000 "$KEELTUNE" "$@"
}
# writing CODE: runs CODE again and again, each time with another $n, until $TMPDIR/stop exists.
writing() {
	local n=0
	while [ ! -e "$TMPDIR/stop" ] && [ $n -lt 5000 ]; do
		n=$((n + 1))
		eval "$1"
		sleep 0.005
	done
}

if [ "$KEELTUNE_VARIANT" != asan ]; then
	known_host
	targets >"$fresh"
	rm -f "$TMPDIR/stop"
	writing 'echo $((5000 + n % 1000)) >/proc/sys/net/ipv4/tcp_keepalive_time' &
	complains 2 "a writer that never stops, of a kernel value" "somebody else keeps changing the same settings" slowly apply small
	touch "$TMPDIR/stop"
	wait
	check "what the writer left is there" test "$(cut -c1 /proc/sys/net/ipv4/tcp_keepalive_time)" = 5
	echo 7200 >/proc/sys/net/ipv4/tcp_keepalive_time
	unchanged "and nothing else is changed" "$fresh"
	complains 0 "nothing is interrupted" "" kt history
	check "nothing holds" test "$(kt history -f json | jq '[.entries[] | select(.state != "rolled-back")] | length')" = 0

	rm -f "$TMPDIR/stop"
	cp -a /etc/pam.d/login "$TMPDIR/login"
	writing 'cp -a "$TMPDIR/login" /etc/pam.d/.w; echo "# $n" >>/etc/pam.d/.w; mv /etc/pam.d/.w /etc/pam.d/login' &
	expect 2 "a writer that never stops, of a file" slowly apply small
	touch "$TMPDIR/stop"
	wait
	check "the last write is there" grep -q '^# [0-9]*$' /etc/pam.d/login
	has_not "untouched by keeltune" pam_limits /etc/pam.d/login
	check "nothing temporary is left" test -z "$(find /etc -name '*keeltune-new*')"
	cp -a "$TMPDIR/login" /etc/pam.d/login
	unchanged "and nothing else is changed by it" "$fresh"

	# one write, somewhere between plan and change: planned anew, on top of what was written
	for delay in 0.03 0.06 0.1 0.15 0.2; do
		known_host
		rm -f "$TMPDIR/done"
		slowly apply small >"$out" 2>"$err" &
		pid=$!
		sleep $delay
		cp -a /etc/pam.d/login /etc/pam.d/.w
		echo "# by somebody else" >>/etc/pam.d/.w
		mv /etc/pam.d/.w /etc/pam.d/login
		status=0
		wait $pid || status=$?
		check "one write after $delay s: is not lost (status $status)" grep -qx "# by somebody else" /etc/pam.d/login
		case $status in
		0) check "one write after $delay s: the line is beside it, or was before it" test "$(kt audit small >/dev/null; echo $?)" -le 1 ;;
		*) not_ok "one write after $delay s" "status $status: $(cat "$out" "$err")" ;;
		esac
	done
fi

# --- writers in free flight: whatever happens, the history tells how to go back

writers() {
	known_host
	targets >"$fresh"
	rm -f "$TMPDIR/stop"
	writing 'echo $((2000 + n % 3)) >/proc/sys/net/ipv4/tcp_keepalive_time' &
	writing 'echo "# $n" >>/etc/sysctl.d/99-zz-keeltune.conf' 2>/dev/null &
	bad=
	for i in $(seq 12); do
		status=0
		kt apply "${names[i % 2]}" >"$out" 2>"$err" || status=$?
		case $status in
		0 | 1 | 2 | 3) ;;
		*) bad+="apply: $status $(cat "$err"); " ;;
		esac
		status=0
		[ $((i % 3)) != 0 ] || kt rollback >"$out" 2>"$err" || status=$?
		case $status in
		0 | 1 | 2 | 3) ;;
		*) bad+="rollback: $status $(cat "$err"); " ;;
		esac
	done
	touch "$TMPDIR/stop"
	wait
}
writers
check "writers in free flight${bad:+: $bad}" test -z "$bad"
complains 0 "leave nothing interrupted" "" kt history
kt rollback --all --force >"$out" 2>"$err"
check "and --all --force ends it" test "$(kt history -f json | jq '[.entries[] | select(.state != "rolled-back")] | length')" = 0
check "with nothing temporary left" test -z "$(find /etc /var/lib/keeltune -name '*keeltune-new*')"
finish
