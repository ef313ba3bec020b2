#!/bin/bash
# SPDX-License-Identifier: MIT
# Audits as entries of the journal: what journald is sent (a socket of our own stands in for it), that names
# of files cannot forge a field, and what is said where there is no journal. tests/slow/boot.sh has the
# real one.

. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
ns_enter "$0" "$@" # /run is empty there

root=$TMPDIR/root
socket=$TMPDIR/socket
mkdir -p "$root/etc/sysctl.d" "$root/usr/lib/systemd"
touch "$root/usr/lib/systemd/systemd-sysctl"
cat >"$TMPDIR/test.conf" <<'PROFILE'
format = 1
name = "test"
sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }
sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 }
PROFILE
hostile=$'zz\nPRIORITY=0\nMESSAGE=forged\n\nKEELTUNE_HAVE=1\x1b[31m\xff.conf'
printf 'net.ipv4.tcp_keepalive_time = 7000\n' >"$root/etc/sysctl.d/$hostile"

cat >"$TMPDIR/receive" <<'PYTHON'
"""receive SOCKET COMMAND...: prints each datagram as a JSON object, then the status of the command."""
import json, os, re, socket, subprocess, sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
receiver.setblocking(False)
status = subprocess.run(sys.argv[2:]).returncode
while True:
    try:
        datagram = receiver.recv(1 << 20)
    except BlockingIOError:
        break
    assert datagram.endswith(b"\n") and b"\n\n" not in datagram, datagram
    fields = {}
    for line in datagram.decode("utf-8").splitlines():
        name, value = line.split("=", 1)
        assert re.fullmatch("[A-Z][A-Z0-9_]{0,63}", name) and name not in fields, line
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", value), line
        fields[name] = value
    print(json.dumps(fields))
os.unlink(sys.argv[1])
sys.exit(status)
PYTHON
entries=$TMPDIR/entries

# audit STATUS NAME [PROFILE]: sends its entries to $entries.
audit() {
	expect "$1" "$2" python3 "$TMPDIR/receive" "$socket" \
		"$KEELTUNE" audit -q -r "$root" --also "journal:$socket" "${3-$TMPDIR/test.conf}"
	cp "$out" "$entries"
}

# entry NAME JQ-FILTER: of the array of entries
entry() {
	check "$1" jq -es "$2" "$entries"
}

audit 1 "an audit that differs"
entry "is one entry for the setting and one for the sum" 'length == 2'
entry "setting, verdict, want and have" '.[0] | .KEELTUNE_SETTING == "sysctl:net.ipv4.tcp_keepalive_time"
	and .KEELTUNE_VERDICT == "differs" and .KEELTUNE_WANT == "600" and .KEELTUNE_HAVE == "7000"
	and .KEELTUNE_BOOT == "7000" and .KEELTUNE_LINE == "1" and .KEELTUNE_PROFILE_LINE == "3"
	and .KEELTUNE_PROFILES == "test" and .PRIORITY == "4" and .SYSLOG_IDENTIFIER == "keeltune"'
entry "a running value that there is none of has no field" '.[0] | has("KEELTUNE_RUNNING") | not'
entry "a file name forges nothing" '.[0] | .KEELTUNE_FILE ==
	"/etc/sysctl.d/zz\\x0aPRIORITY=0\\x0aMESSAGE=forged\\x0a\\x0aKEELTUNE_HAVE=1\\x1b[31m\\xff.conf"'
entry "the sum" '.[1] | .KEELTUNE_RESULT == "differs" and .KEELTUNE_OK == "1" and .KEELTUNE_DIFFERS == "1"
	and .KEELTUNE_UNKNOWN == "0" and .PRIORITY == "4" and (.MESSAGE | startswith("differs: 1 ok, 1 differs"))'
entry "entries of a kind have one id" '.[0].MESSAGE_ID != .[1].MESSAGE_ID
	and all(.[]; .MESSAGE_ID | test("^[0-9a-f]{32}$"))'

rm "$root/etc/sysctl.d/$hostile"
printf 'net.ipv4.tcp_keepalive_time = 600\n' >"$root/etc/sysctl.d/a.conf"
audit 0 "a compliant tree"
entry "is the sum alone, of no priority" 'length == 1 and .[0].PRIORITY == "6" and .[0].KEELTUNE_RESULT == "ok"'

printf 'format = 1\nname = "bad"\nsysctl "no.such" { value = }\n' >"$TMPDIR/bad.conf"
audit 2 "a profile with errors" "$TMPDIR/bad.conf"
entry "is an error in the journal, too" 'length == 1 and .[0].PRIORITY == "3" and .[0].KEELTUNE_RESULT == "trouble"'

# An entry is a datagram, which must not grow without bound.
rm "$root/etc/sysctl.d/a.conf"
printf 'net.ipv4.tcp_keepalive_time = %070000d\n' 7 >"$root/etc/sysctl.d/b.conf"
audit 1 "a value of 70,000 digits"
entry "is cut short" '.[0].KEELTUNE_HAVE | length < 5000'

expect 1 "on standard output" "$KEELTUNE" audit -r "$root" -f journal "$TMPDIR/test.conf"
check "entries are paragraphs" test "$(grep -c '^$' "$out")" = 2
expect 2 "other commands have no such format" "$KEELTUNE" diff -r "$root" -f journal "$TMPDIR/test.conf"
has "and say which they have" "diff has no format journal, but: text" "$err"

# Where journald has its socket, which is not there.
expect 2 "no journal" "$KEELTUNE" audit -q -r "$root" --also journal "$TMPDIR/test.conf"
has "is said" "/run/systemd/journal/socket: No such file or directory" "$err"
mkdir -p /run/systemd/journal
expect 2 "nor with its directory" "$KEELTUNE" audit -q -r "$root" --also journal "$TMPDIR/test.conf"
check "and no file is made in its place" test ! -e /run/systemd/journal/socket
expect 1 "by default it is where journald has it" \
	python3 "$TMPDIR/receive" /run/systemd/journal/socket \
	"$KEELTUNE" audit -q -r "$root" --also journal "$TMPDIR/test.conf"
check "two entries" test "$(wc -l <"$out")" = 2
finish
