#!/bin/bash
# SPDX-License-Identifier: MIT
# Every command and option of the tables in the source is in keeltune(8) and in --help, with its
# argument, and neither has any other. mandoc finds nothing in the pages, not even a matter of style.

set -u
. "${SRCDIR:-.}/tests/lib.sh"
man=$SRCDIR/man/keeltune.8

# table NAME: the rows of an array in tables.c or options.c, one a line; not the one that ends it.
table() {
	sed -n "/ $1\[\] = {/,/^};/p" "$SRCDIR"/src/{tables,options}.c | grep -v ' NULL, NULL, NULL' | sed 1d | tr -s '\n\t' ' ' | grep -oE '\{ [^}]*\}'
}

# fields PATTERN: what its groups match, separated by "|".
fields() {
	sed -nE "s/$1/\1|\2|\3/p"
}

table commands | fields '^\{ "([a-z]+)", "([^"]*)", "([^"]*)".*' >"$TMPDIR/commands"
table options | fields '^\{ OPTION_[A-Z_]+, "([a-z-]+)", (NULL|"\[?[A-Z:]+\]?"), "([a-z ]*)".*' |
	tr -d '"' >"$TMPDIR/options"
# The tables are found whole: a row that the patterns miss would not be checked.
check 'all commands of tables.c read' \
	[ "$(wc -l <"$TMPDIR/commands")" = "$(table commands | wc -l)" ]
check 'all options of options.c read' \
	[ "$(wc -l <"$TMPDIR/options")" = "$(grep -c '^	{ OPTION_' "$SRCDIR/src/options.c")" ]

# shown NAME PATTERN FILE: FILE has a line that matches.
shown() {
	if grep -qE -e "$2" "$3"; then ok "$1"; else not_ok "$1" "no $2 in $3"; fi
}

# absent NAME PATTERN FILE
absent() {
	if grep -qE -e "$2" "$3"; then not_ok "$1" "$2 in $3"; else ok "$1"; fi
}

"$KEELTUNE" --help >"$TMPDIR/help" || not_ok 'keeltune --help'
while IFS='|' read -r command _; do
	shown "synopsis of $command" "^\.Cm $command\$" "$man"
	shown "man page: $command" "^\.It Cm $command\b" "$man"
	shown "help: $command" "^  $command +[^ ]" "$TMPDIR/help"
	"$KEELTUNE" "$command" --help >"$TMPDIR/help-$command" || not_ok "keeltune $command --help"
	while IFS='|' read -r option argument commands; do
		[ "$argument" = NULL ] && argument='' || argument=" ${argument/\[/\\[}"
		if [[ " $commands " == *" $command "* ]]; then
			shown "help of $command: --$option" " --$option$argument +[^ ]" "$TMPDIR/help-$command"
		elif [ -n "$commands" ]; then
			absent "help of $command: no --$option" " --$option\b" "$TMPDIR/help-$command"
		fi
	done <"$TMPDIR/options"
done <"$TMPDIR/commands"

while IFS='|' read -r option argument commands; do
	case $argument in
	NULL) argument= ;;
	\[*) argument=" Op Ar ${argument//[][]/}" ;;
	*) argument=" Ar $argument" ;;
	esac
	shown "man page: --$option" "^\.It (Fl [a-zA-Z] , )?Fl -$option$argument\$" "$man"
	[ -n "$commands" ] || shown "help: --$option" " --$option\b" "$TMPDIR/help"
done <"$TMPDIR/options"

# And the other way round.
cut -d '|' -f 1 "$TMPDIR/options" | sort >"$TMPDIR/known"
sed -nE 's/^\.It (Fl [a-zA-Z] , )?Fl -([a-z-]+).*/\2/p' "$man" | sort >"$TMPDIR/described"
same 'the man page describes no other option' "$TMPDIR/known" "$TMPDIR/described"
cut -d '|' -f 1 "$TMPDIR/commands" | sort >"$TMPDIR/known"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/s/^\.Cm \([a-z]*\)$/\1/p' "$man" | sort -u >"$TMPDIR/described"
same 'the man page describes no other command' "$TMPDIR/known" "$TMPDIR/described"

# Whether the pages referred to are installed, these two among them, is not their text's business.
if command -v mandoc >/dev/null; then
	mandoc -Tlint "$SRCDIR"/man/*.[58] 2>/dev/null | grep -v 'referenced manual not found' >"$TMPDIR/lint"
	same 'mandoc has nothing to say' /dev/null "$TMPDIR/lint"
else
	skip 'mandoc -Tlint' 'mandoc is not installed'
fi
finish
