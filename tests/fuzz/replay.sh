#!/bin/bash
# SPDX-License-Identifier: MIT
# Each fuzz target over its corpus (tests/fuzz/corpus/NAME): one check for each file. A file that ends the
# program is the first one without a result.

cd "$(dirname "$0")/../.." || exit 2
targets=$(dirname "${KEELTUNE:?}")/fuzz/${KEELTUNE_VARIANT:?}

for source in tests/fuzz/fuzz-*.c; do
	name=${source##*/fuzz-}
	name=${name%.c}
	mapfile -t files < <(find "tests/fuzz/corpus/$name" -type f | sort)
	if [ ${#files[@]} = 0 ]; then
		echo "not ok $name: no corpus"
		continue
	fi
	"$targets/fuzz-$name" "${files[@]}" | sed "s/^ok /ok $name: /; s/^not ok /not ok $name: /"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || echo "not ok $name: exited $status at one of ${#files[@]} files"
done
