#!/bin/bash
# SPDX-License-Identifier: MIT
# --root: apply and rollback in a tree, as an ordinary user, with nothing outside read or written.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
fresh=$TMPDIR/fresh
tree=/home/tree

# A small Debian, and beside it what its links must not reach.
grow() {
	rm -rf "$tree" /home/outside
	mkdir -p $tree/{etc/{sysctl.d,security/limits.d,pam.d,keeltune/profiles},usr/lib/{systemd,sysctl.d},var/lib/keeltune,dev} /home/outside
	printf 'net.ipv4.tcp_keepalive_time = 7000\n' >$tree/etc/sysctl.conf
	ln -s ../sysctl.conf $tree/etc/sysctl.d/99-sysctl.conf
	printf '# nothing\n' >$tree/etc/security/limits.conf
	printf 'session required pam_unix.so\n' >$tree/etc/pam.d/login
	printf 'root:x:0:0::/root:/bin/sh\n' >$tree/etc/passwd
	printf 'root:x:0:\n' >$tree/etc/group
	printf 'PRETTY_NAME="A tree"\n' >$tree/etc/os-release
	printf 'tree\n' >$tree/etc/hostname
	printf '#!/bin/sh\n' >$tree/usr/lib/systemd/systemd-sysctl
	chmod 755 $tree/usr/lib/systemd/systemd-sysctl
	cp /etc/keeltune/profiles/*.conf $tree/etc/keeltune/profiles
	echo secret >/home/outside/secret
	chown -R nobody:nogroup $tree
}
in_tree() {
	setpriv --reuid nobody --regid nogroup --clear-groups timeout 60 "$KEELTUNE" --root $tree "$@"
}
tree_state() {
	find $tree -path $tree/var/lib/keeltune -prune -o -printf '%p %y %m %u:%g %s %l\n' | sort
	find $tree -path $tree/var/lib/keeltune -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

grow
targets >"$fresh"
tree_state >"$TMPDIR/tree"
expect 1 "audit" in_tree audit small
has "names the tree" "$tree" "$out"
expect 1 "audit as JSON" in_tree -f json audit small
json "names the host in it" '.host.name == "tree" and .host.os == "A tree" and .host.kernel == null and .root == "'$tree'"'
json "has no running layer" '.findings | all(.layers.running == null and .layers.live == null)'
json "judges what boot leaves" '.findings[0].layers.boot == 7000 and .findings[0].origin == {"file": "/etc/sysctl.conf", "line": 1}'
prints 1 "diff" "--- a/etc/pam.d/login" in_tree diff small
has_not "shows no running value" "sysctl net." "$out"
tree_state >"$TMPDIR/tree.after"
same "neither writes" "$TMPDIR/tree" "$TMPDIR/tree.after"
expect 0 "apply by an ordinary user" in_tree apply small
has "writes the drop-in" "tcp_keepalive_time = 1800" $tree/etc/sysctl.d/99-zz-keeltune.conf
check "keeps its state inside" test -d $tree/var/lib/keeltune/rollback
expect 0 "audit agrees" in_tree audit small
expect 0 "apply again" in_tree apply small
has "changes nothing" "nothing to change" "$out"
prints 0 "history" "applied" in_tree history
expect 0 "rollback" in_tree rollback
tree_state >"$TMPDIR/tree.after"
same "gives the same tree" "$TMPDIR/tree" "$TMPDIR/tree.after"
unchanged "this host is untouched" "$fresh"
check "no state of it" test ! -e /var/lib/keeltune
check "no lock of it" test ! -e /run/keeltune.lock

# --- both planes

complains 2 "--runtime makes no sense" "a tree has no running values" in_tree apply --runtime small
expect 0 "--persistent is all there is" in_tree apply --persistent small
expect 0 "back" in_tree rollback

# --- links that lead out

grow
rm -r $tree/etc/security/limits.d
ln -s /home/outside $tree/etc/security/limits.d
ln -sf /home/outside/secret $tree/etc/security/limits.conf
ln -sf ../../../../../../../home/outside/secret $tree/etc/sysctl.d/10-x.conf
in_tree audit small >"$out" 2>"$err"
has_not "links are not followed out of it" secret "$out"
in_tree apply small >"$out" 2>"$err"
check "nothing is written outside" test "$(ls /home/outside)" = secret
grow
rm -r $tree/var/lib
ln -s /home/outside $tree/var/lib
chmod 777 /home/outside
in_tree apply small >"$out" 2>"$err"
check "not even the state" test "$(ls /home/outside)" = secret
grow
cp /etc/keeltune/profiles/small.conf /home/outside/leak.conf
ln -s /home/outside/leak.conf $tree/etc/keeltune/profiles/leak.conf
expect 2 "a profile of the tree that is a link out of it" in_tree audit leak
rm -r $tree/etc/keeltune/profiles
ln -s /home/outside $tree/etc/keeltune/profiles
expect 2 "a profile directory that is one" in_tree audit leak

# --- a tree that may not be written

grow
chmod -R a-w $tree
tree_state >"$TMPDIR/tree"
expect 2 "apply to a tree that may not be written" in_tree apply small
tree_state >"$TMPDIR/tree.after"
same "changes nothing" "$TMPDIR/tree" "$TMPDIR/tree.after"
expect 1 "audit works" in_tree audit small

# --- an image with nothing in it

mkdir /home/empty
expect 2 "an empty tree cannot be judged" kt --root /home/empty audit small
expect 2 "nor changed" kt --root /home/empty apply small
check "nothing was made" test -z "$(ls -A /home/empty)"
rm -rf /home/empty "$tree" /home/outside
unchanged "this host is untouched at the end" "$fresh"
finish
