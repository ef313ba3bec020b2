#!/bin/bash
# SPDX-License-Identifier: MIT
# `keeltune fleet`: random fleets against a Python program that merges them in its own way; then inputs
# of every kind, hostile and broken ones, what is printed, and the progress on a terminal.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

rounds=40
[ "$TEST_LENGTH" = short ] || rounds=2000
mkdir "$TMPDIR/random"
/usr/bin/python3 "$SRCDIR/tests/integration/fleet_oracle.py" "$KEELTUNE" "$TMPDIR/random" "$rounds" \
	${FLEET_SEED:+"$FLEET_SEED"} >"$TMPDIR/oracle" 2>&1 || failures=$((failures + 1))
cat "$TMPDIR/oracle"
grep -qE '^(ok|not ok)' "$TMPDIR/oracle" || not_ok "the oracle ran" "$(cat "$TMPDIR/oracle")"

cd "$TMPDIR" || exit 1
today=$(date -u +%Y-%m-%d)

# report NAME RUNNING [FILTER]: an audit in one line, changed by FILTER.
report() {
	local verdict=differs
	[ "$2" -gt 1800 ] || verdict=ok
	jq -nc --arg name "$1" --argjson running "$2" --arg verdict $verdict --arg time "${today}T00:00:00Z" '
		{schema: "keeltune/audit/1", tool: {name: "keeltune", version: "1"},
		host: {name: $name, machine_id: ("id of " + $name), os: null, kernel: null}, time: $time, result: $verdict,
		profiles: "baseline", findings: [{id: "sysctl:net.ipv4.tcp_keepalive_time", verdict: $verdict, want: 1800,
		at_least: null, at_most: 1800, layers: {configured: null, boot: $running, running: $running, live: null},
		deviations: [], reason: "why"}]} | '"${3:-.}"
}

# fleet STATUS NAME ARG...: its output is in $out and in $TMPDIR/json as JSON.
json() {
	if jq -e "$2" "$TMPDIR/json" >/dev/null 2>&1; then ok "$1"; else not_ok "$1" "not $2: $(head -c 3000 "$TMPDIR/json")"; fi
}
fleet() {
	local status=$1 name=$2
	shift 2
	expect "$status" "$name" "$KEELTUNE" fleet -f json "$@"
	cp "$out" "$TMPDIR/json"
	cp "$err" "$TMPDIR/said"
	check "$name: valid by its schema" "$SRCDIR/tests/golden/schema-check" "$TMPDIR/json"
}

# --- what is printed

{
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do report "web$n" 7200; done
	for n in 1 2 3; do report "db$n" 600; done
	report db4 900
	report old 600 '.time = "2020-01-01T00:00:00Z"'
	report lost 600 '.result = "trouble" | .findings[0].verdict = "unknown" | .findings[0].reason = "no such key" |
		.findings[0].layers = {} | .tool.version = "2"'
	report gone 600 '.result = "trouble" | .error = "no profile absent" | .findings = [] | .profiles = null'
	report db1 7200 '.time = "2020-01-01T00:00:00Z"'
	report web1 600 | head -c 100
	echo
	echo "garbage"
} >fleet.jsonl
expect 2 "the text of a fleet" "$KEELTUNE" fleet fleet.jsonl
cat >want <<END
19 hosts: 5 ok, 12 differ, 2 could not be judged

SETTING                                  OK  DIFFERS  UNKNOWN  SKIPPED
sysctl:net.ipv4.tcp_keepalive_time        5       12        1        0

differ in the same way:
  12 hosts: web1, web10, web11, web12, web2, web3, web4, web5 and 4 more
    sysctl:net.ipv4.tcp_keepalive_time: wanted at most 1800; running 7200, boot
      7200

could not be judged:
  1 host: gone
    no profile absent
  1 host: lost
    sysctl:net.ipv4.tcp_keepalive_time: no such key

outliers: a value that few have, where most have another
  sysctl:net.ipv4.tcp_keepalive_time: 900, where 12 have 7200: db4

stale: reports that are much older than the newest; they count
  old: 2020-01-01 00:00

duplicates: of several reports of a host the newest counts
  db1: fleet.jsonl:13 ($today 00:00) and not fleet.jsonl:20 (2020-01-01
    00:00)

broken: skipped
  fleet.jsonl:21: not JSON: a string without an end (truncated?)
  fleet.jsonl:22: not a JSON object

