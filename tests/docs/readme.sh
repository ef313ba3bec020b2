#!/bin/bash
# SPDX-License-Identifier: MIT
# README.md works word by word: the commands of its console blocks, in their order, on the private copy of a host that
# tests/docs/scene.sh makes, with the output that is shown (numbers may differ); the commands in its text, after them; its
# profile, make targets, package names and links. Command lines that cannot run here are listed in tests/docs/elsewhere
# with the test that runs them. README.zh-CN.md has the same commands and outputs.
#
# shellcheck disable=SC2016 # back quotes are Markdown here

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
. "$SRCDIR/tests/integration/host.sh"
. "$SRCDIR/tests/docs/scene.sh"
readme=$SRCDIR/README.md

# blocks KIND [FILE]: the inside of the ```KIND blocks.
blocks() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "${2:-$readme}" | grep -v '^```'
}

# The `keeltune ...` in the text.
inline() {
	sed '/^```/,/^```$/d' "${1:-$readme}" | grep -oE '`keeltune [^`]+`' | tr -d '`' | sort -u
}

# The shell that types the commands has the limit that a new login would have.
type_in() {
	(ulimit -Sn 8192; exec timeout -k 5 60 bash -c "$1") >"$out" 2>&1 </dev/null
}

tour() {
	local file command status why
	scene
	leak 1100
	cd /root || exit 1
	for file in "$TMPDIR"/tour/*.command; do
		command=$(cat "$file")
		status=0
		type_in "$command" || status=$?
		if [ $status -gt 1 ]; then
			not_ok "README: ${command%%$'\n'*}" "exited $status: $(cat "$out")"
		elif ! why=$(/usr/bin/python3 "$SRCDIR/tests/docs/commands.py" --compare "${file%.command}.output" "$out" 2>&1); then
			not_ok "README: ${command%%$'\n'*}" "$why"$'\n'"$(cat "$out")"
		else
			ok "README: ${command%%$'\n'*}"
		fi
	done
	while IFS= read -r command; do
		status=0
		type_in "$(real "$command")" || status=$?
		check "README, in the text: $command" [ $status -le 1 ]
	done < <(inline)
	finish
}

# COMMAND with something that is there for the words that stand for it.
real() {
	local command=$1
	command=${command//PID/$(pidof shopd)}
	command=${command//NAME/$(pidof shopd)}
	command=${command//DIR/\/}
	command=${command//FILE/\/etc\/keeltune\/profiles\/shop.conf}
	command=${command/%--watch/--watch 1 --samples 2}
	echo "$command"
}

if [ -n "${NS_INSIDE-}" ]; then
	tour
fi

# Every other command line is in the list of those that run elsewhere, and every line of the list is of use.
indented() {
	sed -nE 's/^    ((ansible|keeltune|puppet)[a-z-]* )/\1/p' "$@"
}
# The command lines of manual pages without a prompt; those with one are run by faq.sh.
displayed() {
	sed -n '/^\.Bd -literal/,/^\.Ed/p; s/^\.Dl //p' "$@" | sed ':a; /\\e$/ { N; s/ *\\e\n */ /; ba }; s/\\(aq/'"'/g" |
		grep -E '^(keeltune|systemctl|journalctl|ln|cp|mv|sudo) |^sysctl -'
}
grep -v '^#' "$SRCDIR/tests/docs/elsewhere" | cut -f 1 | sort >"$TMPDIR/listed"
{
	blocks sh
	indented "$SRCDIR"/packaging/{,*/}README.md
	displayed "$SRCDIR"/man/*.[58]
} | sort -u >"$TMPDIR/others"
same 'every command line that is not run here is listed in tests/docs/elsewhere' "$TMPDIR/listed" "$TMPDIR/others"
while IFS=$'\t' read -r command file text why; do
	check "elsewhere: $command: $file" grep -qF -e "$text" "$SRCDIR/$file"
	check "elsewhere: $command: says why" [ -n "$why" ]
done < <(grep -v '^#' "$SRCDIR/tests/docs/elsewhere")

# The Chinese README: the same blocks, commands, links and headings.
chinese=$SRCDIR/README.zh-CN.md
shape() {
	sed -nE '/^```/,/^```$/p' "$1"
}
shape "$readme" >"$TMPDIR/want"
shape "$chinese" >"$TMPDIR/got"
same 'README.zh-CN.md has the same blocks' "$TMPDIR/want" "$TMPDIR/got"
inline >"$TMPDIR/want"
inline "$chinese" >"$TMPDIR/got"
same 'README.zh-CN.md has the same commands in its text' "$TMPDIR/want" "$TMPDIR/got"
parts() {
	sed '/^```/,/^```$/d' "$1" | grep -oE '^#+|^\||^- |\]\([^)]*\)' | sed 's/(#[^)]*)/(#)/; s/README\.zh-CN\.md\|README\.md/README/'
}
parts "$readme" >"$TMPDIR/want"
parts "$chinese" >"$TMPDIR/got"
same 'README.zh-CN.md has the same headings, lists, tables and links' "$TMPDIR/want" "$TMPDIR/got"

mkdir "$TMPDIR/tour"
check 'README: the console blocks' /usr/bin/python3 "$SRCDIR/tests/docs/commands.py" "$readme" "$TMPDIR/tour"

blocks conf >"$TMPDIR/profile.conf"
check 'README: the profile' "$KEELTUNE" profile check "$TMPDIR/profile.conf"

while read -r _ target; do
	check "README: make $target" grep -qE "^$target( [a-z -]*)?:" "$SRCDIR/Makefile"
done < <(grep -v '^|' "$readme" | grep -oE '(^|`)make [a-z][a-z-]*' | tr -d '`' | sort -u)
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

private_host "$0"
