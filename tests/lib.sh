# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests that are shell scripts. Source it first:
#
#	. "${SRCDIR:-.}/tests/lib.sh"
#
# ok NAME; not_ok NAME [WHY]; skip NAME REASON; skip_all REASON   one result line each
# check NAME CMD...            ok when CMD succeeds, else its output and not ok
# expect STATUS NAME CMD...    ok when CMD exits with exactly STATUS; its output is in $out and $err
# same NAME WANT GOT           ok when the two files have the same bytes, else their diff
# has NAME TEXT FILE           ok when FILE contains TEXT, over the ends of lines, too; has_not: when it does not
# finish                       last line of a test: the exit status
#
# tests/run sets what is used here; by hand, from the top of the tree, these defaults serve.

SRCDIR=${SRCDIR:-$PWD}
BUILDDIR=${BUILDDIR:-$SRCDIR/build}
KEELTUNE=${KEELTUNE:-$BUILDDIR/keeltune}
KEELTUNE_VARIANT=${KEELTUNE_VARIANT:-release}
TEST_LENGTH=${TEST_LENGTH:-short}
if [ -z "${TEST_RUN-}" ]; then
	TMPDIR=$(mktemp -d) && trap 'rm -rf "$TMPDIR"' EXIT
fi
export SRCDIR BUILDDIR KEELTUNE KEELTUNE_VARIANT TEST_LENGTH TMPDIR

out=$TMPDIR/out
err=$TMPDIR/err
failures=0
checks=0

ok() {
	checks=$((checks + 1))
	echo "ok $1"
}

not_ok() {
	checks=$((checks + 1))
	failures=$((failures + 1))
	echo "not ok $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed -n '1,40s/^/# /p'
}

skip() {
	checks=$((checks + 1))
	echo "skip $1: $2"
}

skip_all() {
	echo "$1"
	exit 77
}

check() {
	local name=$1
	shift
	if "$@" >"$out" 2>"$err"; then ok "$name"; else not_ok "$name" "$* failed: $(cat "$out" "$err")"; fi
}

expect() {
	local want=$1 name=$2 status=0
	shift 2
	"$@" >"$out" 2>"$err" || status=$?
	if [ "$status" = "$want" ]; then
		ok "$name"
	else
		not_ok "$name" "$* exited $status, not $want: $(cat "$out" "$err")"
	fi
}

same() {
	local difference
	if difference=$(diff -u "$2" "$3" 2>&1); then ok "$1"; else not_ok "$1" "$difference"; fi
}

# squeezed FILE: as one line: where a line of 80 columns ends is no matter.
squeezed() {
	sed 's/^keeltune:   /  /' "$1" | tr -s ' \n' ' '
}

has() {
	if grep -qF -e "$2" "$3" || squeezed "$3" | grep -qF -e "$2"; then
		ok "$1"
	else
		not_ok "$1" "no \"$2\" in: $(cat "$3")"
	fi
}

has_not() {
	if grep -qF -e "$2" "$3" || squeezed "$3" | grep -qF -e "$2"; then
		not_ok "$1" "\"$2\" is in: $(cat "$3")"
	else
		ok "$1"
	fi
}

finish() {
	if [ "$checks" = 0 ]; then
		echo "not ok ${0##*/} checked nothing"
		exit 1
	fi
	[ "$failures" = 0 ] || exit 1
	exit 0
}
