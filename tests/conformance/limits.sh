#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of logins against the real pam_limits.so of this machine, see limits.c. Changes nothing but
# files below $TMPDIR and needs no privilege.
#
#	limits.sh [OPTIONS of limits]        --module PATH asks another build of the module

. "${SRCDIR:-.}/tests/lib.sh"

module=$(find /lib/ /usr/lib/ /lib64/ -path '*/security/pam_limits.so' 2>/dev/null | head -n 1)
[ -n "$module" ] || skip_all "there is no pam_limits.so here"
count=5000 program_count=300
[ "$TEST_LENGTH" = short ] || count=50000 program_count=5000

# Thousands of small files: not on a disk.
memory=$(mktemp -d /dev/shm/keeltune-limits-XXXXXX 2>/dev/null)
trap 'rm -rf "$memory"' EXIT
compare() {
	TMPDIR=${memory:-$TMPDIR} "$BUILDDIR/tests/limits" --module "$module" "$@"
}

if [ $# -gt 0 ]; then
	compare "$@"
	exit
fi
compare --count $count || failures=1
# The same with the program in the place of its model: command line, report, numbers.
compare --program "$KEELTUNE" --count $program_count || failures=1
# And told the version instead of looking at the module.
if version=$(dpkg-query -W -f '${Version}' libpam-modules 2>/dev/null) && [ -n "$version" ]; then
	compare --program "$KEELTUNE" --pam-version "$version" --count $program_count || failures=1
fi
exit "$failures"
