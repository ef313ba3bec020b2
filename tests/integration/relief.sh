#!/bin/bash
# SPDX-License-Identifier: MIT
# keeltune sockets relieve: keepalive and descriptors of processes that run, and the way back.
# RELIEF_CASES: functions of relief_cases.py; all unless set.
# Slow with sanitizers

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"
known_host
# Under strace and with the /proc of others leaks cannot be looked for.
[ "$KEELTUNE_VARIANT" != asan ] || export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
cases=tests/integration/relief_cases.py valid=tests/golden/schema-check
# In a pid namespace of its own the next pid can be chosen.
[ -n "${RELIEF_CASES-}" ] ||
	unshare --pid --fork --kill-child --mount-proc /usr/bin/python3 $cases "$KEELTUNE" $valid reused_pid || failed=1
# shellcheck disable=SC2086 # names of functions
/usr/bin/python3 $cases "$KEELTUNE" $valid ${RELIEF_CASES-} || failed=1
# shellcheck disable=SC2086
/usr/bin/python3 tests/integration/relief_attacks.py "$KEELTUNE" $valid ${RELIEF_CASES-} || failed=1
[ -z "${failed-}" ]
