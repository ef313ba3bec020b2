#!/bin/bash
# SPDX-License-Identifier: MIT
# What README.md shows works: the commands of its ```console blocks, in their order, in a private copy
# of this host (none may end in trouble, that is above 1); its profile, make targets, package names and
# links.
#
# shellcheck disable=SC2016 # back quotes are Markdown here

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
readme=$SRCDIR/README.md

# The inside of the ```KIND blocks.
blocks() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$readme" | grep -v '^```'
}

# The commands of the console blocks, each followed by a tab and the last line of its output. Lines
# of a diff are the host's own business.
commands() {
	blocks console | awk '
		/^[$#] / { if (command) print command "\t" last; command = substr($0, 3); last = ""; next }
		/^[^+]/ { last = $0 }
		/^[+]/ { last = "" }
		END { print command "\t" last }'
}

# Rollback ids and counts differ from run to run.
plain() {
	sed -E 's/[0-9]{8}T[0-9]{6}Z-[a-z-]+-[0-9a-f]{6}/ID/g; s/[0-9]+ change/N change/'
}

tour() {
	local command last status
	mkdir "$TMPDIR/build"
	cd "$TMPDIR" || exit 1
	ln -s "$KEELTUNE" build/keeltune
	while IFS=$'\t' read -r command last; do
		status=0
		bash -c "$command" >"$out" 2>"$err" </dev/null || status=$?
		if [ $status -gt 1 ]; then
			not_ok "README: $command" "exited $status: $(cat "$out" "$err")"
		elif [ -n "$last" ] && ! plain <"$out" | grep -qxF -e "$(plain <<<"$last")"; then
			not_ok "README: $command" "does not say \"$last\": $(cat "$out" "$err")"
		else
			ok "README: $command"
		fi
	done < <(commands)
	finish
}

if [ "${1-}" = tour ]; then
	tour
fi

blocks conf >"$TMPDIR/profile.conf"
check 'README: the profile' "$KEELTUNE" profile check "$TMPDIR/profile.conf"

while read -r _ target; do
	check "README: make $target" grep -qE "^$target( [a-z -]*)?:" "$SRCDIR/Makefile"
done < <(grep -v '^|' "$readme" | grep -oE '\bmake [a-z][a-z-]*' | sort -u)
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