note: the reports are about different profiles: baseline (18), none (1)
note: different versions of keeltune wrote them: 1 (18), 2 (1)
END
same "the text is what it was" want "$out"
has "standard error sums it up" "2 files or lines could not be read as audits; the others are merged" "$err"
check "80 columns" awk 'length > 80 { exit 1 }' want
expect 0 "with --stale in reach nobody is stale" "$KEELTUNE" fleet --stale 9000d <(head -n 17 fleet.jsonl)
has_not "nobody is stale" "stale:" "$out"
expect 2 "--stale: bad times are refused" "$KEELTUNE" fleet --stale 5w fleet.jsonl
has "and what is allowed is said" "12h, 7d" "$err"
expect 2 "-q prints nothing but the trouble" "$KEELTUNE" fleet -q fleet.jsonl
check "nothing on standard output" test ! -s "$out"
expect 0 "hosts that differ are no trouble" "$KEELTUNE" fleet <(report a 7200)
expect 2 "--also: JSON and text in one run" "$KEELTUNE" fleet --also json:also.json fleet.jsonl
same "the text is the same" want "$out"
check "the JSON beside it is valid" "$SRCDIR/tests/golden/schema-check" also.json

# --- inputs

fleet 0 "standard input" - < <(report a 600)
json "one host" '.hosts == {total: 1, ok: 1, differs: 0, unknown: 0} and .reports.read == 1'
fleet 2 "standard input that is empty" - </dev/null
json "is named" '.broken == [{file: "-", line: null, error: "empty: no report in it"}] and .hosts.total == 0'
expect 2 "no argument" "$KEELTUNE" fleet
has "says what it wants" "keeltune audit --format json" "$err"
expect 2 "- twice" "$KEELTUNE" fleet - -
expect 2 "--root" "$KEELTUNE" fleet --root / fleet.jsonl
fleet 2 "a file that is not there, and one that is" absent <(report a 600)
json "the one is named, the other counts" '.hosts.total == 1 and (.broken[0] | .file == "absent" and .line == null and (.error | test("No such file")))'
mkfifo fifo
report a 600 >fifo &
fleet 0 "a FIFO" fifo
mkdir -p dir/sub empty
report a 600 | jq . >dir/a.json
report b 600 >dir/sub/b
report c 600 >dir/.c.json
report d 600 >elsewhere.json
ln -s ../elsewhere.json dir/d.json
mkfifo dir/fifo.json
echo text >dir/notes.txt
fleet 0 "a directory" dir
json "files of all levels; no links, no hidden ones" '.hosts.total == 2 and (.notes | length == 1 and (.[0].text |
	test("^not read.*dir/d.json and 2 more$")))'
fleet 2 "an empty directory" empty
json "is said" '.error == "no report was found"'
: >dir/empty.json
fleet 2 "an empty file among them" dir
json "is named, the others count" '.hosts.total == 2 and .broken[0].file == "dir/empty.json"'
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$TMPDIR" && chmod 0 dir/a.json
	expect 2 "a file that cannot be read" setpriv --reuid=65534 --regid=65534 --clear-groups "$KEELTUNE" fleet -f json dir
	cp "$out" json
	json "is named, the others count" '.hosts.total == 1 and (.broken | any(.file == "dir/a.json" and .error == "Permission denied"))'
fi
fleet 0 "several lines, one behind the other, a mark, CRLF" <(printf '\xef\xbb\xbf'; report a 600 | jq .; report b 600 | jq --tab .; report c 600 |
	tr -d '\n'; report d 600; report e 600 | sed 's/$/\r/')
json "five hosts" '.hosts.total == 5'

# --- what is broken, and what is lost with it

broken() {
	local name=$1 error=$2
	cat >bad
	fleet 2 "$name" <(report a 600) bad <(report b 600)
	json "$name: named, nothing else lost" ".hosts.total == 2 and (.broken | length == 1 and (.[0] | .file == \"bad\" and (.error | test(\"$error\"))))"
}
broken "another kind of report" "keeltune/diff/1: only audits" < <(report x 600 '.schema = "keeltune/diff/1"')
broken "a newer schema" "keeltune/audit/2: another keeltune" < <(report x 600 '.schema = "keeltune/audit/2" | .findings = {}')
broken "an array" "JSON array" < <(report x 600 | jq -s .)
broken "no report at all" "no .schema." <<<'{"a": {"b": [1, 2, {"c": null}]}}'
broken "UTF-16" "UTF-16" < <(report x 600 | iconv -t UTF-16)
broken "binary" "binary data, not JSON" < <(head -c 100000 /usr/bin/env)
broken "compressed" "zcat" < <(report x 600 | gzip)
broken "a member twice" "occurs twice" < <(report x 600 | sed 's/^{/{"result":"ok",/')
broken "not UTF-8" "not UTF-8" < <(report x 600 | sed 's/"x"/"\xff"/')
broken "a NUL in a string" "NUL" < <(report x 600 | sed 's/"x"/"\\u0000"/')
broken "a raw NUL" "control character" < <(report x 600 | tr x '\0')
broken "half a surrogate" "surrogate" < <(report x 600 | sed 's/"x"/"\\ud800"/')
broken "a wrong type" "neither a string nor null" < <(report x 600 '.host.name = 5')
broken "no host" "no .host." < <(report x 600 'del(.host)')
broken "no such day" "time" < <(report x 600 '.time = "2026-02-30T00:00:00Z"')
broken "no such verdict" "verdict" < <(report x 600 '.findings[0].verdict = "fine"')
broken "nested too deep" "too deep" < <(report x 600 '.x = 1' | sed "s/\"x\":1/\"x\":$(printf '[%.0s' {1..100})$(printf ']%.0s' {1..100})/")
broken "too large" "larger than 8 MiB" < <(report x 600 | sed 's/}$/,"x":"/' | tr -d '\n'; head -c 9000000 /dev/zero | tr '\0' x; echo '"}')
broken "a cut file" "ends in the middle" < <(report x 600 | jq . | head -n 20)
fleet 0 "numbers that no integer holds" <(report a 600 | sed 's/"running":600/"running":1.8446744073709552e+19/; s/"boot":600/"boot":9223372036854776000/')
json "are kept" '.settings[0].values[0] == {boot: "9223372036854776000", running: "1.8446744073709552e+19", hosts: 1}'

