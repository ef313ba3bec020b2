#!/bin/bash
# SPDX-License-Identifier: MIT
# What only looks writes nothing: traced, no call opens anything for writing or changes a name. An apply to
# a host that complies opens the lock and nothing else.

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
known_host
targets >"$fresh"

# Everything in the trace that could change a file, a name, an attribute or another process.
writes() {
	grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)|^[0-9]+ +(creat|rename|link|symlink|unlink|mkdir|rmdir|mknod|truncate|ftruncate|chmod|fchmod|chown|fchown|lchown|setxattr|fsetxattr|lsetxattr|removexattr|utime|mount|umount|pivot_root|sethostname|kill|tgkill|ptrace|bind|sendto|sendmsg|connect)[a-z0-9]*\(' "$trace" |
		grep -vE '"/dev/(null|tty)"|fcntl\([0-9]+, F_GETFL|(sendto|connect|bind)\([0-9]+, .*AF_(UNIX|NETLINK)'
	grep -E '^[0-9]+ +p?write(v|64)?\(' "$trace" | grep -vE '^[0-9]+ +write\((1|2),'
}

# Of a program with sanitizers only the result counts: it makes calls of its own.
silent() {
	local status=$1 name=$2
	shift 2
	if [ "$KEELTUNE_VARIANT" = asan ]; then
		expect "$status" "$name" kt "$@"
		return
	fi
	expect "$status" "$name" traced "trace=all" timeout 60 "$KEELTUNE" "$@"
	writes >"$TMPDIR/wrote"
	contains "$name: writes nothing" "" "$TMPDIR/wrote"
}

silent 1 "audit" audit small
silent 1 "audit --live or not, as JSON" -f json audit small
silent 1 "diff" diff small
silent 1 "diff --override" diff --override small
silent 1 "diff as JSON" diff -f json small
for line in "apply --dry-run small" "apply small --dry-run" "--dry-run apply small" "apply -n small" "-n apply small" \
	"apply -qn small" "apply --runtime -n small" "apply --persistent -n small"; do
	# shellcheck disable=SC2086 # words of a command line
	silent 1 "$line" $line
done
silent 0 "history" history
silent 0 "profile list" profile list
silent 0 "profile show" profile show small
silent 0 "profile check" profile check /etc/keeltune/profiles/small.conf
silent 0 "rollback --dry-run with nothing to undo" rollback --dry-run
silent 2 "a usage error" apply --no-such-option small
silent 2 "an unknown profile" apply -n absent
unchanged "all that changed nothing" "$fresh"
check "there is no state directory" test ! -e /var/lib/keeltune
check "there is no lock" test ! -e /run/keeltune.lock

kt apply small >/dev/null
targets >"$fresh"
stamps >"$TMPDIR/stamps"
silent 0 "audit of a host that complies" audit small
silent 0 "diff of a host that complies" diff small
silent 0 "rollback --dry-run" rollback --dry-run
silent 0 "history of one" history

if [ "$KEELTUNE_VARIANT" = asan ]; then
	expect 0 "apply to a host that complies" kt apply small
	stamps >"$TMPDIR/stamps.after"
	same "touches nothing" "$TMPDIR/stamps" "$TMPDIR/stamps.after"
	finish
fi
expect 0 "apply to a host that complies" traced "trace=all" timeout 60 "$KEELTUNE" apply small
writes >"$TMPDIR/writes"
check "opens the lock" grep -q keeltune.lock "$TMPDIR/writes"
grep -v keeltune.lock "$TMPDIR/writes" >"$TMPDIR/others"
contains "and nothing else" "" "$TMPDIR/others"
stamps >"$TMPDIR/stamps.after"
same "nothing was touched" "$TMPDIR/stamps" "$TMPDIR/stamps.after"
unchanged "nothing was changed" "$fresh"

# The proof is one only if it sees writes where there are some.
kt rollback >/dev/null
traced "trace=all" timeout 60 "$KEELTUNE" apply small >/dev/null
writes >"$TMPDIR/writes"
for text in "/proc/sys/net/ipv4/tcp_keepalive_time" .99-zz-keeltune.conf.keeltune-new renameat mkdirat fchown; do
	has "an apply that changes shows $text" "$text" "$TMPDIR/writes"
done
# One write per kernel value.
check "a kernel value is opened once for writing" \
	test "$(grep -c 'tcp_keepalive_time", O_WRONLY' "$TMPDIR/writes")" = 1

# The rollback file is on the disk before the first change.
order() {
	awk '/"manifest.json"|manifest.json.keeltune-new", [0-9]+, "manifest.json"/ { if (!m) m = NR }
		/O_WRONLY/ && /\/proc\/sys\// { if (!k) k = NR } END { exit !(m && k && m < k) }' "$trace"
}
check "the rollback file comes first" order

# Every file is on the disk before it gets its name; the rollback file has its own before a target is renamed over,
# and all targets have theirs before the record says so, which is the last rename.
durable() {
	awk '
		/ (fsync|renameat2?)\(/ { line[++n] = $0 }
		END {
			for (i = 1; i <= n; i++) {
				if (line[i] ~ / fsync/) { fsyncs++; continue }
				if (++renames > fsyncs) exit 1
				last = i
				if (line[i] !~ /rollback|manifest/) continue
				if (line[i - 1] !~ / fsync/ || line[i + 1] !~ / fsync/) exit 1
			}
			exit renames < 5 || line[last] !~ /manifest/
		}' "$trace"
}
check "every file is synced before its name, every step before the next" durable
finish
