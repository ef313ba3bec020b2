#!/bin/bash
# SPDX-License-Identifier: MIT
# audit --live: running processes that began before a change or never hear of it, open sockets without
# keepalive or on an older time, other network namespaces; all of them real.

# shellcheck disable=SC2016 # the filters of jq
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
# shellcheck source=tests/integration/process-lib.sh
. "$SRCDIR/tests/integration/process-lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
printf '%s\n' "kt-one:x:64321:64321::/tmp:/bin/sh" "kt-two:x:64322:64322::/tmp:/bin/sh" >>/etc/passwd
printf '%s\n' "kt-one:x:64321:" "kt-two:x:64322:" >>/etc/group
printf '%s:*:19000:0:99999:7:::\n' kt-one kt-two >>/etc/shadow
printf '%s\n' "auth sufficient pam_rootok.so" "account sufficient pam_permit.so" \
	"session required pam_permit.so" "session required pam_limits.so" >/etc/pam.d/su
echo 'session required pam_limits.so' >>/etc/pam.d/login
conf=/etc/security/limits.conf
profile files <<'PROFILE'
	limits "*"    { item "nofile" { soft = 3000 hard = 3000 at_least = 2000 } }
	limits "root" { item "nofile" { soft = 500 hard = 500 at_least = 100 } }
PROFILE
profile keep <<'PROFILE'
	sysctl "net.ipv4.tcp_keepalive_time"   { value = 1800 at_most = 1800 }
	sysctl "net.ipv4.tcp_keepalive_intvl"  { value = 15 at_most = 15 }
	sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_least = 2 at_most = 5 }
PROFILE
ulimit -Sn 3000 || skip_all "the hard limit of descriptors is below 3000 here"
ulimit -Hn 3500

reports=0
mkdir -p "$TMPDIR/reports"

