#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # expanded inside
# What Ansible needs for 40 hosts that are namespaces: seconds and processor time of the controller and of everything,
# and bytes on the wire for each host, with 5, 20 and 40 forks, with and without pipelining. Figures, no thresholds:
# packaging/ansible/README.md says what follows from them.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/slow/fleet-lib.sh
. "$SRCDIR/tests/slow/fleet-lib.sh"
fleet_needs ansible-playbook sshd ssh-keygen pgrep
fleet_enter "$0"

count=${FLEET_HOSTS:-40}
mkdir -p "$fleet/collections/ansible_collections/keeltune" "$fleet/home"
cp -r "$SRCDIR/packaging/ansible" "$fleet/collections/ansible_collections/keeltune/host"
cat >"$fleet/host-setup" <<'SETUP'
#!/bin/bash -e
install -D -m 755 "$KEELTUNE" "$new/usr/local/sbin/keeltune"
mkdir -p "$new/usr/local/share/keeltune/profiles"
cp "$SRCDIR"/profiles/*.conf "$new/usr/local/share/keeltune/profiles"
SETUP
chmod 755 "$fleet/host-setup"
names=()
started=$EPOCHREALTIME
for ((number = 1; number <= count; number++)); do
	names+=("h$(printf %02d "$number")")
	host_start "${names[-1]}" "$number"
done
hosts_ready "${names[@]}" || exit 1
echo "note $count hosts are up after $(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }') s, $(nproc) processors"
control_start
for name in "${names[@]}"; do
	inventory "$name" | head -n 1
done >"$fleet/all"
inventory | tail -n 5 >>"$fleet/all"
printf '%s\n' '- hosts: all' '  gather_facts: false' '  tasks:' '    - keeltune.host.profile: {profile: baseline, state: "{{ state }}"}' \
	>"$fleet/measure.yml"

wire() {
	ip -s link show dev fleet | awk '/RX:/ { getline; sum += $1 } /TX:/ { getline; sum += $1 } END { print sum }'
}

# Seconds of processor time of all processes in here, hosts and controller, so far.
busy() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' |
		awk -v hertz="$(getconf CLK_TCK)" '{ sum += $12 + $13 + $14 + $15 } END { print sum / hertz }'
}

# measure NAME CMD...: one run; what it took
measure() {
	local name=$1 before_bytes before_busy start status=0 own
	shift
	find "$fleet/cp" -type s -delete 2>/dev/null
	before_bytes=$(wire) before_busy=$(busy) start=$EPOCHREALTIME
	own=$( { TIMEFORMAT='%U %S'; time CONTROL_TIMEOUT=300 control "$@" >"$out" 2>"$err"; } 2>&1) || status=$?
	if [ "$(grep -cE 'unreachable=0 +failed=0|rc=[01] >>' "$out")" -lt "$count" ]; then
		not_ok "$name" "status $status: $(tail -n 20 "$out" "$err")"
		return
	fi
	ok "$name"
	echo "note $name: $(awk -v a="$start" -v b="$EPOCHREALTIME" -v c="$before_busy" -v d="$(busy)" -v own="$own" -v bytes="$(($(wire) - before_bytes))" \
		-v n="$count" 'BEGIN { split(own, cpu, " "); printf "%.1f s, controller %.1f s of processor, with the hosts %.1f s, %.0f KiB for each host", b - a, cpu[1] + cpu[2], d - c, bytes / n / 1024 }')"
}

# New connections each time: what a rollout at night sees.
for pipelining in 1 0; do
	for forks in 5 20 40; do
		PIPELINING=$pipelining FORKS=$forks measure "audit, module, $forks forks, pipelining $pipelining" \
			ansible-playbook -i "$fleet/all" -e state=audited "$fleet/measure.yml"
	done
done
FORKS=20 measure "apply, module, 20 forks" ansible-playbook -i "$fleet/all" -e state=applied "$fleet/measure.yml"
FORKS=20 measure "apply again, module, 20 forks" ansible-playbook -i "$fleet/all" -e state=applied "$fleet/measure.yml"
FORKS=20 measure "audit, raw, 20 forks" ansible -i "$fleet/all" all -m raw -a "/usr/local/sbin/keeltune audit -f json; true"
check "the reports are there" test "$(grep -c '"schema": "keeltune/audit/1"' "$out")" = "$count"
started=$EPOCHREALTIME
on_host h01 bash -c 'for i in $(seq 100); do keeltune audit -q; done'
echo "note keeltune itself: $(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", (b - a) * 10 }') ms for an audit"
finish
