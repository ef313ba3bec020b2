#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands in the formats, examples and answers of keeltune(8) work as printed, one after the other, in a private copy of
# this host that has what they are about: a user alice, a service nginx, a network namespace web, an image. Programs
# that cannot run there are replaced: systemctl restarts that service, docker makes a namespace. Command lines of
# the other sections are compared by readme.sh.
#
# shellcheck disable=SC2016 # expanded elsewhere

set -u
. "${SRCDIR:-.}/tests/lib.sh"
. "$SRCDIR/tests/integration/ns.sh"
. "$SRCDIR/tests/integration/host.sh"

# What a reader sees, as "QUESTION<tab>COMMAND"; a command that goes on in the next line is one.
commands() {
	mandoc -Tascii -O width=200 "$SRCDIR/man/keeltune.8" | sed 's/.\x08//g' | expand | awk '
		/^[A-Z]/ { inside = /^(FORMATS|EXAMPLES|QUESTIONS AND ANSWERS)$/; question = $0 }
		!inside { next }
		/^   [^ ]/ { question = substr($0, 4); next }
		more { sub(/^ +/, ""); command = command " " $0 }
		/^ +[$#] / { sub(/^ +[$#] /, ""); command = $0; more = 1 }
		more { more = sub(/ *\\$/, "", command); if (!more) print question "\t" command }'
}

# COMMAND with what is there, and an end.
real() {
	local command=$1
	command=${command/--pid 1234/--pid $(pidof -s nginx)}
	command=${command/--nofile 65536/--nofile 8192}
	[[ $command != *--watch* ]] || command=${command/--watch 60/--watch 1}
	command=${command/--watch/--samples 2 --watch}
	echo "$command"
}

answers() {
	local question command before='' last='' status most
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
	echo 'alice:x:1000:1000::/:/bin/bash' >>/etc/passwd
	printf 'session required pam_limits.so\n' | tee /etc/pam.d/su >/etc/pam.d/sshd
	printf 'net.ipv4.tcp_keepalive_time = 600\n' >>/etc/sysctl.conf
	mkdir -p /mnt/image/var/lib /root/audits /var/lib/node_exporter
	cp -a /etc /mnt/image/
	cd /root || exit 1
	while IFS=$'\t' read -r question command; do
		[ "$question" = "$before" ] || echo "# $question"
		before=$question
		status=0 most=1
		[[ $command != *nagios* ]] || most=2
		(ulimit -Sn 8192; exec timeout -k 5 60 bash -c "$(real "$command")") >"$out" 2>"$err" </dev/null || status=$?
		if [ $status -gt $most ]; then
			not_ok "$question: $command" "exited $status: $(cat "$out" "$err")"
		else
			ok "$question: $command"
		fi
		case "$question: $command" in
		My*': keeltune audit --live') has "$question: tells of nginx" 'nginx.service (root, pid' "$out" ;;
		Containers*': keeltune audit --live') has "$question: tells of it" 'network namespace: web' "$out" ;;
		*': keeltune explain nginx.service') has "$question: tells of LimitNOFILE=" LimitNOFILE= "$out" ;;
		Debian*': keeltune explain net.ipv4.tcp_keepalive_time')
			if [ -e /etc/sysctl.conf ]; then
				has "$question: tells of the file" 'does not read this file' "$out"
			else
				has "$question: mended" '/etc/sysctl.d/60-local.conf:3' "$out"
			fi
			;;
		Ansible*': keeltune apply baseline')
			[ "$command" != "$last" ] || has "$question: nothing to change" 'nothing to change' "$out"
			;;
		limits.conf*': keeltune limits alice') has "$question: tells of alice" 'a new session of alice' "$out" ;;
		*': keeltune apply --netns web')
			check "$question: it has them" test "$(ip netns exec web cat /proc/sys/net/ipv4/tcp_keepalive_time)" = 1800
			;;
		*': systemctl restart nginx.service')
			check "$question: restarted" grep -q '^Max open files  *8192' "/proc/$(pidof -s nginx)/limits"
			;;
		esac
		last=$command
	done <"$TMPDIR/commands"
	finish
}

command -v mandoc >/dev/null || skip_all 'mandoc is not installed'
commands >"$TMPDIR/commands"
if [ -n "${NS_INSIDE-}" ]; then
	answers
fi
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
for question in EXAMPLES 'limits.conf does not work' 'Debian 13 ignores /etc/sysctl.conf' \
	'Ansible says changed every time' 'My service still has 1024' 'Keepalive does not clear CLOSE_WAIT' \
	"Containers do not get the host's keepalive" 'The new value has no effect on old connections'; do
	check "$question: has commands" grep -qF "$question"$'\t' "$TMPDIR/commands"
done
private_host "$0"