# live STATUS NAME PROFILE FILTER [OPTION...]: in it $soft and $hard are the findings of `*`, $root of
# root, $time, $intvl and $probes those of keepalive, of `$pid` the group that has it.
live() {
	local status=$1 name=$2 profile=$3 filter=$4
	shift 4
	expect "$status" "$name" kt audit --live "$profile" -f json "$@"
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
	json "$name: seen" "def of(\$id): .findings | map(select(.id == \$id)) | first;
		def mine: .live | map(select(.pids | index(${pid:-0}))) | first;
		of(\"limit:*:nofile:soft\") as \$soft | of(\"limit:*:nofile:hard\") as \$hard |
		of(\"limit:root:nofile:soft\") as \$root |
		of(\"sysctl:net.ipv4.tcp_keepalive_time\") as \$time |
		of(\"sysctl:net.ipv4.tcp_keepalive_intvl\") as \$intvl |
		of(\"sysctl:net.ipv4.tcp_keepalive_probes\") as \$probes | $filter"
}

# --- limits: the reasons

printf '* soft nofile 1000\n* hard nofile 3000\n' >$conf
touch -d '1 hour ago' $conf /etc/security/limits.d
session kt-one 'sleep 60; true'
live 1 "no line asks for more yet" files '$soft | mine | .cause == "same-as-login" and .count == 2 and .user == "kt-one" and
	.value == 1000 and .shown == "1000:3000" and (.advice | test("keeltune apply"))'
sleep 1.1
sed -i 's/soft.*/soft nofile 3000/' $conf
expect 0 "without --live the host complies" kt audit files
live 1 "a session opened before the change" files '$soft.verdict == "differs" and $soft.layers.live == 1000 and
	$soft.layers.boot == 3000 and ($soft.reason | test("^[0-9]+ running processes have less$")) and
	($soft | mine | .kind == "processes" and .cause == "started-before" and .count == 2 and .user == "kt-one" and
	(.why | test("^its session was opened .* before /etc/security/limits.conf was changed")) and
	.origin.file == "/etc/security/limits.conf" and (.advice | test("^log in again"))) and
	$hard.verdict == "ok" and $hard.live == [] and $root.verdict == "ok" and $root.layers.live >= 100'
prints 1 "for a person" "live: 1000:3000" kt audit --live files
has "what to do" "do:  log in again" "$out"
has "a column" "LIVE" "$out"
has "that apply is not for this" "Nothing to apply: only what runs already differs" "$out"
check "within 80 columns" awk 'length > 80 { exit 1 }' "$out"
expect 1 "--persistent --live" kt audit --live --persistent files
live 1 "--runtime --live: nothing but the live layer" files '$soft.verdict == "differs" and $hard.verdict == "ok"' --runtime
expect 1 "unprivileged" setpriv --reuid 64322 --regid 64322 --clear-groups "$KEELTUNE" audit --live files -f json
json "sees all limits" '[.findings[].unseen] == [null, null, null, null] and
	(.findings[] | select(.id == "limit:*:nofile:soft") | .live[0].cause == "started-before")'
end
touch -d '1 hour ago' $conf
session kt-one 'sleep 60; true'
live 0 "a new session" files '$soft.verdict == "ok" and $soft.live == [] and $soft.layers.live == 3000'
end
session kt-one 'ulimit -Sn 300; sleep 60; true'
live 1 "lowered in the session" files '$soft | mine | .cause == "changed" and .value == 300 and .comm == "bash" and
	(.why | test("^lowered by ")) and (.advice | test("^keeltune sockets relieve --pid [0-9]+ --nofile 3000:3000 "))'
command=$(jq -r '.findings[].live[]?.advice' "$out" | sed -n 's/ changes it.*//p' | head -n 1)
if (($(awk '/^CapEff/ { print "0x" $2 }' /proc/self/status) >> 24 & 1)); then
	# shellcheck disable=SC2086 # by words
	check "the command that it advises" "$KEELTUNE" ${command#keeltune }
else # without CAP_SYS_RESOURCE only its user may do that
	check "the command that it advises, as its user" setpriv --reuid 64321 --regid 64321 --clear-groups \
		prlimit --pid "$(cut -d ' ' -f 5 <<<"$command")" --nofile="${command##* }"
fi
live 1 "changes that process" files '[$soft.live[] | select(.cause == "changed")] | length == 1 and .[0].value == 300'
end
session kt-one 'sleep 60; true'
setpriv --reuid 64321 --regid 64321 --clear-groups prlimit --pid "$pid" --nofile=2:2
live 0 "a sandbox wants it so" files '$soft.live == []'
end

sed -i '/pam_limits/d' /etc/pam.d/su
ulimit -Sn 1500
session kt-one 'sleep 60; true'
ulimit -Sn 3000
live 1 "opened without pam_limits.so" files '$soft | mine | .cause == "no-pam-limits" and .origin.file == "/etc/pam.d/su" and
	(.advice | test("explain pam:SERVICE"))'
end
echo 'session required pam_limits.so' >>/etc/pam.d/su

# --- services and user managers, as far as files and cgroups tell

mkdir -p /etc/systemd/system/kt-demo.service.d
printf '[Service]\nExecStart=/bin/true\nUser=kt-one\n' >/etc/systemd/system/kt-demo.service
printf '[Service]\nLimitNOFILE=1024:3000\n' >/etc/systemd/system/kt-demo.service.d/x.conf
touch -d '1 hour ago' /etc/systemd/system/kt-demo.service /etc/systemd/system/kt-demo.service.d/x.conf

# service USER SOFT
service() {
	setpriv --reuid "$1" --regid "$1" --clear-groups bash -c "ulimit -Sn $2; ulimit -Hn 3000; exec sleep 60" &
	pid=$!
	sleep 0.3
	in_cgroup /system.slice/kt-demo.service
}
service 64321 1024
live 1 "a service" files '$soft | mine | .name == "kt-demo.service" and .cause == "unit" and .user == "kt-one" and
	.comm == "sleep" and .fds_used >= 3 and (.why | test("limits.conf does not reach services")) and
	.origin == {"file": "/etc/systemd/system/kt-demo.service.d/x.conf", "line": 2} and
	(.advice | test("^LimitNOFILE=3000:3000 in a drop-in .keeltune explain UNIT"))'
prints 1 "a service, for a person" "kt-demo.service (kt-one, pid $pid sleep" kt audit --live files
sleep 1
printf '[Service]\nLimitNOFILE=3000:3000\n' >/etc/systemd/system/kt-demo.service.d/x.conf
live 1 "a service that was not restarted" files '$soft | mine | .cause == "started-before" and
	(.why | test("a restart gives it 3000:3000")) and (.advice | test("^systemctl daemon-reload && systemctl restart UNIT, when that suits; until then: keeltune sockets relieve --pid PID --nofile 3000:3000$"))'
in_cgroup /user.slice/user-64321.slice/user@64321.service/app.slice/kt-app.service
live 1 "below a user manager" files '$soft | mine | .name == "kt-app.service of uid 64321" and .cause == "user-manager" and
	(.advice | test("^DefaultLimitNOFILE=3000:3000 in /etc/systemd/user.conf"))'
in_cgroup "/system.slice/docker-$(printf '%064d' 7).scope"
live 0 "a container is what its runtime makes of it" files '$soft.live == [] and
	(.notes | any(.text | test("^1 process.*container")))'
# shellcheck disable=SC2016 # of the shell inside, whose /proc/self the mount is for
expect 1 "unless it is ours" bash -c 'mount --bind "$1" /proc/$$/cgroup && exec "$2" audit --live files -f json' \
	own "$TMPDIR/cgroup.$pid" "$KEELTUNE"
json "then it is judged" '.findings[0] | .id == "limit:*:nofile:soft" and (.live | length == 1)'
end
service 0 150
live 0 "a service of root is measured by what root has" files '$root.live == [] and $root.layers.live == 150'
end
service 0 90
live 1 "and has less" files '$root | mine | .name == "kt-demo.service" and .user == "root" and .value == 90'
end

# --- units: all processes of each, by the narrowest setting

printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/kt-other.service
printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/kt-many@.service
touch -d '1 hour ago' /etc/systemd/system/kt-*.service
printf '[Service]\nLimitNOFILE=3000:3000\n' >/etc/systemd/system/kt-demo.service.d/x.conf
touch -d '1 hour ago' /etc/systemd/system/kt-demo.service.d/x.conf
profile unit <<'PROFILE'
	unit "kt-demo.service" { item "nofile" { soft = 3000 hard = 3000 at_least = 2000 } }
PROFILE
profile narrow <<'PROFILE'
	unit "kt-demo.service"   { item "nofile" { soft = 500 at_least = 100 } }
	unit "kt-many@.service"  { item "nofile" { soft = 700 at_least = 700 } optional = true }
	unit "kt-many@b.service" { item "nofile" { soft = 800 at_least = 800 } }
	unit "*.service"         { item "nofile" { soft = 2000 at_least = 2000 } }
PROFILE
# units STATUS NAME PROFILE FILTER: in it `of("nginx.service")` is the finding about its soft nofile
units() {
	expect "$1" "$2" kt audit --live "$3" -f json
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
	json "$2: seen" "def of(\$unit): .findings | map(select(.id == \"unit:\(\$unit):nofile:soft\")) | first; $4"
}
service 0 900
units 1 "a worker of a unit: judged as root's, too" unit 'of("kt-demo.service") | .verdict == "differs" and .layers.live == 900 and
	(.live | length == 1) and (.live[0] | .name == "kt-demo.service" and .user == "root" and .cause == "changed" and .count == 1)'
units 1 "the narrowest setting judges" narrow '(of("kt-demo.service") | .live == [] and .layers.live == 900) and
	(of("*.service").live | all(.name != "kt-demo.service"))'
in_cgroup /system.slice/kt-other.service
units 1 "others by that of all services" narrow 'of("*.service").live | any(.name == "kt-other.service" and .value == 900)'
in_cgroup /system.slice/system-kt.slice/kt-many@a.service
units 1 "an instance by its template" narrow '(of("kt-many@.service") | .live == [] and .layers.live == 900) and
	(of("*.service").live | all(.name | startswith("kt-many@") | not))'
in_cgroup /system.slice/system-kt.slice/kt-many@b.service
units 1 "one with a setting of its own by that" narrow '(of("kt-many@.service").layers.live == null) and of("kt-many@b.service").layers.live == 900'
in_cgroup /user.slice/user-64321.slice/user@64321.service/app.slice/kt-demo.service
units 0 "the same name below a user manager is another unit" unit 'of("kt-demo.service") | .live == [] and .layers.live == null'
in_cgroup /user.slice/user-64321.slice/session-3.scope
units 0 "a session is no unit" unit 'of("kt-demo.service").layers.live == null'
end
rm /etc/systemd/system/kt-other.service /etc/systemd/system/kt-many@.service
printf '[Service]\nLimitNOFILE=1024:3000\n' >/etc/systemd/system/kt-demo.service.d/x.conf

service 64321 1024
# shellcheck disable=SC2016
expect 2 "hidepid: what is hidden is not called compliant" unshare --mount bash -c \
	'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 64322 --regid 64322 --clear-groups "$0" audit --live files' "$KEELTUNE"
has "and that is said" "not looked at: /proc hides the processes of other users (hidepid)" "$out"
end

cp /bin/sleep "$TMPDIR"/$'\033[1m)\n'
setpriv --reuid 64999 --clear-groups --regid 64999 bash -c 'ulimit -Sn 99; exec "$0" 60' "$TMPDIR"/$'\033[1m)\n' &
pid=$!
sleep 0.3
live 1 "of nobody known, with an odd name" files '$soft | mine | .user == "64999" and .comm == "\u001b[1m)\n"'
expect 1 "on paper" kt audit --live files
has "escaped" '\x1b[1m)\x0a' "$out"
end

# --- sockets and namespaces

keepalive() {
	printf '%s\n' "$1" >/proc/sys/net/ipv4/tcp_keepalive_time
	echo 15 >/proc/sys/net/ipv4/tcp_keepalive_intvl
	echo 3 >/proc/sys/net/ipv4/tcp_keepalive_probes
}

# connections [on|off]...: of one process, $pid, with itself; the listener and the other ends have keepalive
connections() {
	rm -f "$TMPDIR/ready"
	"${in[@]}" /usr/bin/python3 - "$TMPDIR/ready" "$@" <<'PYTHON' &
import socket, sys, time
keep = lambda s, on: s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, on == "on")
listener = socket.create_server(("127.0.0.1", 0))
keep(listener, "on")
kept = []
for on in sys.argv[2:]:
    s = socket.socket()
    keep(s, on)
    s.connect(listener.getsockname())
    kept += [s, listener.accept()[0]]
open(sys.argv[1], "w").close()
time.sleep(60)
PYTHON
	pid=$!
	for _ in $(seq 100); do
		[ ! -e "$TMPDIR/ready" ] || break
		sleep 0.05
	done
}
in=()

printf 'net.ipv4.tcp_keepalive_%s\n' time=1800 intvl=15 probes=3 >/etc/sysctl.d/50-keep.conf
keepalive 1800
live 0 "no socket, no other namespace" keep '$time.live == [] and $time.layers.live == null and $intvl.layers.live == null'
connections on
live 0 "keepalive is on" keep '$time.live == [] and $time.layers.live == 1800'
end
connections off on off
live 1 "keepalive is off" keep '$time.verdict == "differs" and $time.layers.live == "off" and
	($time.reason | test("^2 open sockets")) and
	($time | mine | .kind == "sockets" and .count == 2 and .value == "off" and .cause == "no-keepalive") and
	$intvl.verdict == "ok" and $probes.verdict == "ok"'
prints 1 "for a person" "live: off, 2 sockets:" kt audit --live keep
expect 2 "unprivileged" setpriv --reuid 64322 --regid 64322 --clear-groups "$KEELTUNE" audit --live keep -f json
json "the sockets, but not whose" '(.findings | map(.verdict)) == ["differs", "unknown", "unknown"] and
	(.findings[1].unseen | test("not permitted")) and (.findings[0].live | length == 1 and .[0].count == 2 and .[0].pids == [])'
end
keepalive 7200
connections on
keepalive 1800
live 1 "opened before the change" keep '$time.layers.live == 7200 and ($time | mine | .count == 2 and .cause == "old-time" and
	(.value >= 7190 and .value <= 7700)) or $time.layers.live > 7190'
end

mkdir -p /run/netns
if ip netns add web 2>/dev/null; then
	live 1 "another namespace" keep '[$time, $intvl, $probes] | map(.live[0] | [.kind, .name, .value, .cause]) ==
		[["namespace", "web", 7200, "kernel-default"], ["namespace", "web", 75, "kernel-default"],
		["namespace", "web", 9, "kernel-default"]]'
	check "the values of this one are read before and after" test "$(keys)" = "1800 15 3"
	expect 0 "without --live they do not count" kt audit keep
	prints 1 "the same is said once" "why, and what to do: as above" kt audit --live keep
	expect 2 "unprivileged" setpriv --reuid 64322 --regid 64322 --clear-groups "$KEELTUNE" audit --live keep
	has "what was not looked at" "not looked at: the network namespace" "$out"
	unshare --net sleep 60 &
	pid=$!
	sleep 0.3
	live 1 "and one without a name" keep '$intvl.live | length == 2 and any(.pids == ['$pid'])'
	prints 1 "two that say the same" "live: 75, 2 network namespaces: " kt audit --live keep
	end
	expect 1 "--netns --live: its running values differ" kt audit --live keep --netns web
	ip netns exec web "$KEELTUNE" apply --runtime keep >/dev/null 2>&1 || kt apply keep --netns web >/dev/null
	live 0 "complies by now" keep '$time.live == []'
	live 0 "--netns --live: no socket there" keep '$time.netns == "web" and $time.live == []' --netns web
	ip netns exec web ip link set lo up
	in=(ip netns exec web)
	connections off
	in=()
	live 0 "its sockets are its own business" keep '$time.live == []'
	live 1 "and those of --netns" keep '$time.netns == "web" and ($time.live | length == 1 and .[0].count == 1)' --netns web
	live 1 "--netns all --live" keep '[.findings[] | select(.live | length > 0)] | length == 1 and .[0].netns == "web"' --netns all
	end
	echo 1200 | ip netns exec web tee /proc/sys/net/ipv4/tcp_keepalive_time >/dev/null
	live 0 "another value that is accepted" keep '$time.live == []'
	echo 4000 | ip netns exec web tee /proc/sys/net/ipv4/tcp_keepalive_time >/dev/null
	live 1 "one that is not, and not the kernel's" keep '$time.live[0] | .cause == "set" and .value == 4000'
	ip netns delete web
else
	skip "namespaces of others" "ip netns add does not work here"
fi

# --- what it is not for

kt audit --live --root / keep -f json >"$out" 2>"$err"
json "a tree: the layer does not apply" '(.notes | any(.text | test("^--live does not apply"))) and
	(.findings | all(.layers.live == null and .live == []))'
complains 2 "not for diff" "--live is not an option of diff" kt diff --live keep
if command -v strace >/dev/null; then
	traced 'trace=openat,socket,setns,prlimit64' "$KEELTUNE" audit small -q
	check "without --live nothing of it is looked at" bash -c '! grep -E "/proc\", |SOCK_DIAG|setns|prlimit64\([0-9]{2}|libmnl" "$0"' "$trace"
else
	skip "strace" "strace is not installed"
fi

# --- everything comes and goes

(
	for _ in $(seq 400); do
		(ulimit -Sn 500; exec setpriv --reuid 64321 --clear-groups true) &
		unshare --net true &
		wait
	done
) 2>/dev/null &
churn=$!
/usr/bin/python3 - <<'PYTHON' &
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
end = time.monotonic() + 30
kept = []
while time.monotonic() < end:
    kept.append(socket.create_connection(listener.getsockname()))
    kept.append(listener.accept()[0])
    if len(kept) > 40:
        kept.pop(0).close()
        kept.pop(0).close()
PYTHON
sockets=$!
bad=0
for _ in $(seq 60); do
	kt audit --live keep files -f json >"$out" 2>"$err" || [ $? = 1 ] || bad=$((bad + 1))
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
	[ ! -s "$err" ] || bad=$((bad + 1))
done
check "60 audits while processes and namespaces come and go" test $bad = 0
kill $churn $sockets 2>/dev/null
wait 2>/dev/null
check "and this one is where it was" test "$(keys)" = "1800 15 3"
check "$reports reports: valid" tests/golden/schema-check "$TMPDIR"/reports/*.json
finish
