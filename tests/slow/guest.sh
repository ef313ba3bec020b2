# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For scripts that run as a service in a container (see container.sh), which has it as /opt/lib.sh.
#
# is NAME WANT GOT; runs STATUS NAME CMD...; said NAME TEXT (in $out, however it is folded)
# wait_for SECONDS CMD...     until it succeeds
# finish_guest                the last line: powers off

out=/root/out
export LC_ALL=C SYSTEMD_PAGER='' SYSTEMD_COLORS=0

result() {
	if [ "$1" = 0 ]; then echo "ok $2"; else
		echo "not ok $2"
		sed 's/^/# /' "$out" | head -n 30
	fi
}

is() {
	[ "$2" = "$3" ] || printf 'wanted: %s\nfound:  %s\n' "$2" "$3" >>"$out"
	[ "$2" = "$3" ]
	result $? "$1"
}

runs() {
	local want=$1 name=$2 status=0
	shift 2
	"$@" >"$out" 2>&1 || status=$?
	[ "$status" = "$want" ] || echo "# exit $status, not $want" >>"$out"
	[ "$status" = "$want" ]
	result $? "$name"
}

said() {
	tr -s ' \n' ' ' <"$out" | grep -qF -e "$2"
	result $? "$1"
}

wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >"$out" 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

finish_guest() {
	echo "# done"
	systemctl poweroff --force
	exit
}
