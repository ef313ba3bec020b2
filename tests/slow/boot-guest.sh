# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Runs as a service in each boot of the container of tests/slow/boot.sh; /opt/phase says which boot it is.

# shellcheck source=tests/slow/guest.sh
. /opt/lib.sh

phase=$(cat /opt/phase 2>/dev/null || echo install)
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
audit=keeltune-audit.service
boot=/proc/sys/kernel/random/boot_id

# reboot_to PHASE: for real, and this script runs again.
reboot_to() {
	echo "$1" >/opt/phase
	cat $boot >/opt/boot
	systemctl reboot
	exit
}

value() {
	cat "/proc/sys/net/ipv4/$1"
}

# What a session has, soft:hard, when it is opened for real: sshd (as a user and as root), login(1), su(1).
logins() {
	# shellcheck disable=SC2016 # for those shells
	local ask='echo NOFILE=$(ulimit -Sn):$(ulimit -Hn)' ssh="timeout 20 ssh -o StrictHostKeyChecking=no -o LogLevel=ERROR"
	{
		echo "sshd $($ssh kt@127.0.0.1 "$ask")"
		echo "sshd, root $($ssh root@127.0.0.1 "$ask")"
		# The terminal is typed at when login has taken it.
		echo "login $( (sleep 1; printf '%s\nexit\n' "$ask"; sleep 2) |
			timeout 20 script -qec 'exec login -f kt' /dev/null | grep -o 'NOFILE=[0-9].*' | tr -d '\r')"
		echo "su $(timeout 20 su - kt -c "$ask")"
	} 2>&1
}

# What decides, byte for byte.
files() {
	find /etc/sysctl.d /etc/security /etc/pam.d /etc/systemd /etc/keeltune -not -path '*/keeltune*' \
		\( -type f -printf '%p %m %u %g ' -exec sha256sum {} \; -o -printf '%p %m %u %g %l\n' \) 2>&1 | sort
}

# entries [SINCE]: what the journal has of this boot, as JSON
entries() {
	journalctl --sync
	journalctl -q -t keeltune -b -o json ${1:+--since "$1"}
}
# now: for --since; the journal's clock counts microseconds, its option seconds.
now() {
	sleep 1.1
	date '+%F %T'
}
# entry NAME JQ-FILTER [SINCE]: one of them is so
has_entry() {
	entries "${2-}" | jq -es "any(.[]; $1)"
}
entry() {
	wait_for 15 has_entry "$2" "${3-}"
	result $? "$1"
	entries "${3-}" >"$out"
}
# audits [SINCE]: how many there were
audits() {
	entries "${1-}" | jq -s '[.[] | select(.KEELTUNE_RESULT)] | length'
}
stamp() {
	systemctl show -p "$1" --value "$2"
}
settled() {
	[ "$(systemctl show -p ActiveState --value $audit)" = inactive ]
}

# This script is a service that has been started, too: there is nothing else to wait for.
systemctl is-system-running --wait >"$out" 2>&1
echo "# $release, $phase: systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
[ "$phase" = install ] || [ "$(cat $boot)" != "$(cat /opt/boot)" ]
result $? "$phase: this is another boot"
[ "$phase" = install ] || is "$phase: the network is up" active "$(systemctl is-active network.target)"

