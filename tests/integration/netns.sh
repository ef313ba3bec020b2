#!/bin/bash
# SPDX-License-Identifier: MIT
# --netns: the running values of another network namespace, audited, changed and put back.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

inside() {
	ip netns exec "$@"
}

probes() {
	inside "$1" cat /proc/sys/net/ipv4/tcp_keepalive_probes
}

# shellcheck disable=SC2317 # called by a check
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" "$@"
}

known_host
mkdir -p /run/netns
ip netns add web || skip_all "ip netns add does not work here"
ip netns add other
mkdir -p /etc/keeltune/profiles
cat >/etc/keeltune/profiles/net.conf <<'CONF'
format = 1
name = "net"
sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 }
sysctl "fs.file-max" { value = 65536 at_least = 65536 }
CONF

expect 1 "a namespace has the defaults of the kernel" kt audit net --netns web
has "fs.file-max is not judged there" "is the same in every network namespace" "$out"
expect 0 "apply there" kt apply net --netns web
check "changes it" test "$(probes web)" = 3
check "and not the others" test "$(probes other)" = 9
check "nor the host" test "$(cat /proc/sys/net/ipv4/tcp_keepalive_probes)" = 9
check "and writes no drop-in" test ! -e /etc/sysctl.d/99-zz-keeltune.conf
expect 0 "complies then" kt audit net --netns web
expect 1 "by another way to it, too" kt audit net --netns other

ip netns exec web sleep 60 &
sleeper=$!
for _ in $(seq 50); do
	[ "$(readlink /proc/$sleeper/ns/net)" = "$(readlink /proc/self/ns/net)" ] || break
	sleep 0.1
done
expect 0 "by the pid of a process in it" kt audit net --netns "$sleeper"
expect 1 "all: the others differ" kt audit net --netns all
has "all: named" "network namespace: web" "$out"
expect 1 "all, as JSON" kt audit net --netns all -f json
json "each setting of each namespace once" '[.findings[] | select(.netns == "web")] | length == 1'
expect 2 "an ordinary user cannot enter the others" nobody audit net --netns all
expect 2 "a plugin: what is known to differ here is CRITICAL all the same" nobody audit net --netns all -f nagios
has "and says so" "KEELTUNE CRITICAL - net on " "$out"
expect 0 "this one complies" kt apply net --runtime
expect 3 "a plugin: nothing differs that could be seen" nobody audit net --netns all -f nagios
expect 0 "back" kt rollback
kill "$sleeper"
wait "$sleeper" 2>/dev/null

expect 0 "an apply to the host" kt apply net
expect 0 "is undone" kt rollback
expect 0 "rollback in the namespace" kt rollback
check "puts the value back" test "$(probes web)" = 9
kt apply net --netns web >/dev/null
inside web sh -c 'echo 7 >/proc/sys/net/ipv4/tcp_keepalive_probes'
expect 1 "somebody changed it there" kt rollback
check "so it stays" test "$(probes web)" = 7
ip netns del web
expect 0 "a namespace that is gone" kt rollback
has "takes its values with it" "is gone" "$out"

complains 2 "no such namespace" "nope" kt audit net --netns nope
complains 2 "a path" "name of" kt audit net --netns ../x
complains 2 "not with --persistent" "running values" kt audit net --netns other --persistent
complains 2 "not with --root" "running values" kt --root / audit net --netns other
complains 2 "apply takes one" "one namespace" kt apply net --netns all
finish
