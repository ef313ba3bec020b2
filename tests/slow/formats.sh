#!/bin/bash
# SPDX-License-Identifier: MIT
# What keeltune writes for others, to programs of others: promtool for the metrics, the Perl module for
# monitoring plugins for the performance data. (JUnit and TAP: tests/integration/formats.sh.)

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

# Its package would start a server: only the program is wanted.
promtool=$(command -v promtool)
if [ -z "$promtool" ]; then
	(
		cd "$TMPDIR" && apt-get -qq -o APT::Sandbox::User=root download prometheus && dpkg -x prometheus_*.deb tree
	) >/dev/null 2>"$err" || skip_all "promtool is not installed and cannot be fetched: $(head -n 1 "$err")"
	promtool=$TMPDIR/tree/usr/bin/promtool
fi

cat >"$TMPDIR/odd.conf" <<'PROFILE'
format = 1
name = "odd"
limits "a\\b" { item "nofile" { soft = 1 hard = 4096 } }
unit "a\\x2db@x.service" { item "nofile" { soft = 1 hard = 4096 } }
sysctl "net.ipv4.tcp_keepalive_time" { value = 1 at_most = 600 reason = "\"<&|#\\" }
PROFILE

# clean ARG...: promtool has nothing to say, not even a hint.
clean() {
	"$KEELTUNE" -f prometheus "$@" >"$TMPDIR/metrics" 2>"$TMPDIR/said"
	check "promtool: $*" test -s "$TMPDIR/metrics"
	"$promtool" check metrics <"$TMPDIR/metrics" >"$TMPDIR/hints" 2>&1
	check "promtool: $*: valid" test $? = 0
	same "promtool: $*: no hint" /dev/null "$TMPDIR/hints"
}

clean audit
clean audit --live baseline database
clean audit "$TMPDIR/odd.conf"
clean audit absent
clean diff
clean diff "$TMPDIR/odd.conf"
clean sockets
clean sockets --summary
clean sockets --netns all
clean sockets --check 'fds>80%' --check 'close_wait>=10' --check 'fds>80%' --check 'oldest>1d'

# shellcheck disable=SC2016 # Perl's
reader='use Monitoring::Plugin::Performance;
	local $/; my ($text, $data) = split /\|/, <STDIN>, 2; $data =~ s/\n.*//s;
	my @found = Monitoring::Plugin::Performance->parse_perfstring($data);
	for (@found) { printf "%s %s%s %s %s\n", $_->label, $_->value, $_->uom // "", $_->threshold->warning // "", $_->threshold->critical // "" }'

# read_by_perl COUNT ARG...: so many performance data, all of them read.
read_by_perl() {
	local count=$1
	shift
	"$KEELTUNE" -f nagios "$@" 2>/dev/null | perl -e "$reader" >"$TMPDIR/data" 2>"$err"
	check "performance data: $*" test "$(wc -l <"$TMPDIR/data")" = "$count" -a ! -s "$err"
}

if perl -MMonitoring::Plugin -e 1 2>/dev/null; then
	read_by_perl 5 audit
	read_by_perl 5 audit absent
	read_by_perl 5 diff
	read_by_perl 12 sockets
	read_by_perl 16 sockets --check 'fds>80%' --check 'fds>50%' --check 'oldest>=600' --check 'unread>1000'
	has "a second check of the same field has its own name" "fds_2 " "$TMPDIR/data"
	has "a threshold" "unread 0B" "$TMPDIR/data"
else
	skip "performance data" "the Perl module Monitoring::Plugin is not installed"
fi
finish
