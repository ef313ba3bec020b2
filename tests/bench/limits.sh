#!/bin/bash
# SPDX-License-Identifier: MIT
# What `keeltune limits` costs with 10,000 local accounts in 200 groups and 20 files in limits.d, with
# lines of groups alone and with a line for every second account as well. Beside it the same for one
# of the accounts, and what awk(1) needs only to read passwd and group. Needs no privilege.

set -eu
cd "$(dirname "$0")/../.."
KEELTUNE=${KEELTUNE:-$PWD/build/keeltune}
BUILDDIR=${BUILDDIR:-build}
ROUNDS=$((${BENCH_ROUNDS:-300} / 15 + 1))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tree in groups names; do
	cp -a tests/roots/debian12 "$work/$tree"
	seq 10000 | awk '{ printf "user%05d:x:%d:%d::/home/user%05d:/bin/bash\n", $1, 10000 + $1, 2000 + $1 % 200, $1 }' \
		>>"$work/$tree/etc/passwd"
	# Each account is in five groups more.
	seq 0 199 | awk '{ printf "dept%d:x:%d:", $1, 2000 + $1
		for (i = 0; i < 250; i++) printf "%suser%05d", i ? "," : "", 1 + ($1 * 53 + i * 40) % 10000
		print "" }' >>"$work/$tree/etc/group"
	for file in $(seq -w 20); do
		{
			seq -f "@dept%g hard nofile 65536" "${file#0}" 20 199
			echo "@dept${file#0} soft nproc 4096"
			echo "* soft core 0"
		} >"$work/$tree/etc/security/limits.d/$file-dept.conf"
	done
done
seq -f 'user%05g - nofile 32768' 1 2 10000 >"$work/names/etc/security/limits.d/50-names.conf"

commands=("$KEELTUNE" limits --root "$work/groups" --
	"$KEELTUNE" limits --root "$work/names" --
	"$KEELTUNE" limits user00042 --root "$work/groups" --
	awk -F: '{ n += NF } END { exit !n }' "$work/groups/etc/passwd" "$work/groups/etc/group")
mapfile -t times < <("$BUILDDIR/tests/spawn-time" "$ROUNDS" "${commands[@]}" | cut -d' ' -f1)
results=$("$KEELTUNE" limits --root "$work/groups" | head -n 1)
echo
echo "$results"
echo "$ROUNDS runs of each, in turn; minimum in us"
awk -v groups="${times[0]}" -v names="${times[1]}" -v one="${times[2]}" -v read="${times[3]}" 'BEGIN {
	printf "  awk reads passwd and group        %7d\n", read
	printf "  limits of one account             %7d   %5.1f\n", one, one / read
	printf "  limits of 10,000 accounts         %7d   %5.1f   target <= 500000 us: %s\n", groups, groups / read, groups <= 500000 ? "met" : "MISSED"
	printf "  and 5,000 lines for single names  %7d   %5.1f   target <= 500000 us: %s\n", names, names / read, names <= 500000 ? "met" : "MISSED"
}'
