#!/bin/bash
# SPDX-License-Identifier: MIT
# Kills the real, unmodified keeltune 1,000 times on a private copy of this host, where it writes and at random
# instants; soak.py has the rounds. `make soak` is this alone.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
ns_run /usr/bin/python3 "$SRCDIR/tests/fault/soak.py"
