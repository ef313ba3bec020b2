#!/bin/bash
# SPDX-License-Identifier: MIT
# `keeltune sockets` against ss and lsof: random sockets at rest (sockets_random.py), and while everything
# comes and goes (sockets_churn.py), in namespaces of their own.
#
#	sockets.sh [OPTIONS of sockets_random.py]

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
for program in ss lsof; do
	command -v $program >/dev/null || skip_all "there is no $program to compare with"
done
ns_enter "$0" "$@"

count=30 churn=(--seconds 4)
[ "$TEST_LENGTH" = short ] || count=500 churn=(--seconds 60)
status=0
if [ $# = 0 ]; then
	/usr/bin/python3 tests/conformance/sockets_churn.py "${churn[@]}" || status=1
	set -- --count $count
fi
/usr/bin/python3 tests/conformance/sockets_random.py "$@" || status=1
exit $status
