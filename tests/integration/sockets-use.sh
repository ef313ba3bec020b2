#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2119 # jq filters; functions that take options or none
# keeltune sockets as a tool: thresholds, filters, namespaces, units and containers, without privilege,
# without inet_diag, and on programs in other languages and with hostile names.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
# shellcheck source=tests/integration/sockets-lib.sh
. "$SRCDIR/tests/integration/sockets-lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"
listen=127.0.0.1

about=empty server=0
sockets
says "a namespace without sockets" '.states | add // 0 | . == 0'
says "nobody leaks" '$all == [] and ([.unattributed | to_entries[] | select(.key != "not_permitted") | .value] | add == 0)'

# --- Thresholds, as a monitoring system asks

variant reads-to-eof -n 5
clients 5
settled
prints 0 "five are not more than five" "" kt -q sockets --check 'close_wait>5'
prints 1 "but more than four" "reads-to-eof" kt sockets --check 'close_wait>4'
expect 1 "one of two" kt sockets --check 'fds>99%' --check 'close_wait>4'
expect 0 "none of two" kt sockets --check 'fds>99%' --check 'close_wait>1000'
expect 1 "quietly" kt -q sockets --check 'close_wait>4'
check "is silent" test ! -s "$out"
sockets --check 'close_wait>1000'
says "exit in the JSON: 0" '.exit == 0'
kt sockets -f json --check 'close_wait>4' >"$out" || cp "$out" "$TMPDIR/reports/over.json"
says "exit in the JSON: 1" '.exit == 1 and .result == "differs"'
for bad in '' 'close_wait' 'close_wait>' 'close_wait>x' 'close_wait>-1' 'nonsense>1' 'fds>' '>5' 'close_wait>5x' \
	'close_wait>99999999999999999999999'; do
	expect 2 "a bad threshold: \"$bad\"" kt sockets --check "$bad"
done
dismiss

variant read-once -n 100 -l 20 -c emfile
clients 20
await emfile
prints 1 "at its limit" "emfile" kt sockets --check 'fds>80%'
dismiss
sleep 0.1
expect 0 "and gone" kt sockets --check 'fds>80%' --check 'close_wait>0'

# --- Filters

variant never-reads -n 3 -c first
clients 3
settled
first=$server first_port=$port
variant reads-to-eof -n 4 -c second
clients 4
settled
second=$server
about=filters
sockets --pid "$first"
says "--pid" '[$all[] | [.pid, .comm, .close_wait]] == [['"$first"', "first", 3]]'
sockets --port "$first_port"
says "--port" '[$all[] | [.comm, .close_wait]] == [["first", 3]]'
sockets --port 1
says "--port of nobody" '$all == []'
sockets --user root
says "--user" '[$all[] | .comm] | sort == ["first", "second"]'
sockets --user nobody
says "--user without sockets" '$all == []'
sockets --older-than 1h
says "--older-than" '$all == []'
sleep 1.1
sockets --older-than 1s
says "--older-than, old enough" '[$all[] | .comm] | sort == ["first", "second"]'
sockets --state close-wait
says "--state" '.states.CLOSE_WAIT == 7 and ([$all[] | .close_wait] | add == 7)'
complains 2 "--state of none" "SLEEPING" kt sockets --state SLEEPING
complains 2 "--port of none" "70000" kt sockets --port 70000
complains 2 "--pid of none" "--pid x" kt sockets --pid x
complains 2 "--user of none" "nosuchuser" kt sockets --user nosuchuser
prints 0 "-v lists the sockets" ":$first_port" kt -v sockets
kt sockets >"$out"
has "the text names the first" "first" "$out"
has "and the second" "second" "$out"

# --- Another user

about=nobody server=$second
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
expect 0 "without privilege" "${nobody[@]}" "$KEELTUNE" sockets -f json
cp "$out" "$TMPDIR/reports/nobody.json"
says "the whole histogram" '.states.CLOSE_WAIT == 7 and .states.LISTEN == 2'
says "it says how many processes it may not see into" '.processes_not_permitted > 0 and .unattributed.not_permitted == 7'
says "and blames nobody" '[.processes[] | select(.close_wait > 0 and .user != "nobody")] == []'
expect 0 "in text" "${nobody[@]}" "$KEELTUNE" sockets
has "it says so, too" "7 of processes that this user may not look into" "$out"
for limit in 'close_wait>=7' 'oldest>1d' 'unread>1G' 'shared>6'; do
	expect 2 "$limit cannot be judged" "${nobody[@]}" "$KEELTUNE" sockets --check "$limit"
done
for limit in 'close_wait>7' 'fds>100%' 'fds>1M'; do
	expect 0 "$limit can" "${nobody[@]}" "$KEELTUNE" sockets --check "$limit"