# --- the page

report web 7200 | awk '{ for (i = 1; i <= 3000; i++) { line = $0; gsub(/web/, "web" i, line); print line } }' >many
cat many many >twice
expect 0 "a page of 3,000 hosts" "$KEELTUNE" fleet -f html twice
cp "$out" page.html
check "is small: what is long is cut" test "$(wc -c <page.html)" -lt 100000
has "and says so" "more: <code>keeltune fleet --format json" page.html
report '<script>MARK"&' 7200 '.findings[0].id = "sysctl:<script>MARK" | .findings[0].layers.running = "<script>MARK" | .profiles = "<script>MARK" |
	.tool.version = "<script>MARK" | .findings[0].deviations = [{who: "<script>MARK", value: 1}]' >"<script>MARK"
echo '{"schema": "<script>MARK"}' >>"<script>MARK"
expect 2 "a page of hostile names" "$KEELTUNE" fleet -f html "<script>MARK" fleet.jsonl
cp "$out" page.html
has_not "no markup of theirs" "<script" page.html
has "they are shown" "&lt;script&gt;MARK" page.html
if command -v tidy >"$out"; then
	tidy -e -q page.html 2>&1 | grep -v 'proprietary attribute "focusable"' >tidied
	same "tidy finds nothing" /dev/null tidied
fi

# --- hostile names

evil=$'a"<&|\n\x1b[31m\xe2\x80\xae'
fleet 0 "a hostile name" <(report "$evil" 7200 '.findings[0].id = "sysctl:" + .host.name')
json "is what it was" ".groups[0].hosts[0].name == $(jq -n --arg x "$evil" '$x') and (.settings[0].id | startswith(\"sysctl:a\\\"<&|\\n\"))"
expect 0 "a hostile name as text" "$KEELTUNE" fleet <(report "$evil" 7200)
has "is escaped" 'a"<&|\x0a\x1b[31m' "$out"
check "no control character" test "$(LC_ALL=C tr -d '\n' <"$out" | LC_ALL=C grep -c '[[:cntrl:]]')" = 0
fleet 0 "namesakes" <(report a 7200; report a 7200 '.host.machine_id = "other"'; report b 600 '.host.machine_id = "other"')
json "are hosts of their own" '.hosts.total == 3 and (.notes | any(.text | test("several names")))'

# --- progress: on a terminal, when it takes longer than a second

cat >progress.py <<'END'
import os, pty, subprocess, sys, time
program, line, quiet = sys.argv[1], open(sys.argv[2]).read(), sys.argv[3:]
main, side = pty.openpty()
run = subprocess.Popen([program, "fleet", *quiet, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=side)
for _ in range(int(os.environ["ROUNDS"])):
    run.stdin.write(line.encode())
    run.stdin.flush()
    time.sleep(0.1)
run.stdin.close()
run.wait()
os.close(side)
try:
    print(os.read(main, 65536).decode())
except OSError:
    pass
END
report a 600 >line
ROUNDS=16 expect 0 "slow, on a terminal" /usr/bin/python3 progress.py "$KEELTUNE" line
has "progress is shown" " reports, " "$out"
ROUNDS=16 expect 0 "slow, with -q" /usr/bin/python3 progress.py "$KEELTUNE" line -q
has_not "-q shows none" "reports" "$out"
ROUNDS=2 expect 0 "quick, on a terminal" /usr/bin/python3 progress.py "$KEELTUNE" line
has_not "no progress within a second" "reports" "$out"
finish
