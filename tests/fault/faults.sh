#!/bin/bash
# SPDX-License-Identifier: MIT
# Every system call by which an apply or a rollback changes something fails, or the program is killed there;
# every allocation fails. faults.py has the cases; they run on a private copy of this host.
# Slow with sanitizers: not in their part of `make check`.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
ns_run /usr/bin/python3 "$SRCDIR/tests/fault/faults.py"
