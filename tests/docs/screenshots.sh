#!/bin/bash
# SPDX-License-Identifier: MIT
# The pictures of README.md are what the program prints today: made anew in the scene of the documents and compared with
# docs/*.svg, where numbers may differ. `SCREENSHOTS=docs tests/docs/screenshots.sh` writes them.

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
. "$SRCDIR/tests/integration/host.sh"
. "$SRCDIR/tests/docs/scene.sh"

# shot NAME COLUMNS ARG...: the picture of a command, as somebody typed it who has just logged in.
shot() {
	local name=$1 columns=$2
	shift 2
	(ulimit -Sn 8192; exec timeout -k 5 60 "$KEELTUNE" --color always "$@") >"$out" 2>&1 </dev/null
	{
		printf '\033[32m#\033[0m \033[1mkeeltune %s\033[0m\n' "$*"
		cat "$out"
	} >"$TMPDIR/screen"
	"$SRCDIR/scripts/ansi-to-svg" "keeltune $*" "$columns" <"$TMPDIR/screen" >"$TMPDIR/shots/$name.svg" ||
		not_ok "a picture of $name"
}

shots() {
	scene
	leak 1100
	mkdir -p "$TMPDIR/shots" /etc/keeltune/profiles
	profile shop <<-'PROFILE'
		inherits = { "baseline" }
		unit "shop.service" {
		  item "nofile" { soft = 16384  hard = 16384  at_least = 16384  reason = "bursts at noon" }
		}
	PROFILE
	shot sockets 80 sockets --pid "$(pidof shopd)"
	shot diff 100 diff shop
	"$KEELTUNE" apply --quiet shop
	shot audit 80 audit --live shop
	exit 0
}

[ -z "${NS_INSIDE-}" ] || shots

# What is drawn, number for number "N": where it stands depends on how long numbers are.
structure() {
	sed -E 's/ (x|y|textLength|viewBox|width|height)="[^"]*"//g; s/[0-9]+([.][0-9]+)?/N/g; s/  +/ /g' "$1"
}

ns_require
ns_run bash "$(realpath "$0")" || not_ok 'the pictures are made'
for name in sockets diff audit; do
	check "$name.svg is XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$TMPDIR/shots/$name.svg"
	[ -z "${SCREENSHOTS-}" ] || cp "$TMPDIR/shots/$name.svg" "$SRCDIR/$SCREENSHOTS/"
	structure "$SRCDIR/docs/$name.svg" >"$TMPDIR/want"
	structure "$TMPDIR/shots/$name.svg" >"$TMPDIR/got"
	same "docs/$name.svg is what the program prints" "$TMPDIR/want" "$TMPDIR/got"
	check "docs/$name.svg is light" [ "$(stat -c %s "$SRCDIR/docs/$name.svg")" -lt 30000 ]
done
finish