done
for mode in 1 2; do
	hidden=(unshare --mount sh -c "mount -t proc -o hidepid=$mode proc /proc && exec \"\$@\"" sh "${nobody[@]}" "$KEELTUNE" sockets)
	expect 0 "hidepid=$mode" "${hidden[@]}" -f json
	cp "$out" "$TMPDIR/reports/hidepid$mode.json"
	says "hidepid=$mode: of processes that cannot be looked into" '.unattributed.not_permitted == 7 and .unattributed.in_flight == 0'
	expect 0 "hidepid=$mode, in text" "${hidden[@]}"
	has "no word about what cannot be seen" "no process that this user can see" "$out"
	expect 2 "hidepid=$mode: descriptors cannot be judged" "${hidden[@]}" --check 'fds>80%'
done
lab_start "${nobody[@]}" "$BUILDDIR/tests/leak-server" -n 2 -c own reads-to-eof
server=${lab_started[-1]}
await listening
port=$(sed -n 's/^listening //p' "$lab_said")
clients 2
settled
expect 0 "with an own leak" "${nobody[@]}" "$KEELTUNE" sockets -f json
says "that is found" '$p.comm == "own" and $p.close_wait == 2 and $p.user == "nobody"'
sockets --user nobody
says "by root, too" '[$all[] | .comm] == ["own"]'
dismiss

# --- With few descriptors of its own

about=few
variant workers -n 3 -w 15 -c worker
clients 3
settled
expect 0 "12 descriptors do" prlimit --nofile=12 "$KEELTUNE" sockets -f json
says "for all 16 holders" '[$all[] | .close_wait] == [range(16) | 3]'
expect 2 "6 do not" prlimit --nofile=6 "$KEELTUNE" sockets
has "and it says so" "Too many open files" "$err"
dismiss

# --- Without inet_diag

variant never-reads -n 3 -c fallback
clients -s 7 3
settled
expect 0 "no netlink socket can be had" traced inject=socket:error=EPROTONOSUPPORT "$KEELTUNE" sockets -f json
cp "$out" "$TMPDIR/reports/fallback.json"
says "/proc/net/tcp does" '$p.close_wait == 3 and $p.unread_bytes == 21 and .states.CLOSE_WAIT == 3 and .states.LISTEN == 1'
has "so it was" "EPROTONOSUPPORT" "$trace"
dismiss

# --- Namespaces

ns_run_in() {
	ip netns exec "$@"
}
mkdir -p /run/netns
ip netns add web
ip netns add idle
ip netns exec web ip link set lo up
variant reads-to-eof -n 2 -c here
clients 2
settled
lab_start ip netns exec web "$BUILDDIR/tests/leak-server" -n 3 -c there -p 8080 reads-to-eof
await listening
there=$(pgrep -x there)
ns_run_in web "$BUILDDIR/tests/lab-clients" 127.0.0.1 8080 3 >/dev/null
settled
about=netns
sockets
says "this one" '[$all[] | [.comm, .close_wait]] == [["here", 2]] and .states.CLOSE_WAIT == 2'
sockets --netns web
says "by name" '[$all[] | [.comm, .close_wait]] == [["there", 3]] and .states.CLOSE_WAIT == 3'
sockets --netns "$there"
says "by pid" '[$all[] | [.comm, .close_wait]] == [["there", 3]]'
sockets --netns all
says "all" '([$all[] | [.comm, .close_wait]] | sort) == [["here", 2], ["there", 3]] and .states.CLOSE_WAIT == 5'
says "all: each says where" '[$all[] | .netns] | unique | length == 2'
expect 0 "all, without privilege" "${nobody[@]}" "$KEELTUNE" sockets --netns all -f json
cp "$out" "$TMPDIR/reports/all-nobody.json"
says "one note for all that cannot be entered" '[.notes[].text | select(contains("entered"))] | length == 1 and (.[0] | startswith("2 "))'
sockets --netns idle
says "one without sockets" '$all == [] and (.states | add // 0) == 0'
complains 2 "no such namespace" "nope" kt sockets --netns nope
complains 2 "a path" "--netns ../x" kt sockets --netns ../x
dismiss

# --- Units and containers, where cgroups of our own can be made

mkdir "$TMPDIR/cgroup2"
id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
if mount -t cgroup2 cgroup2 "$TMPDIR/cgroup2" && cgroup=$(mktemp -d "$TMPDIR/cgroup2/keeltune-test-XXXXXX"); then
	mkdir -p "$cgroup/system.slice/shop@1.service" "$cgroup/system.slice/docker-$id.scope"
	# in_cgroup DIR CMD...
	in_cgroup() {
		lab_start sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$cgroup/$1" "${@:2}"
		server=${lab_started[-1]} server_said=$lab_said
		await listening
		port=$(sed -n 's/^listening //p' "$lab_said")
	}
	# As if that cgroup were the root of all, as it is in a cgroup namespace.
	sockets_there() {
		expect 0 "$about: sockets $*" sh -c 'echo 0 >"$0/cgroup.procs" && exec unshare --cgroup "$@"' \
			"$cgroup" "$KEELTUNE" sockets -f json "$@"
		cp "$out" "$TMPDIR/reports/$((++reports)).json"
	}
	about=cgroups
	in_cgroup system.slice/shop@1.service "$BUILDDIR/tests/leak-server" -n 3 reads-to-eof
	clients 3
	settled
	sockets_there
	says "the unit is named" '$p.unit == "shop@1.service" and $p.close_wait == 3'
	says "restart is one way" '$p.advice[] | select(.id == "restart-unit") | .command == "systemctl restart shop@1.service"'
	in_cgroup "system.slice/docker-$id.scope" ip netns exec web "$BUILDDIR/tests/leak-server" -n 3 -p 8081 -c contained reads-to-eof
	ns_run_in web "$BUILDDIR/tests/lab-clients" 127.0.0.1 8081 3 >/dev/null
	settled
	sockets_there --netns all
	says "so is the container, in its namespace" '[$all[] | select(.comm == "contained") | [.close_wait, .netns]] == [[3, "web"]] and
		([$all[] | select(.comm == "contained") | .container | test("0123456789ab")] == [true])'
	dismiss
	sleep 0.2
	find "$cgroup" -depth -type d -exec rmdir {} +
