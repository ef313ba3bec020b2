#!/bin/bash
# SPDX-License-Identifier: MIT
# Pages of HTML in a real headless Chromium, html_browser.py says what is looked at: of a hostile host, of one
# with hundreds of findings and two thousand processes that leak, of a recording of thousands of samples.
# With axe-core where npm can be asked for it. To look at pages, screenshots and PDF:
#
#	TEST_RUN=1 SRCDIR=$PWD TMPDIR=DIR tests/slow/html.sh

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
for program in chromium pdftotext; do
	command -v $program >/dev/null || skip_all "$program is not installed: scripts/install-packages slow"
done

# axe-core is data for the browser: installed without its scripts, outside of the tree.
if [ -z "${NS_INSIDE-}" ]; then
	export AXE=$TMPDIR/axe/node_modules/axe-core/axe.min.js
	mkdir -p "$TMPDIR/axe"
	if ! command -v npm >/dev/null; then
		axe_missing='npm is not installed'
	elif ! (cd "$TMPDIR/axe" && timeout 120 npm install --no-audit --no-fund --ignore-scripts \
		--cache "$TMPDIR/npm" axe-core@4 >"$TMPDIR/npm.log" 2>&1); then
		axe_missing='npm cannot install axe-core'
	fi
	export axe_missing=${axe_missing-}
fi
private_host "$0"
# shellcheck source=tests/integration/html-lib.sh
. "$SRCDIR/tests/integration/html-lib.sh"

pages=$TMPDIR/pages
hostile_host
hostile_pages "$pages"

# --- many of everything

find /proc/sys/net/ipv4 /proc/sys/net/core -type f -perm -600 | grep -vE 'ip_local_port_range|tcp_retries2' |
	sed 's|/proc/sys/||; s|/|.|g' | sort |
	sed 's/.*/	sysctl "&" { value = 1 optional = true reason = "one of many" }/' | profile many
for _ in $(seq 20); do
	serve -c 'many <b>MARK' -w 100 -n 20 workers
	clients 20
	settled
done
page "$pages/many.html" 1 audit --live many
python3 - "$recording" >"$recording.long" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    sample = json.loads(file.readline())
for i in range(3000):
    sample["time"] = f"2026-03-{1 + i // 1440:02}T{i // 60 % 24:02}:{i % 60:02}:00Z"
    sample["states"]["CLOSE_WAIT"] = i * i // 100
    sample["states"]["ESTABLISHED"] = 500 + i * 7919 % 400
    sample["processes"] = [
        {"pid": 1000 + p, "comm": f"<b>MARK{p}", "unit": None, "used": (i * (p + 1)) % 1024,
         "soft": 1024, "hard": 4096, "close_wait": i * p if p < 4 else None}
        for p in range(40) if p % 7 or 300 < i < 2000]
    print(json.dumps(sample))
PY
page "$pages/long.html" 1 audit --recording "$recording.long" hostile
python3 "$SRCDIR/tests/integration/html_check.py" "$pages"/*.html >"$out" || failures=$((failures + 1))
cat "$out"

# --- in the browser

axe=(--axe "$AXE")
if [ -n "$axe_missing" ]; then
	skip 'axe-core' "$axe_missing"
	axe=()
fi
python3 "$SRCDIR/tests/slow/html_browser.py" "${axe[@]}" --keep "$TMPDIR/keep" \
	"$pages"/{audit,audit-live,audit-broken,audit-netns,no-profile,diff,sockets-check,many,long}.html \
	>"$out" 2>&1 || failures=$((failures + 1))
cat "$out"
hostile_end
finish