case $phase in
install)
	systemctl enable --quiet systemd-networkd
	useradd -m -s /bin/bash kt
	mkdir -p /root/.ssh /home/kt/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	chmod 700 /root/.ssh /home/kt/.ssh
	cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
	cp /root/.ssh/id_ed25519.pub /home/kt/.ssh/authorized_keys
	chown -R kt: /home/kt/.ssh

	# Who reads /etc/sysctl.conf: Debian 12 has a link to it, Debian 13 has neither.
	[ "$release" = bookworm ] || [ ! -e /etc/sysctl.conf ]
	result $? "$release: /etc/sysctl.conf is there or not, as it should be"
	echo 'net.ipv4.tcp_fin_timeout = 33' >>/etc/sysctl.conf

	runs 0 "dpkg installs the package" dpkg -i /opt/keeltune.deb
	is "its units are off" "disabled disabled disabled" \
		"$(systemctl is-enabled keeltune-audit.service keeltune-audit.timer keeltune-audit.path | tr '\n' ' ' | sed 's/ $//')"
	runs 0 "as the manual has it" bash -c "$(sed -n 's/^\.Dl \(systemctl enable --now keeltune-audit.*\)/\1/p' /opt/keeltune.8)"
	entry "the first audit is in the journal" '.KEELTUNE_RESULT == "differs" and .PRIORITY == "4"'
	entry "setting, want and have are fields" '.KEELTUNE_SETTING == "sysctl:net.ipv4.tcp_keepalive_time"
		and .KEELTUNE_WANT == "1800" and .KEELTUNE_HAVE == "7200" and .KEELTUNE_VERDICT == "differs"'
	entry "of the identifier keeltune, by that unit" '.SYSLOG_IDENTIFIER == "keeltune" and ._SYSTEMD_UNIT == "'$audit'"'
	is "an audit that differs is no failure" "success 1" "$(systemctl show -p Result,ExecMainStatus --value $audit | sort -r | tr '\n' ' ' | sed 's/ $//')"

	files >/opt/files
	logins >/opt/logins
	sed 's/^/# before: /' /opt/logins
	keeltune explain -f json net.ipv4.tcp_fin_timeout | jq '.settings[0].boot.value' >/opt/predicted
	sysctl -a 2>/dev/null | grep '^net.ipv4.tcp_' >/opt/sysctl
	runs 0 "apply" keeltune apply
	is "the running value is there" 1800 "$(value tcp_keepalive_time)"
	runs 0 "the host complies" keeltune audit
	entry "which the edit of sysctl.d and limits.d had audited" '.KEELTUNE_RESULT == "ok" and .PRIORITY == "6"'
	reboot_to compliant
	;;

