#!/bin/bash
# SPDX-License-Identifier: MIT
# What README.md shows works: the commands of its ```console blocks, in their order, in a private copy
# of this host; its make targets; its package names.
#
# None of them may end in trouble (status 2 and above).
# shellcheck disable=SC2016 # back quotes are Markdown here

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
readme=$SRCDIR/README.md

# The commands of the console blocks that run keeltune, one a line.
commands() {
	sed -n '/^```console$/,/^```$/p' "$readme" | sed -nE 's/^[$#] (sudo )?build\/keeltune /keeltune /p'
}

tour() {
	local line status
	mkdir "$TMPDIR/bin"
	ln -s "$KEELTUNE" "$TMPDIR/bin/keeltune"
	PATH=$TMPDIR/bin:$PATH
	while IFS= read -r line; do
		status=0
		bash -c "$line" >"$out" 2>"$err" || status=$?
		case $status in
		0 | 1) ok "README: $line" ;;
		*) not_ok "README: $line" "exited $status: $(cat "$out" "$err")" ;;
		esac
	done < <(commands)
	finish
}

if [ "${1-}" = tour ]; then
	tour
fi

while read -r _ target; do
	check "README: make $target" grep -qE "^$target( [a-z -]*)?:" "$SRCDIR/Makefile"
done < <(grep -oE '\bmake [a-z][a-z-]*' "$readme" | sort -u)
while read -r variable; do
	check "README: variable $variable" grep -qE "^$variable +\?=" "$SRCDIR/Makefile"
done < <(grep -oE '`[A-Z]{4,}`' "$readme" | tr -d '`' | sort -u)

# | dnf | `gcc glibc-devel ...` |: all packages of the group build for that package manager.
packages() {
	"$SRCDIR/scripts/install-packages" --list | awk -F '|' -v manager="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) { name = $i; gsub(/ /, "", name); if (name == manager) column = i } }
		$1 ~ /^build/ { print $column }' | xargs -n 1 | sort -u
}
for manager in apt dnf zypper apk pacman; do
	packages $manager >"$TMPDIR/want"
	sed -nE "s/^\| $manager \| \`(.*)\` \|.*/\1/p" "$readme" | xargs -n 1 | sort >"$TMPDIR/got"
	same "README: packages for $manager" "$TMPDIR/want" "$TMPDIR/got"
done

grep -oE '\]\([^)#:]+\)' "$readme" | tr -d ']()' | sort -u >"$TMPDIR/links"
while IFS= read -r file; do
	check "README: $file exists" [ -e "$SRCDIR/$file" ]
done <"$TMPDIR/links"

why=$(ns_require) || { skip 'README: the tour' "$why"; finish; }
ns_run bash "$SRCDIR/tests/docs/readme.sh" tour || failures=$((failures + 1))
finish
