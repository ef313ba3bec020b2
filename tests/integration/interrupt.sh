#!/bin/bash
# SPDX-License-Identifier: MIT
# An apply or a rollback that was interrupted: a kill at every system call that changes something, a
# signal, a state found on the disk. The host is then old, new, or made old by `keeltune rollback`.

# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
new=$TMPDIR/new
known_host
targets >"$fresh"
kt apply small >/dev/null
targets >"$new"
kt rollback >/dev/null
rm -rf /var/lib/keeltune

litter() {
	find /etc /run -name '*keeltune-new*'
}

# --- killed at every call

# The calls by which keeltune changes anything; a kill comes before the call is made.
calls=openat,write,renameat,unlinkat,mkdirat
[ "$TEST_LENGTH" = short ] || calls+=,fsync,fchmod,fchown,fsetxattr,fchmodat,close,rt_sigprocmask

# Each of these calls of `keeltune ARG...` as "NAME NUMBER", from the first change on: what is before
# only reads. strace counts every call by itself.
positions() {
	traced "trace=$calls" timeout 60 "$KEELTUNE" "$@" >/dev/null 2>&1
	sed -nE 's/^[0-9]+ +([a-z]+)\(.*(O_CREAT|O_WRONLY)?.*/\1 &/p' "$trace" | awk '
		{ number[$2, $1]++; pid = $2 }
		/ mkdirat\(| renameat\(|keeltune-new|O_WRONLY/ { changing[pid] = 1 }
		changing[pid] && ($1 != "openat" || /O_WRONLY|O_RDWR/) { print $1, number[$2, $1] }'
}

# killed WHAT ARG...: keeltune is killed at each of its changing calls.
killed() {
	local what=$1 call number bad='' count=0
	shift
	"$prepare"
	positions "$@" >"$TMPDIR/positions"
	while read -r call number; do
		"$prepare"
		timeout 60 strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$number" \
			"$KEELTUNE" "$@" >"$out" 2>"$err"
		[ $? = 137 ] && count=$((count + 1))
		"$aftermath" || bad+=" $call $number: $why"
	done <"$TMPDIR/positions" 2>"$TMPDIR/killed" # the shell says "Killed" each time
	if [ "$count" -lt 15 ]; then
		not_ok "$what" "only $count calls were tried"
	elif [ -n "$bad" ]; then
		not_ok "$what" "$bad"
	else
		ok "$what"
	fi
}

# Old, new, or recoverable; and nothing lies about after the recovery.
old_or_new_or_recoverable() {
	why=
	targets >"$TMPDIR/targets"
	if [ -z "$(litter)" ] && [ "$(kt history -f json 2>/dev/null | jq -r .interrupted)" = null ]; then
		cmp -s "$TMPDIR/targets" "$fresh" && return
		cmp -s "$TMPDIR/targets" "$new" && return
		why=$(diff "$new" "$TMPDIR/targets" | head -n 5)
		return 1
	fi
	if ! kt rollback >"$out" 2>"$err"; then
		why="rollback failed: $(cat "$out" "$err")"
		return 1
	fi
	targets >"$TMPDIR/targets"
	why=$(diff "$fresh" "$TMPDIR/targets" | head -n 5; litter)
	[ -z "$why" ]
}

from_fresh() {
	known_host
}
from_applied() {
	known_host
	kt apply small >/dev/null
}
from_interrupted() {
	from_applied
	set_state prepared
	rm -f /etc/security/limits.d/99-zz-keeltune.conf
	echo half >/etc/security/limits.d/.99-zz-keeltune.conf.keeltune-new
}

set_state() {
	local manifest
	manifest=$state/$(newest)/manifest.json
	jq ".state = \"$1\"" "$manifest" >"$TMPDIR/manifest"
	cat "$TMPDIR/manifest" >"$manifest"
}

if [ "$KEELTUNE_VARIANT" != asan ]; then
	aftermath=old_or_new_or_recoverable
	prepare=from_fresh
	killed "apply, killed at every call, can be undone" apply small
	prepare=from_applied
	killed "rollback, killed at every call, can be repeated" rollback
	prepare=from_interrupted
	killed "a rollback of an interrupted apply, too" rollback
fi

# --- what the commands say and do

interrupted() {
	known_host
	kt apply small >/dev/null
	id=$(newest)
	set_state "$1"
	# as if killed between the values and the files
	rm -f /etc/security/limits.d/99-zz-keeltune.conf /etc/sysctl.d/99-zz-keeltune.conf
	cp "$state/$id/files/etc/pam.d/login" /etc/pam.d/login
	chmod 604 /etc/pam.d/login
	echo half >/etc/security/limits.d/.99-zz-keeltune.conf.keeltune-new
}

for word in prepared recovering; do
	interrupted $word
	for command in "audit small" "diff small" history "profile list" "profile show small" "rollback --dry-run" \
		"apply --dry-run small"; do
		# shellcheck disable=SC2086 # words of a command line
		kt $command >"$out" 2>"$err"
		check "$word: $command says so once" test "$(grep -c "interrupted: $id" "$err")" = 1
		# shellcheck disable=SC2086
		kt -q $command >"$out" 2>"$err"
		contains "$word: $command -q does not" "" "$err"
		# shellcheck disable=SC2086
		kt $command -f json >"$out" 2>"$err"
		json "$word: $command has it in its JSON" ".interrupted == \"$id\""
	done
	expect 0 "$word: rollback undoes it" kt rollback
	unchanged "$word: the host is as before" "$fresh"
	contains "$word: nothing lies about" "" <(litter)
	complains 0 "$word: no more is said" "" kt history

	interrupted $word
	complains 0 "$word: apply undoes it first" "the interrupted apply $id was undone" kt apply small
	check "$word: and says so once" test "$(grep -c "interrupted: $id" "$err")" = 1
	unchanged "$word: and applies" "$new"
	contains "$word: nothing lies about after that" "" <(litter)
	expect 0 "$word: the new one can be undone" kt rollback
	unchanged "$word: to the very beginning" "$fresh"

	interrupted $word
	complains 0 "$word: apply -q does it quietly" "" kt -q apply small
	unchanged "$word: quietly applied" "$new"
done

# --- an interrupted apply is no finished one

interrupted prepared
expect 1 "an audit sees that the host differs" kt audit --persistent small
echo 4321 >/proc/sys/net/ipv4/tcp_keepalive_time
targets >"$TMPDIR/edited"
complains 2 "apply does not overwrite what was changed since" "tcp_keepalive_time was changed since" kt apply small
unchanged "nothing is touched" "$TMPDIR/edited"
expect 1 "neither does rollback" kt rollback
unchanged "nothing is touched either" "$TMPDIR/edited"
expect 0 "but by force" kt rollback --force
unchanged "then all is as before" "$fresh"

# --- interrupted by a signal

# The third rename waits a little; meanwhile the signal comes.
signalled() {
	local signal=$1 status=0 pid
	known_host
	env --default-signal=INT strace -qq -o /dev/null -e trace=renameat -e inject=renameat:delay_enter=700000:when=3 \
		"$KEELTUNE" apply small >"$out" 2>"$err" &
	pid=$!
	for _ in $(seq 100); do
		[ -e /etc/sysctl.d/.99-zz-keeltune.conf.keeltune-new ] && break
		sleep 0.05
	done
	pkill --signal "$signal" -P "$pid"
	wait "$pid" 2>/dev/null || status=$?
	targets >"$TMPDIR/targets"
	interrupted_id=$(kt -q history -f json -o "$TMPDIR/history" && jq -r .interrupted "$TMPDIR/history")
	if [ "$interrupted_id" != null ]; then
		not_ok "$signal during apply leaves no half-done apply" "status $status, interrupted: $interrupted_id"
	elif cmp -s "$TMPDIR/targets" "$new" || cmp -s "$TMPDIR/targets" "$fresh"; then
		ok "$signal during apply leaves no half-done apply"
	else
		not_ok "$signal during apply leaves no half-done apply" "$(diff "$fresh" "$TMPDIR/targets")"
	fi
	kt rollback >"$out" 2>"$err"
	unchanged "after $signal the host can be put back" "$fresh"
}
if [ "$KEELTUNE_VARIANT" != asan ]; then
	signalled INT
	signalled TERM
	signalled HUP
fi
finish
