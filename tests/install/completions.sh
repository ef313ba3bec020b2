#!/bin/bash
# SPDX-License-Identifier: MIT
# Completion in real shells on a terminal: bash with and without bash-completion; zsh and fish where they
# are. What is offered, and that it is all that the program has.
# Slow with sanitizers: the shells ask the program for profiles.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"

scripts=$BUILDDIR/completions
[ -e "$scripts/keeltune.fish" ] || skip_all "there are no completions: run make completions"
mkdir "$TMPDIR/bin"
ln -s "$KEELTUNE" "$TMPDIR/bin/keeltune"
export PATH=$TMPDIR/bin:$PATH

cat >"$TMPDIR/cases" <<'CASES'
keeltune aud -> audit | apply
keeltune  -> audit diff apply rollback history explain limits sockets profile | baseline
keeltune --pro -> | --profile-dir
keeltune --verb -> --verbose
keeltune audit --for -> --format | --force
keeltune rollback --for -> --format --force
keeltune --root / rollback --al -> --all
keeltune audit --format  -> text json | baseline
keeltune audit --format=j -> json
keeltune -f  -> text json
keeltune -f json prof -> profile
keeltune --color  -> auto always never
keeltune audit --engine pr -> procps procps3 | systemd
keeltune limits --cap  -> yes no
keeltune profile  -> list show check | baseline
keeltune profile show clo -> close-wait-emergency close-wait-relief cloud-nat | database
keeltune audit  -> baseline web-server | list
keeltune audit baseline web -> web-server
keeltune history  -> show prune
keeltune sockets --state CLO -> CLOSE CLOSE_WAIT CLOSING | LISTEN
keeltune sockets rel -> relieve
keeltune explain net.ipv4.tcp_keepalive_t -> net.ipv4.tcp_keepalive_time
keeltune limits ro -> root
keeltune limits --service logi -> login
keeltune audit --also j -> json
keeltune audit --lim -> | --limits
keeltune diff --ov -> --override
keeltune sockets --watch --sam -> --samples
CASES
cat >>"$TMPDIR/cases" <<CASES
keeltune audit $TMPDIR/mine -> $TMPDIR/mine.conf
keeltune profile check $TMPDIR/mine -> $TMPDIR/mine.conf
keeltune audit -o $TMPDIR/mine -> $TMPDIR/mine.conf
keeltune audit --root $TMPDIR/bi -> $TMPDIR/bin/
CASES
touch "$TMPDIR/mine.conf"

complete_in() { # SHELL SCRIPT
	/usr/bin/python3 "$SRCDIR/tests/install/complete.py" "$1" "$scripts/$2" <"$TMPDIR/cases" >"$TMPDIR/results" 2>&1 ||
		not_ok "$1 completes" "$(cat "$TMPDIR/results")"
	cat "$TMPDIR/results"
	checks=$((checks + $(grep -c '^ok' "$TMPDIR/results")))
	failures=$((failures + $(grep -c '^not ok' "$TMPDIR/results")))
}

complete_in bash keeltune
if [ -e /usr/share/bash-completion/bash_completion ]; then
	BASH_COMPLETION=1 complete_in bash keeltune
fi
for shell in zsh fish; do
	command -v $shell >/dev/null || continue
	case $shell in
	zsh) complete_in zsh _keeltune ;;
	fish) complete_in fish keeltune.fish ;;
	esac
done

# Every command and option of the program is in the table, with nothing else.
table=$scripts/table
"$KEELTUNE" --help | sed -nE '/^  [a-z]/s/^  ([a-z]+) .*/\1/p' | sort >"$TMPDIR/want"
awk -F'\t' '$1 == "command" { print $2 }' "$table" | sort >"$TMPDIR/commands"
same "the commands are those of --help" "$TMPDIR/want" "$TMPDIR/commands"
while read -r command; do
	"$KEELTUNE" "$command" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE '\-\-[a-z-]+' | sort >"$TMPDIR/want"
	awk -F'\t' -v command="$command" '$1 == "option" && $2 == command { print $3 }' "$table" | sort >"$TMPDIR/got"
	same "the options of $command are those of its --help" "$TMPDIR/want" "$TMPDIR/got"
done <"$TMPDIR/commands"

# What a tree, a file name or a history says is never run.
mkdir -p "$TMPDIR/profiles"
cat >"$TMPDIR/hostile" <<HOSTILE
#!/bin/sh
cat <<'LINES'
\$(touch\${IFS}$TMPDIR/run) evil
\`touch\${IFS}$TMPDIR/run\` evil
good yes
LINES
HOSTILE
chmod +x "$TMPDIR/hostile"
ln -sf "$TMPDIR/hostile" "$TMPDIR/bin/keeltune"
printf 'keeltune audit goo -> good\nkeeltune audit  -> good\n' >"$TMPDIR/cases"
complete_in bash keeltune
if command -v zsh >/dev/null; then complete_in zsh _keeltune; fi
if command -v fish >/dev/null; then complete_in fish keeltune.fish; fi
check "nothing that the program printed was run" test ! -e "$TMPDIR/run"
finish
