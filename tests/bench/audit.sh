#!/bin/bash
# SPDX-License-Identifier: MIT
# What the audit of a compliant host costs, against `sysctl -n` of the same four keys (which judges
# nothing and reads no file) and against the check as a shell script (tests/bench/by-hand). All are
# run in turn, in a private copy of this host that `keeltune apply baseline` made compliant; what
# counts is the minimum. Nothing fails on a time: the figures stand beside their targets.
#
# BENCH_ROUNDS: runs of each, 300 unless set.

set -u
cd "$(dirname "$0")/../.." || exit 2
BUILDDIR=$(realpath "${BUILDDIR:-build}")
rounds=${BENCH_ROUNDS:-300}
. tests/lib.sh
. tests/integration/ns.sh
ns_enter "$0" "$@"

keys=(net.ipv4.tcp_keepalive_time net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes fs.file-max)
audit=("$KEELTUNE" audit baseline)

give_up() {
	echo "bench: $1" >&2
	exit 1
}

# must WHAT CMD...: runs CMD, and ends with its output when it fails.
must() {
	local what=$1
	shift
	"$@" >"$TMPDIR/log" 2>&1 || give_up "$what: $(cat "$TMPDIR/log")"
}

make_compliant() {
	must 'this host cannot be made compliant' "$KEELTUNE" apply baseline
	must 'this host does not comply' "${audit[@]}"
	must 'this host does not comply for the script' tests/bench/by-hand
}

# An empty program, alone and with the libraries that keeltune is linked to.
make_empty() {
	local library libraries=()
	while read -r library; do
		[[ $library == libc.so* ]] || libraries+=("-l:$library")
	done < <(readelf -d "$KEELTUNE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p')
	echo 'int main(void) { return 0; }' >"$TMPDIR/empty.c"
	must 'no empty program' "${CC:-cc}" -O2 -o "$TMPDIR/empty" "$TMPDIR/empty.c"
	must 'no empty program' "${CC:-cc}" -O2 -o "$TMPDIR/linked" "$TMPDIR/empty.c" \
		-Wl,--no-as-needed "${libraries[@]}"
}

# row NAME: the next line of spawn-time.
row() {
	local status
	read -r least median peak status _
	[ "$status" = 0 ] || give_up "$1 exited $status"
	printf '  %-38s %8d %8d %8d %7s\n' "$1" "$least" "$median" "$peak" "$(ratio "$least" "$audit_us")"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

# target NAME VALUE OPERATOR GOAL
target() {
	awk -v name="$1" -v value="$2" -v operator="$3" -v goal="$4" 'BEGIN {
		met = operator == "<=" ? value <= goal : value >= goal
		printf "  %-38s %8s   target %s %s: %s\n", name, value, operator, goal, met ? "met" : "MISSED"
	}'
}

make_compliant
make_empty
"$BUILDDIR/tests/spawn-time" "$rounds" \
	"${audit[@]}" -- sysctl -n "${keys[@]}" -- tests/bench/by-hand -- "${audit[@]}" --quiet -- \
	"${audit[@]}" --format json -- "$KEELTUNE" --version -- "$TMPDIR/linked" -- "$TMPDIR/empty" \
	>"$TMPDIR/times" || give_up "spawn-time failed"
read -r audit_us _ audit_kib _ <"$TMPDIR/times"

echo "Audit of a compliant host: $rounds runs of each, in turn"
printf '  %-38s %8s %8s %8s %7s\n' '' 'min us' 'median' 'peak KiB' 'ratio'
{
	row 'keeltune audit baseline'
	row 'sysctl -n, four keys'
	sysctl_us=$least
	row 'the check as a shell script'
	script_us=$least
	row 'keeltune audit baseline --quiet'
	row 'keeltune audit baseline --format json'
	row 'keeltune --version'
	row 'an empty program with its libraries'
	row 'an empty program'
} <"$TMPDIR/times"

strace -f -c -o "$TMPDIR/calls" "${audit[@]}" >/dev/null 2>&1
calls=$(awk '$NF == "total" { print $4 }' "$TMPDIR/calls")
strace -f -e trace=execve -o "$TMPDIR/execs" tests/bench/by-hand >/dev/null 2>&1
echo
target 'audit / sysctl -n' "$(ratio "$audit_us" "$sysctl_us")" '<=' 1.1
target 'script / audit' "$(ratio "$script_us" "$audit_us")" '>=' 12
target 'system calls of the audit' "${calls:-unknown}" '<=' 200
target 'peak resident set of the audit, KiB' "$audit_kib" '<=' 2048
echo "  The script started $(grep -c 'execve(.* = 0$' "$TMPDIR/execs") programs."
