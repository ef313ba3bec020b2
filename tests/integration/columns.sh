#!/bin/bash
# SPDX-License-Identifier: MIT
# The text of every command fits 80 columns, to a pipe as on a terminal, with names as long as they get;
# and it says the same without colour. Wider is only what is one word, or a line of a diff.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

# too_wide FILE: its lines that are wider than they may be, or end with a blank. A diff begins with two
# lines of head and says how long its parts are.
too_wide() {
	LC_ALL=C.UTF-8 awk '
		/^--- / { head = $0; getline; if (/^\+\+\+ /) { next } print head }
		/^@@ / && NF >= 3 { split($2, old, ","); split($3, new, ",")
			left = (old[2] == "" ? 1 : old[2]) ; more = (new[2] == "" ? 1 : new[2]); next }
		left > 0 && /^-/ { left--; next }
		more > 0 && /^\+/ { more--; next }
		(left > 0 || more > 0) && /^( |\\)/ { left -= /^ /; more -= /^ /; next }
		{ plain = $0; gsub(/\033\[[0-9;]*m/, "", plain) }
		plain ~ / $/ { print "ends with a blank: " $0; next }
		length(plain) > 80 { word = plain; sub(/^keeltune: /, "", word); sub(/ \\$/, "", word)
			sub(/^ +/, "", word); if (word ~ / /) print length(plain) ": " $0 }' "$1"
}

# fits NAME ARG...: what keeltune prints and complains
fits() {
	local name=$1 wide status=0
	shift
	kt --color never "$@" >"$TMPDIR/both" 2>"$err" </dev/null || status=$?
	cat "$err" >>"$TMPDIR/both"
	check "$name: says something" test "$status" -le 4 -a -s "$TMPDIR/both"
	wide=$(too_wide "$TMPDIR/both")
	if [ -n "$wide" ]; then not_ok "$name: 80 columns" "$wide"; else ok "$name: 80 columns"; fi
}

# --- the check itself

printf '%s\n' "$(printf 'a%.0s' {1..79}) b" >"$TMPDIR/wide"
check "81 columns are found" test -n "$(too_wide "$TMPDIR/wide")"
printf '%s\n' "  $(printf 'a%.0s' {1..100})" >"$TMPDIR/wide"
check "one word is not" test -z "$(too_wide "$TMPDIR/wide")"
printf 'x \n' >"$TMPDIR/wide"
check "a blank at the end is" test -n "$(too_wide "$TMPDIR/wide")"
printf -- '--- a\n+++ b\n@@ -0,0 +1 @@\n+%s b\n%s b\n' "$(printf 'a%.0s' {1..100})" "$(printf 'c%.0s' {1..100})" >"$TMPDIR/wide"
check "behind a diff it goes on" test "$(too_wide "$TMPDIR/wide" | wc -l)" = 1

# --- what is committed

for file in "$SRCDIR"/tests/roots/*.txt; do
	wide=$(too_wide "$file")
	if [ -n "$wide" ]; then not_ok "${file##*/}" "$wide"; else ok "${file##*/}"; fi
done

# --- help

fits "help" --help
for command in audit diff apply rollback history explain limits sockets profile fleet; do
	fits "help of $command" "$command" --help
done

# --- a host with long names

known_host
long=$(printf 'abcdefghi.%.0s' {1..11})end # 113 bytes
user=$(printf 'u%.0s' {1..31})
unit=$(printf 'long-unit-%.0s' {1..12}).service
key=net.ipv4.conf.$(printf 'veth%.0s' {1..3})012.accept_redirects_of_nobody_at_all_here
echo "$user:x:64321:64321::/tmp:/bin/sh" >>/etc/passwd
for domain in "$user" "*" root; do
	echo "$domain soft nofile 300"
	echo "$domain hard nofile 400"
done >"/etc/security/limits.d/$long.conf"
{
	echo "net.ipv4.tcp_keepalive_time = 7000"
	echo "$key = 1"
} >"/etc/sysctl.d/zz-$long.conf"
mkdir -p /usr/lib/systemd/system "/etc/systemd/system/$unit.d"
[ -e /usr/lib/systemd/systemd ] || touch /usr/lib/systemd/systemd
printf '[Service]\nExecStart=/bin/true\n' >"/usr/lib/systemd/system/$unit"
printf '[Service]\nLimitNOFILE=100:200\n' >"/etc/systemd/system/$unit.d/zzz-$long.conf"
profile long <<-PROFILE
	sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 reason = "$(printf 'reasons that go on, %.0s' {1..9})" }
	sysctl "$key" { value = 1 optional = true }
	sysctl "net.ipv4.$long" { value = 1 optional = true }
	sysctl "net.ipv4.ip_local_port_range" { value = "1024 65000" }
	limits "*" { item "nofile" { soft = 4096 hard = 4096 at_least = 4096 } }
	limits "$user" { item "nofile" { soft = 4096 hard = 4096 at_least = 4096 } }
	pam "login" { module = "pam_limits.so" }
	unit "$unit" { item "nofile" { soft = 8192 hard = 16384 at_least = 8192 } }
PROFILE
cp /etc/keeltune/profiles/long.conf "/etc/keeltune/profiles/$long.conf"
sed -i "s/name = \"long\"/name = \"$long\"/" "/etc/keeltune/profiles/$long.conf"
profile broken <<-PROFILE
	sysctl "net.ipv4.tcp_keepalive_time" { value = 0 }
	sysctl "$key" { valeu = 1 }
	limits "$user" { item "nofiles" { soft = 1 } item "nofile" { soft = 9 hard = 8 } }
