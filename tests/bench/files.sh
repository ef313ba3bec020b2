#!/bin/bash
# SPDX-License-Identifier: MIT
# What many files cost: the audit of a tree with 40 files in sysctl.d, and with 20 in limits.d, against
# the same tree without them. Needs no privilege.

set -eu
cd "$(dirname "$0")/../.."
KEELTUNE=${KEELTUNE:-$PWD/build/keeltune}
BUILDDIR=${BUILDDIR:-build}
ROUNDS=${BENCH_ROUNDS:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tree in none sysctl limits; do
	cp -a tests/roots/debian12 "$work/$tree"
done
for i in $(seq -w 40); do
	seq -f 'net.core.some_key_%g = 1' 15 >"$work/sysctl/etc/sysctl.d/$i-some.conf"
done
for i in $(seq -w 20); do
	seq -f '@group%g soft nofile 5000' 15 >"$work/limits/etc/security/limits.d/$i-some.conf"
done

commands=()
for tree in none sysctl limits; do
	commands+=("$KEELTUNE" audit baseline --root "$work/$tree" --)
done
mapfile -t times < <("$BUILDDIR/tests/spawn-time" "$ROUNDS" "${commands[@]:0:${#commands[@]}-1}" | cut -d' ' -f1)
echo
echo "Audit of a tree with many files: $ROUNDS runs of each, in turn; minimum in us"
awk -v none="${times[0]}" -v sysctl="${times[1]}" -v limits="${times[2]}" 'BEGIN {
	printf "  as installed             %6d\n", none
	printf "  40 files in sysctl.d     %6d   %.2f   target <= 1.5: %s\n", sysctl, sysctl / none, sysctl <= 1.5 * none ? "met" : "MISSED"
	printf "  20 files in limits.d     %6d   %.2f   target <= 1.5: %s\n", limits, limits / none, limits <= 1.5 * none ? "met" : "MISSED"
}'
