#!/bin/bash
# SPDX-License-Identifier: MIT
# keeltune-rollback(5) says how to go back without keeltune: its commands, as they are printed, do.

# shellcheck disable=SC2154 # host.sh sets $state
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
commands=$TMPDIR/commands
# The displays of the section, as man(1) shows them.
awk '/^\.Sh/ { inside = /RESTORING BY HAND/ } !inside { next } /^\.Bd/ { show = 1; next } /^\.Ed/ { show = 0 } show' \
	"$SRCDIR/man/keeltune-rollback.5" | sed -e "s/\\\\(aq/'/g" -e 's/\\e/\\/g' >"$commands"
check "the page has commands" test "$(wc -l <"$commands")" -gt 10
man=$(mandoc -T ascii "$SRCDIR/man/keeltune-rollback.5" | sed 's/.\x08//g' | expand)
while read -r line; do
	case $man in
	*"$line"*) ;;
	*) not_ok "man(1) shows: $line" ;;
	esac
done <"$commands"

# by_hand: the newest rollback file that is not undone, without keeltune.
by_hand() {
	local id
	id=$(cd "$state" && for entry in *; do
		jq -r 'select(.state != "rolled-back") | "\(.sequence) \(.id)"' "$entry/manifest.json"
	done | sort -n | tail -n 1 | cut -d' ' -f2)
	check "$1" bash -e -c "$(sed "s/ID\$/$id/" "$commands")"
}

known_host
rm -rf /etc/sysctl.d
chmod 750 /etc/security
setfattr -n user.note -v kept /etc/pam.d/login
targets >"$fresh" 2>/dev/null
expect 0 "apply" kt apply small
by_hand "by hand"
targets >"$TMPDIR/targets" 2>/dev/null
same "everything is as before" "$fresh" "$TMPDIR/targets"
check "the directory that apply made is gone" test ! -e /etc/sysctl.d
prints 0 "keeltune knows it" "nothing to undo" kt rollback
chmod 755 /etc/security

known_host
targets >"$fresh"
printf 'net.ipv4.tcp_keepalive_time = 7000\nkernel.panic = 1\n' >/etc/sysctl.d/zzz-admin.conf
targets >"$fresh"
expect 0 "an apply with --override" kt apply --override small
targets >"$TMPDIR/one"
expect 0 "and a second one" kt apply --override time
by_hand "the second one by hand"
unchanged "is undone" "$TMPDIR/one"
by_hand "then the first"
unchanged "and everything is as before" "$fresh"

# what a kill left
kt apply small >/dev/null
sed -i 's/"applied"/"prepared"/' "$state/$(newest 2>/dev/null)/manifest.json"
rm -f /etc/security/limits.d/99-zz-keeltune.conf
by_hand "an interrupted one by hand"
unchanged "is undone, too" "$fresh"
complains 0 "and nothing is interrupted any more" "" kt history
finish