PROFILE

expect 1 "the profile with long names is taken" kt audit long
for profile in long "/etc/keeltune/profiles/$long.conf"; do
	name=$([ "$profile" = long ] && echo long || echo path)
	fits "audit $name" audit "$profile"
	fits "audit --live -v $name" audit --live -v "$profile"
	fits "diff $name" diff "$profile"
	fits "profile show $name" profile show "$profile"
done
fits "several profiles" audit long baseline web-server
fits "audit --netns all" audit --netns all long
fits "apply" apply --comment "$(printf 'why it was done, %.0s' {1..9})" long
id=$(newest)
check "that was an apply" test -n "$id"
fits "apply again" apply -v --override long
fits "history" history
fits "history -v" history -v
fits "history show" history show "$id"
fits "history prune" history prune --keep 0 --dry-run
echo 5 >/proc/sys/net/ipv4/tcp_keepalive_time
fits "a conflict" rollback
fits "rollback --dry-run" rollback --dry-run --force
fits "rollback" rollback --force
fits "rollback --all" rollback --all
fits "nothing to undo" rollback
for thing in net.ipv4.tcp_keepalive_time "$key" net.ipv4.ip_local_port_range fs.file-max kernel.core_pattern pam:login pam:absent \
	"limit:$user:nofile" "limit:*:nofile" "$unit" "$$" "net.ipv4.$long" "no-such-$unit"; do
	fits "explain ${thing:0:40}" explain "$thing"
	fits "explain -v ${thing:0:40}" explain -v "$thing"
done
for arguments in "" "$user" "root" "@nogroup" "--pid $$" "-v" "no-such-$user" "--service su $user"; do
	# shellcheck disable=SC2086 # words of a command line
	fits "limits ${arguments:0:20}" limits $arguments
done
fits "profile list" profile list
fits "profile list -v" profile list -v
fits "profile check" profile check "/etc/keeltune/profiles/$long.conf"

# --- sockets: a name of spaces and controls, and addresses that are long

cat >"$TMPDIR/leak.py" <<'PYTHON'
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(15, b"\x1b a \x1b b \x1b c \x1b", 0, 0, 0)
servers = [socket.create_server((a, 0), family=f) for f, a in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))]
held = []
for server in servers:
    for _ in range(20):
        client = socket.create_connection(server.getsockname()[:2])
        held.append(server.accept()[0])
        client.close()
print(flush=True)
time.sleep(60)
PYTHON
ip link set lo up 2>/dev/null
coproc leak { exec /usr/bin/python3 "$TMPDIR/leak.py" 2>/dev/null; }
# shellcheck disable=SC2154 # coproc sets it
pid=$leak_PID
read -r -t 20 -u "${leak[0]}" _
for arguments in "" "-v" "--state CLOSE_WAIT -v" "--state LISTEN,CLOSE_WAIT --pid $pid -v" "--summary" "--netns all" \
	"--check close_wait>1 --check fds>2 --check fds>80%" "--watch 1 --samples 2" "--user root"; do
	# shellcheck disable=SC2086
	fits "sockets $arguments" sockets $arguments
done
fits "relieve" sockets relieve --pid "$pid" --keepalive 300:15:3 --dry-run
has "that found the program" "keepalive" "$TMPDIR/both"
fits "relieve, really" sockets relieve --pid "$pid" --keepalive 300:15:3
fits "relieve undone" rollback
kill "$pid"

# --- a fleet

mkdir "$TMPDIR/audits"
for host in one two "$(printf 'host-with-a-name-%.0s' {1..7})"; do
	kt audit -f json long | jq -c --arg host "$host" '.host.name = $host | .host.machine_id = $host' >"$TMPDIR/audits/$long-${host:0:20}.json"
done
echo '{"a": 1}' >"$TMPDIR/audits/zz-$long-broken.json"
fits "fleet" fleet "$TMPDIR/audits"
fits "fleet -v" fleet -v "$TMPDIR/audits"

# --- what it complains about

fits "a profile with errors" audit broken
fits "check of it" profile check /etc/keeltune/profiles/broken.conf
while IFS= read -r line; do
	# shellcheck disable=SC2086
	fits "keeltune $line" $line
done <<-LINES
	audit smal
	audit --engine upstart
	audit -f xml
	audit --runtime --persistent
	audit --root /none/$long
	audit --no-such-option-as-this-one-that-is-long
	limits --inherit foo=1:2
	limits --pam-version 0.1
	limits --pid 99999999
	sockets --check height>2
	sockets --state FOO
	sockets --older-than soon
	sockets relieve
	rollback 20200101T000000Z-x-000000
	explain net.ipv4.tcp_keepalive_tiem
	explain limit:x
	fleet /none/$long
LINES

# --- without colour nothing is lost

for command in "audit long" "diff long" "explain net.ipv4.tcp_keepalive_time pam:login" "limits $user" "fleet $TMPDIR/audits" \
	"sockets --check fds>100000" "profile list" "history"; do
	# shellcheck disable=SC2086
	kt --color always $command >"$TMPDIR/coloured" 2>/dev/null
	# shellcheck disable=SC2086
	kt --color never $command >"$TMPDIR/plain" 2>/dev/null
	sed -i 's/\x1b\[[0-9;]*m//g' "$TMPDIR/coloured"
	same "$command: colour adds nothing" "$TMPDIR/plain" "$TMPDIR/coloured"
done
finish
