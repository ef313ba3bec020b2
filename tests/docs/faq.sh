#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands in the answers of keeltune(8) work as printed, one after the other, in a private copy of
# this host that has what the questions are about: a service nginx, a network namespace web. Programs
# that cannot run there are replaced: systemctl restarts that service, docker makes a namespace.
#
# shellcheck disable=SC2016 # expanded elsewhere

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
. "$SRCDIR/tests/integration/host.sh"

# What a reader sees, as "QUESTION<tab>COMMAND"; a command that goes on in the next line is one.
commands() {
	mandoc -Tascii -O width=200 "$SRCDIR/man/keeltune.8" | sed 's/.\x08//g' | expand | awk '
		/^[A-Z]/ { inside = $0 == "QUESTIONS AND ANSWERS" }
		!inside { next }
		/^   [A-Z]/ { question = substr($0, 4); next }
		more { sub(/^ +/, ""); command = command " " $0 }
		/^ +[$#] / { sub(/^ +[$#] /, ""); command = $0; more = 1 }
		more { more = sub(/ *\\$/, "", command); if (!more) print question "\t" command }'
}

answers() {
	local question command before='' status
	known_host
	cp "$SRCDIR/tests/docs/programs/docker" "$SRCDIR/tests/docs/programs/systemctl" /tmp/
	mkdir -p /tmp/bin /run/netns /etc/systemd/system
	mv /tmp/systemctl /tmp/docker /tmp/bin
	ln -s "$KEELTUNE" /tmp/bin/keeltune
	cp "$(command -v sleep)" /tmp/bin/nginx
	PATH=/tmp/bin:$PATH
	printf '[Service]\nExecStart=/tmp/bin/nginx 600\n' >/etc/systemd/system/nginx.service
	ulimit -Sn 1024
	systemctl restart nginx.service
	ip netns add web || skip 'namespace web' 'ip netns add does not work here'
	while IFS=$'\t' read -r question command; do
		[ "$question" = "$before" ] || echo "# $question"
		before=$question
		status=0
		(ulimit -Sn 8192; exec timeout -k 5 60 bash -c "$command") >"$out" 2>"$err" </dev/null || status=$?
		if [ $status -gt 1 ]; then
			not_ok "$question: $command" "exited $status: $(cat "$out" "$err")"
		else
			ok "$question: $command"
		fi
		case "$question: $command" in
		My*': keeltune audit --live') has "$question: tells of nginx" 'nginx.service (root, pid' "$out" ;;
		Containers*': keeltune audit --live') has "$question: tells of it" 'network namespace: web' "$out" ;;
		*': keeltune explain nginx.service') has "$question: tells of LimitNOFILE=" LimitNOFILE= "$out" ;;
		*': keeltune apply --netns web')
			check "$question: it has them" test "$(ip netns exec web cat /proc/sys/net/ipv4/tcp_keepalive_time)" = 1800
			;;
		*': systemctl restart nginx.service')
			check "$question: restarted" grep -q '^Max open files  *8192' "/proc/$(pidof -s nginx)/limits"
			;;
		esac
	done <"$TMPDIR/commands"
	finish
}

command -v mandoc >/dev/null || skip_all 'mandoc is not installed'
commands >"$TMPDIR/commands"
if [ -n "${NS_INSIDE-}" ]; then
	answers
fi
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
for question in 'My service still has 1024' 'Keepalive does not clear CLOSE_WAIT' \
	"Containers do not get the host's keepalive" 'The new value has no effect on old connections'; do
	check "$question: has commands" grep -qF "$question"$'\t' "$TMPDIR/commands"
done
private_host "$0"
