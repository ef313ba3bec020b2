# shellcheck shell=bash disable=SC2154 # $server, $port are of lab.sh
# SPDX-License-Identifier: MIT
# Pages of HTML of a host on which every name is hostile. Source it after host.sh, inside a private host.
#
# hostile_host            names with markup, control characters and bytes that are not UTF-8 wherever
#                         somebody may choose one; processes that leak; a recording of them in $recording
# hostile_pages DIR       writes the pages to DIR
# hostile_end             ends the processes

# shellcheck source=tests/lab/lab.sh
. "$SRCDIR/tests/lab/lab.sh"

# Each has MARK and would do something if it were not escaped. A process's name has at most 15 bytes.
hostile='"><script>alert("MARK")</script><img src=x onerror=alert(1)>'\''&lt;'$'\x1b[31m\xff\xe2\x80\xae'
recording=$TMPDIR/recording

hostile_host() {
	local name
	known_host
	for name in "<b>MARK\"&|" $'<i>\n\x1b[31mMARK' $'\xff\xfe\'MARK<a>' 'MARK</title>'; do
		serve -c "$name" -l 64 read-once
		clients 40
	done
	serve -c 'MARK&amp;<u>' -w 20 -n 30 workers
	clients 30
	settled
	kt sockets --watch 1 --samples 3 -f json >"$recording"
	sed 's/time":"20[0-9][0-9]/time":"2001/' "$recording" | sed -n 1p >"$recording.old"
	{
		cat "$recording"
		printf '{"schema":"<script>MARK"}\n\n\x1b[31m<b>\xff\n'
		cat "$recording.old"
		head -c 5000000 /dev/zero | tr '\0' x
		printf '\n{"schema": "keel'
	} >"$recording.broken"

	printf 'net.ipv4.tcp_keepalive_time = 99\n' >"/etc/sysctl.d/10-${hostile//\//_}.conf"
	printf 'net.ipv4.tcp_keepalive_time = 5 # <b>MARK\n' >/etc/sysctl.d/zz-late.conf
	printf '* soft nofile 2000\n<b>MARK soft nofile 100000\n@<i>MARK hard nofile 10\n' \
		>"/etc/security/limits.d/${hostile//\//_}.conf"
	printf '# <script>alert("MARK")</script> \xff\x1b[31m &amp;\n' >>/etc/pam.d/login
	cat >/etc/keeltune/profiles/hostile.conf <<-'PROFILE'
		format = 1
		name = "hostile"
		description = "<script>alert('MARK')</script> & \"description\""
		sysctl "net.ipv4.tcp_keepalive_time"   { value = 1800 at_most = 1800 reason = "</dd><script>MARK</script>" }
		sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_least = 2 at_most = 5 }
		sysctl "net.ipv4.no_such_<b>MARK" { value = 3 optional = true }
		limits "*" { item "nofile" { soft = 4096 hard = 4096 at_least = 4096 reason = "<img src=x onerror=MARK>" } }
		pam "login" { module = "pam_limits.so" }
	PROFILE
}

# page FILE STATUS COMMAND...
page() {
	expect "$2" "${1##*/}: written" kt "${@:3}" -f html -o "$1"
}

hostile_pages() {
	mkdir -p "$1"
	page "$1/audit.html" 1 audit hostile
	page "$1/audit-live.html" 1 audit --live hostile
	page "$1/audit-recording.html" 1 audit --recording "$recording" hostile
	page "$1/audit-broken.html" 2 audit --recording "$recording.broken" hostile
	page "$1/audit-netns.html" 1 audit --netns all hostile
	page "$1/audit-default.html" 1 audit
	page "$1/no-profile.html" 2 audit 'no-such-<b>MARK'
	page "$1/diff.html" 1 diff hostile
	page "$1/sockets.html" 0 sockets
	page "$1/sockets-check.html" 1 sockets --check 'close_wait>10'
}

hostile_end() {
	dismiss
}
