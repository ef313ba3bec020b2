#!/bin/bash
# SPDX-License-Identifier: MIT
# forged.sh [SEED [FIRST]]: forged rollback files, at random, see forged.py. KEELTUNE_SEED repeats a run.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
[ "$KEELTUNE_VARIANT" != asan ] || export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" # under strace
private_host "$0"

known_host
# shellcheck disable=SC2086 # words
/usr/bin/python3 "$SRCDIR/tests/integration/forged.py" ${KEELTUNE_SEED-} || failures=1
checks=1
finish
