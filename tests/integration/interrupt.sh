#!/bin/bash
# SPDX-License-Identifier: MIT
# An apply or a rollback that was interrupted, by a signal or as it is found on the disk. The host is then
# old, new, or made old by `keeltune rollback`; tests/fault has a kill at each call.

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

set_state() {
	local manifest
	manifest=$state/$(newest)/manifest.json
	jq ".state = \"$1\"" "$manifest" >"$TMPDIR/manifest"
	cat "$TMPDIR/manifest" >"$manifest"
}

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
	litter >"$TMPDIR/litter"
	contains "$word: nothing lies about" "" "$TMPDIR/litter"
	complains 0 "$word: no more is said" "" kt history

	interrupted $word
	complains 0 "$word: apply undoes it first" "the interrupted apply $id was undone" kt apply small
	check "$word: and says so once" test "$(grep -c "interrupted: $id" "$err")" = 1
	unchanged "$word: and applies" "$new"
	litter >"$TMPDIR/litter"
	contains "$word: nothing lies about after that" "" "$TMPDIR/litter"
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

# The first change of a file waits a little; meanwhile the signal comes.
signalled() {
	local signal=$1 status=0 pid
	known_host
	env --default-signal=INT strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=700000:when=1 \
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
