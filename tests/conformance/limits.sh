#!/bin/bash
# SPDX-License-Identifier: MIT
# The model of logins against the real pam_limits.so of this machine, see limits.c. Changes nothing but
# files below $TMPDIR and needs no privilege.
#
#	limits.sh [OPTIONS of limits]        --module PATH asks another build of the module

. "${SRCDIR:-.}/tests/lib.sh"

module=$(find /lib/ /usr/lib/ /lib64/ -path '*/security/pam_limits.so' 2>/dev/null | head -n 1)
[ -n "$module" ] || skip_all "there is no pam_limits.so here"
count=5000
[ "$TEST_LENGTH" = short ] || count=50000
[ $# -gt 0 ] || set -- --count $count
(
	# Thousands of small files: not on a disk.
	memory=$(mktemp -d /dev/shm/keeltune-limits-XXXXXX 2>/dev/null)
	trap 'rm -rf "$memory"' EXIT
	TMPDIR=${memory:-$TMPDIR} "$BUILDDIR/tests/limits" --module "$module" "$@"
)