else
	skip "units and containers" "cgroup2 cannot be mounted for writing"
fi

# --- Other languages

# A server that closes at once: whoever connects has the CLOSE_WAIT.
closer='import socket
s = socket.create_server(("127.0.0.1", 0))
print("listening", s.getsockname()[1], flush=True)
while True: s.accept()[0].close()'
lab_start /usr/bin/python3 -c "$closer"
await listening
closing=$(sed -n 's/^listening //p' "$lab_said")

# leaks NAME COUNT CMD...: a client that leaks COUNT connections and says "connected"
leaks() {
	about=$1
	lab_start "${@:3}"
	server=${lab_started[-1]}
	await connected
	sleep 0.1
	sockets
	says "a client that leaks" "\$p.close_wait == $2 and (\$p | ids | index(\"read-to-eof\") != null or index(\"close-after-eof\") != null)"
	kill "$server"
	wait "$server" 2>/dev/null
}
leaks python 6 /usr/bin/python3 -c "import socket, time
kept = [socket.create_connection(('127.0.0.1', $closing)) for _ in range(6)]
print('connected', flush=True)
time.sleep(60)"
leaks perl 4 perl -e "use Socket; \$| = 1; for (1..4) { socket(\$s[\$_], PF_INET, SOCK_STREAM, 0) or die;
connect(\$s[\$_], sockaddr_in($closing, inet_aton('127.0.0.1'))) or die } print \"connected\n\"; sleep 60"
leaks bash 2 bash -c "exec 7<>/dev/tcp/127.0.0.1/$closing 8<>/dev/tcp/127.0.0.1/$closing; echo connected; read -r -t 60 <>/dev/ptmx"
if command -v node >/dev/null; then # not among what the tests install
	leaks node 3 node -e "let n = 0; for (let i = 0; i < 3; i++) require('net').connect({port: $closing, allowHalfOpen: true}).on('connect', () => { if (++n == 3) console.log('connected') }); setTimeout(() => {}, 60000)"
fi

# --- Hostile names

hostile=$'a"<&|\n\e[31m\a'
variant reads-to-eof -n 2 -c "$hostile"
about=hostile
clients 2
settled
sockets
says "the name is escaped in JSON" '$p.comm == "a\"<&|\n\u001b[31m\u0007" or ($p.comm | test("^a\"<&") and (test("[\\x00-\\x1f]") | not))'
expect 0 "in text" kt -v sockets
has "the name, escaped" 'a"<&|' "$out"
check "no control characters in text" test "$(LC_ALL=C tr -d '\n' <"$out" | LC_ALL=C grep -c '[[:cntrl:]]')" = 0
expect 1 "as an offender" kt sockets --check 'close_wait>1'
check "no control characters there either" test "$(LC_ALL=C tr -d '\n' <"$out" | LC_ALL=C grep -c '[[:cntrl:]]')" = 0
dismiss

# --- A process in a process tree of many, and broken ones

about=many
mkdir "$TMPDIR/real" "$TMPDIR/tree"
variant reads-to-eof -n 3 -c one-of-many
clients 3
settled
mount -t proc proc "$TMPDIR/real"
mount -t tmpfs -o nr_inodes=0 tree "$TMPDIR/tree"
/usr/bin/python3 tests/lab/proc-tree.py "$TMPDIR/tree" 3000 "$TMPDIR/real" $$ "$server"
cat >"$TMPDIR/in-tree.sh" <<'SH'
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" # needs the kernel's own /proc
mount --rbind "$TMPDIR/tree" /proc
exec "$KEELTUNE" "$@"
SH
expect 0 "3,000 processes, some of them broken" unshare --mount sh "$TMPDIR/in-tree.sh" sockets -f json
cp "$out" "$TMPDIR/reports/many.json"
says "the one that leaks is found" '$p.comm == "one-of-many" and $p.close_wait == 3'
expect 0 "in text" unshare --mount sh "$TMPDIR/in-tree.sh" -v sockets
check "no control characters" test "$(LC_ALL=C tr -d '\n' <"$out" | LC_ALL=C grep -c '[[:cntrl:]]')" = 0
dismiss

all_valid
finish
