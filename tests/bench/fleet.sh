#!/bin/bash
# SPDX-License-Identifier: MIT
# What merging many audits costs: 1,000, 10,000 and 100,000 of them through a pipe, as text, JSON and
# HTML, against a Python program that counts the same from the same lines, and against jq that only
# reads them. Seconds of a processor, and memory at its peak. Needs no privilege.

set -eu
cd "$(dirname "$0")/../.."
KEELTUNE=${KEELTUNE:-$PWD/build/keeltune}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$KEELTUNE" audit baseline --root tests/roots/debian12 -f json >"$work/template" || true

cat >"$work/by-hand.py" <<'END'
import collections, json, sys
hosts, broken = {}, 0
for line in sys.stdin:
    try:
        report = json.loads(line)
    except ValueError:
        broken += 1
        continue
    key = report["host"]["name"], report["host"]["machine_id"]
    if key not in hosts or hosts[key][0] <= report["time"]:
        hosts[key] = report["time"], tuple((f["id"], f["verdict"], f["layers"]["boot"], f["layers"]["running"]) for f in report["findings"])
settings = collections.Counter((f[0], f[1]) for _, findings in hosts.values() for f in findings)
groups = collections.Counter(tuple(f for f in findings if f[1] != "ok") for _, findings in hosts.values())
print(len(hosts), broken, settings, groups)
END

# Runs a program, says the seconds of a processor and MB at its peak.
cat >"$work/run.py" <<'END'
import os, sys
pid = os.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(f"{usage.ru_utime + usage.ru_stime:.2f} {usage.ru_maxrss / 1024:.1f}", file=open(os.environ["RESULT"], "w"))
END

# cost COUNT CMD...
cost() {
	local count=$1
	shift
	/usr/bin/python3 tests/bench/fleet_generate.py "$work/template" "$count" |
		RESULT=$work/result /usr/bin/python3 "$work/run.py" "$@" >/dev/null 2>&1
	cat "$work/result"
}

echo
echo "Merging audits of $(wc -c <"$work/template") bytes: seconds of a processor, MB at the peak"
for count in 1000 10000 100000; do
	for format in text json html; do
		read -r seconds memory < <(cost $count "$KEELTUNE" fleet -f $format -)
		printf '  %7d  keeltune fleet, %-5s %8.2f s %8.1f MB\n' $count $format "$seconds" "$memory"
		[ $format != text ] || ours=$seconds
	done
	[ $count != 10000 ] || mine=$ours
done
read -r seconds memory < <(cost 10000 /usr/bin/python3 "$work/by-hand.py")
printf '  %7d  Python program       %8.2f s %8.1f MB   %.1f times keeltune; target >= 2\n' 10000 "$seconds" "$memory" "$(awk -v a="$seconds" -v b="$mine" 'BEGIN { print a / b }')"
read -r seconds memory < <(cost 10000 jq -R 'fromjson? | .result')
printf '  %7d  jq, reading alone    %8.2f s %8.1f MB   %.1f times keeltune\n' 10000 "$seconds" "$memory" "$(awk -v a="$seconds" -v b="$mine" 'BEGIN { print a / b }')"