compliant)
	is "this boot left tcp_keepalive_time" 1800 "$(value tcp_keepalive_time)"
	is "and intvl and probes" "15 3" "$(value tcp_keepalive_intvl) $(value tcp_keepalive_probes)"
	runs 0 "the host complies" keeltune audit
	is "what was predicted for /etc/sysctl.conf has come" "$(cat /opt/predicted)" "$(value tcp_fin_timeout)"
	[ "$release" = bookworm ] && wanted=33 || wanted=60
	is "$release: it is read at boot or not" "$wanted" "$(value tcp_fin_timeout)"
	logins >/opt/now
	sed 's/^/# applied: /' /opt/now
	is "every login has the soft limit" "sshd sshd, root login su" \
		"$(sed -n 's/ NOFILE=8192:[0-9]*$//p' /opt/now | tr '\n' ' ' | sed 's/ $//')"
	sed 's/[0-9]*:/:/' /opt/logins >/root/hard.before
	sed 's/[0-9]*:/:/' /opt/now >/root/hard.after
	runs 0 "the hard limits are as they were" diff /root/hard.before /root/hard.after

	# --- the audit of the boot
	entry "the audit of the boot says so" '.KEELTUNE_RESULT == "ok" and .KEELTUNE_DIFFERS == "0"'
	is "there was one" 1 "$(audits)"
	metrics=/run/keeltune/keeltune.prom
	is "its metrics are there, for everybody" "644 root" "$(stat -c '%a %U' $metrics)"
	runs 0 "a user of node_exporter's kind reads them" setpriv --reuid nobody --clear-groups grep '^keeltune_audit_exit_status.* 0$' $metrics
	[ "$(stamp ActiveEnterTimestampMonotonic systemd-sysctl.service)" -gt 0 ] &&
		[ "$(stamp ActiveEnterTimestampMonotonic systemd-sysctl.service)" -le "$(stamp ExecMainStartTimestampMonotonic $audit)" ]
	result $? "it came after systemd-sysctl"
	[ "$(stamp ExecMainExitTimestampMonotonic $audit)" -le "$(stamp ActiveEnterTimestampMonotonic network-pre.target)" ] &&
		[ "$(stamp ActiveEnterTimestampMonotonic network-pre.target)" -le "$(stamp ExecMainStartTimestampMonotonic systemd-networkd.service)" ]
	result $? "and before the network"
	echo "# audited $((($(stamp ExecMainExitTimestampMonotonic $audit) - $(stamp ExecMainStartTimestampMonotonic $audit)) / 1000)) ms, network-pre.target $((($(stamp ActiveEnterTimestampMonotonic network-pre.target) - $(stamp ActiveEnterTimestampMonotonic systemd-sysctl.service)) / 1000)) ms after systemd-sysctl"
	systemd-analyze security $audit --no-pager >"$out" 2>&1
	echo "# $(tail -n 1 "$out" | tr -cd '[:print:]')"
	is "systemd broke no circle" "" "$(journalctl -b -q --no-pager | grep -i 'ordering cycle')"

	# --- drift: the timer
	runs 0 "the timer waits" systemctl is-active keeltune-audit.timer
	mkdir -p /etc/systemd/system/keeltune-audit.timer.d
	printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/3\nRandomizedDelaySec=0\nAccuracySec=100ms\n' >/etc/systemd/system/keeltune-audit.timer.d/often.conf
	systemctl daemon-reload
	systemctl restart keeltune-audit.timer
	since=$(now)
	sysctl -q -w net.ipv4.tcp_keepalive_time=7000
	entry "the timer finds what sysctl -w has done" '.KEELTUNE_SETTING == "sysctl:net.ipv4.tcp_keepalive_time"
		and .KEELTUNE_HAVE == "7000" and .KEELTUNE_RUNNING == "7000" and .KEELTUNE_BOOT == "1800"' "$since"
	runs 0 "the metrics are of that audit" grep '^keeltune_audit_setting_value{.*tcp_keepalive_time",layer="running"} 7000$' $metrics
	sysctl -q -w net.ipv4.tcp_keepalive_time=1800
	since=$(now)
	entry "and that it is over" '.KEELTUNE_RESULT == "ok"' "$since"
	rm -r /etc/systemd/system/keeltune-audit.timer.d
	systemctl daemon-reload
	systemctl restart keeltune-audit.timer
	wait_for 5 settled

	# --- edits: the path
	for edit in 'echo "kt soft nofile 100" >>/etc/security/limits.conf' \
		'echo "* soft nofile 200" >/etc/security/limits.d/zz.conf' \
		'echo net.ipv4.tcp_keepalive_probes=9 >/etc/sysctl.d/zz.conf' \
		'sed -i.bak /pam_limits/d /etc/pam.d/login' \
		'cp /opt/strict.conf /etc/keeltune/profiles/baseline.conf'; do
		printf 'format = 1\nname = "baseline"\nsysctl "net.ipv4.tcp_fin_timeout" { value = 5 }\n' >/opt/strict.conf
		cp /etc/security/limits.conf /etc/pam.d/login /opt/
		since=$(now)
		eval "$edit"
		entry "noticed: $edit" '.KEELTUNE_RESULT == "differs"' "$since"
		wait_for 5 settled
		since=$(now)
		cp /opt/limits.conf /etc/security/limits.conf
		cp /opt/login /etc/pam.d/login
		rm -f /etc/pam.d/login.bak /etc/security/limits.d/zz.conf /etc/sysctl.d/zz.conf /etc/keeltune/profiles/baseline.conf
		entry "and its end" '.KEELTUNE_RESULT == "ok"' "$since"
		wait_for 5 settled
	done
	since=$(now)
	for i in $(seq 300); do echo "# $i" >>/etc/security/limits.conf; done
	echo '* soft nofile 100' >/etc/security/limits.d/zz.conf
	entry "the last of 300 edits counts" '.KEELTUNE_SETTING == "limit:*:nofile:soft"' "$since"
	rm /etc/security/limits.d/zz.conf
	cp /opt/limits.conf /etc/security/limits.conf
	sleep 4
	[ "$(audits "$since")" -le 8 ]
	result $? "but a few audits ($(audits "$since")) do"
	runs 0 "the path is watched still" systemctl is-active keeltune-audit.path
	since=$(now)
	sleep 4
	is "no audit starts another" 0 "$(audits "$since")"

	# --- other packages
	mkdir -p /opt/vendor/DEBIAN /opt/vendor/usr/lib/sysctl.d /opt/vendor/etc/security/limits.d
	printf 'Package: vendor\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >/opt/vendor/DEBIAN/control
	echo 'net.ipv4.tcp_keepalive_time = 7200' >/opt/vendor/usr/lib/sysctl.d/zz-vendor.conf
	echo '* soft nofile 1000' >/opt/vendor/etc/security/limits.d/zz-vendor.conf
	dpkg-deb --build /opt/vendor /opt/vendor.deb >/dev/null 2>&1
	before=$(keeltune history -f json | jq '.entries | length')
	runs 0 "a package with bad files is installed" dpkg -i /opt/vendor.deb
	said "its sysctl file is told" "keeltune: sysctl:net.ipv4.tcp_keepalive_time differs, wanted at most 1800: the next boot leaves 7200: /usr/lib/sysctl.d/zz-vendor.conf:1"
	said "so is its limits file" "/etc/security/limits.d/zz-vendor.conf:1"
	is "in a few lines" 3 "$(grep -c '^keeltune: ' "$out")"
	is "nothing was applied" "$before" "$(keeltune history -f json | jq '.entries | length')"
	runs 0 "it is purged" dpkg -P vendor
	is "which is not worth a word" 0 "$(grep -c '^keeltune: ' "$out")"
	cp /etc/keeltune/keeltune.conf /opt/
	echo 'profiles = {' >/etc/keeltune/keeltune.conf
	runs 0 "with a broken configuration of ours it is installed as well" dpkg -i /opt/vendor.deb
	runs 0 "and purged" dpkg -P vendor
	is "dpkg has nothing left to do" "" "$(dpkg --audit)"
	reboot_to trouble
	;;

