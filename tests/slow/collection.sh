#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands of packaging/ansible/README.md that install the collection, as they stand there.

set -u
. "${SRCDIR:-.}/tests/lib.sh"
command -v ansible-galaxy >/dev/null || skip_all 'ansible-core is not installed'

export HOME=$TMPDIR
mkdir "$TMPDIR/top"
ln -s "$SRCDIR/packaging" "$TMPDIR/top/packaging"
cd "$TMPDIR/top" || exit 1
while IFS= read -r command; do
	check "$command" bash -c "$command"
done < <(sed -n 's/^    \(ansible-galaxy .*\|ansible-doc .*\)/\1/p' "$SRCDIR/packaging/ansible/README.md")
has 'ansible-doc knows the module' keeltune.host.profile <(tr '[:upper:]' '[:lower:]' <"$out")
finish
