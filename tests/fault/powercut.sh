#!/bin/bash
# SPDX-License-Identifier: MIT
# Power cuts: the calls of an apply and of a rollback, replayed on a model of a disk that loses whatever
# was not fsynced. powercut.py has the model; it runs on a private copy of this host.
# Slow with sanitizers: not in their part of `make check`.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
ns_run /usr/bin/python3 "$SRCDIR/tests/fault/powercut.py"