trouble)
	entry "a broken configuration is an error in the journal" '.KEELTUNE_RESULT == "trouble" and .PRIORITY == "3"'
	is "and a failure of the unit" "failed exit-code" "$(systemctl show -p ActiveState,Result --value $audit | sort -r | tr '\n' ' ' | sed 's/ $//')"
	is "the boot went on" active "$(systemctl is-active network-pre.target)"
	cp /opt/keeltune.conf /etc/keeltune/keeltune.conf
	mkdir -p /etc/systemd/system/$audit.d
	printf '[Service]\nExecStart=\nExecStart=/bin/sleep 1000\nTimeoutStartSec=3s\n' >/etc/systemd/system/$audit.d/hang.conf
	reboot_to hang
	;;

hang)
	is "an audit that hangs is ended" "failed timeout" "$(systemctl show -p ActiveState,Result --value $audit | tr '\n' ' ' | awk '{ print ($1 == "failed" ? $1 " " $2 : $2 " " $1) }')"
	is "the boot went on" active "$(systemctl is-active network-pre.target)"
	rm -r /etc/systemd/system/$audit.d
	systemctl daemon-reload
	runs 0 "rollback" keeltune rollback
	runs 1 "the host differs" keeltune audit
	reboot_to original
	;;

original)
	sysctl -a 2>/dev/null | grep '^net.ipv4.tcp_' >/root/sysctl
	grep -v fin_timeout /opt/sysctl >/root/sysctl.before
	grep -v fin_timeout /root/sysctl >/root/sysctl.after
	runs 0 "the kernel values are those of before" diff /root/sysctl.before /root/sysctl.after
	logins >/opt/now
	runs 0 "the limits of logins are those of before" diff /opt/logins /opt/now
	files >/opt/files.now
	runs 0 "the files are those of before" diff /opt/files /opt/files.now
	entry "the audit of this boot says what differs" '.KEELTUNE_SETTING == "sysctl:net.ipv4.tcp_keepalive_time" and .KEELTUNE_HAVE == "7200"'
	while IFS= read -r line; do
		line=${line//\\e/\\}
		runs 0 "as the manual has it: ${line%%#*}" bash -c "${line//$'\t'/ }"
		[ -s "$out" ]
		result $? "which shows something"
	done < <(sed -n '/^journalctl/{:a;/\\e$/{N;s/\\e\n *//;ba};p}' /opt/keeltune.8)
	runs 0 "the package is purged" dpkg -P keeltune
	is "no unit of it is left" "" "$(systemctl list-unit-files --no-legend 'keeltune-audit*')"
	finish_guest
	;;
esac
