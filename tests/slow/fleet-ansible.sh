#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # expanded inside; lib.sh sets $out and $err
# The collection keeltune.host with Ansible itself: a controller and hosts that are namespaces, each with its own
# sshd, /etc, /var, kernel values of net.* and fs.* (tests/slow/fleet-lib.sh). Nobody's host is changed.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/slow/fleet-lib.sh
. "$SRCDIR/tests/slow/fleet-lib.sh"
fleet_needs ansible-playbook sshd ssh-keygen jq dpkg-deb pgrep
fleet_enter "$0"

# --- What the hosts are made of

# host_setup SCRIPT: run for each host that starts from now on, $new being its root
host_setup() {
	printf '#!/bin/bash -e\n. %q\n%s\n' "$fleet/host-state" "$1" >"$fleet/host-setup"
	chmod 755 "$fleet/host-setup"
}
mkdir -p "$fleet/files" "$fleet/collections/ansible_collections/keeltune" "$fleet/home"
cp -r "$SRCDIR/packaging/ansible" "$fleet/collections/ansible_collections/keeltune/host"
cat >"$fleet/files/fleet.conf" <<'PROFILE'
format = 1
name = "fleet"
sysctl "net.ipv4.tcp_keepalive_time"  { value = 600 at_most = 600 }
sysctl "net.ipv4.tcp_keepalive_intvl" { value = 15 at_most = 15 }
sysctl "fs.file-max"                  { value = 65536 at_least = 65536 }
limits "root" { item "nofile" { soft = 4096 at_least = 4096 } }
PROFILE
sed 's/value = 600 at_most = 600/value = 0/; s/"fleet"/"broken"/' "$fleet/files/fleet.conf" >"$fleet/files/broken.conf"
cat >"$fleet/host-state" <<'STATE'
rm -rf "$new"/etc/sysctl.d/* "$new"/etc/sysctl.conf "$new"/etc/security/limits.d/* "$new/usr/local/sbin/keeltune"
echo "# local" >"$new/etc/sysctl.conf"
echo "# local" >"$new/etc/security/limits.conf"
STATE
installed='install -D -m 755 "$KEELTUNE" "$new/usr/local/sbin/keeltune"
mkdir -p "$new/usr/local/share/keeltune/profiles" "$new/etc/keeltune/profiles"
cp "$SRCDIR"/profiles/*.conf "$new/usr/local/share/keeltune/profiles"
cp "$FLEET/files/fleet.conf" "$new/etc/keeltune/profiles"'

# A package of the program for the role.
deb=$fleet/files/keeltune_0.1.0_test.deb
mkdir -p "$fleet/package/DEBIAN"
install -D -m 755 "$KEELTUNE" "$fleet/package/usr/local/sbin/keeltune"
install -D -m 644 -t "$fleet/package/usr/local/share/keeltune/profiles" "$SRCDIR"/profiles/*.conf
printf '%s\n' "Package: keeltune" "Version: 0.1.0" "Architecture: all" "Maintainer: test <test@example.org>" \
	"Description: keeltune for a test" >"$fleet/package/DEBIAN/control"
dpkg-deb --root-owner-group --build "$fleet/package" "$deb" >/dev/null

# web1 and web2 have no keeltune yet. web5 has an administrator's line in the way. web9 does not exist.
host_setup ""
host_start web1 1
host_start web2 2
host_setup "$installed"
for number in 3 4 6 7 8; do
	host_start "web$number" "$number"
done
host_setup "$installed
echo 'net.ipv4.tcp_keepalive_time = 7000' >\"\$new/etc/sysctl.d/zzz-admin.conf\""
host_start web5 5
hosts_ready web{1..8} || exit 1
control_start
inventory web1 web2 >"$fleet/new"
inventory web{3..5} web9 >"$fleet/some"
inventory web{6..8} >"$fleet/canaries"

# play STATUS NAME ARG...: a playbook; what it printed is kept for recap and told
played=$fleet/played
play() {
	local status=$1
	name=$2
	shift 2
	expect "$status" "$name" control ansible-playbook "$@"
	cp "$out" "$played"
}

# recap HOST WORD...: words of the last play's recap, as changed=0
recap() {
	local host=$1 word line
	shift
	line=" $(grep -E "^$host +:" "$played" | tr -s ' ') "
	for word; do
		if [[ $line == *" $word "* ]]; then ok "$name: $host $word"; else not_ok "$name: $host $word" "$line
$(grep -E '^(fatal|TASK|failed)' "$played" | tail -n 12)"; fi
	done
}

# told TEXT: the last play printed it
told() {
	if grep -qF -e "$1" "$played"; then ok "$name: says $1"; else not_ok "$name: says $1" "$(tail -n 30 "$played")"; fi
}

# module STATUS NAME INVENTORY ARGUMENTS [OPTION...]: the module profile with ARGUMENTS, a YAML mapping, on all hosts
module() {
	local status=$1 inventory=$3
	cat >"$fleet/module.yml" <<-PLAY
		- hosts: all
		  gather_facts: false
		  tasks:
		    - keeltune.host.profile: $4
		      register: result
		    - ansible.builtin.copy: {content: "{{ result | to_json }}", dest: "$fleet/home/$2/{{ inventory_hostname }}"}
		      delegate_to: localhost
		      connection: local
		      check_mode: false
		      diff: false
		      changed_when: false
	PLAY
	mkdir -p "$fleet/home/$2"
	play "$status" "$2" -i "$fleet/$inventory" "$fleet/module.yml" "${@:5}"
}

# said HOST FILTER: the jq filter is true for what the last module returned from the host
said() {
	local message file=$fleet/home/$name/$1
	if message=$(jq -e "$2" "$file" 2>&1 >/dev/null) && [ -s "$file" ]; then
		ok "$name: $1: $2"
	else
		not_ok "$name: $1: $2" "$message $(head -c 1500 "$file" 2>&1)"
	fi
}

# keep WORD HOST...: what may change on the hosts, kept; as_kept WORD HOST...: and compared
keep() {
	local word=$1 host
	shift
	for host; do
		host_image "$host" >"$fleet/$host.$word"
		[ -s "$fleet/$host.$word" ] || not_ok "image of $host"
	done
}

as_kept() {
	local word=$1 host
	shift
	for host; do
		host_image "$host" >"$fleet/now"
		same "$name: $host is as it was, every byte and kernel value" "$fleet/$host.$word" "$fleet/now"
	done
}

# --- What Ansible's own tools say of the collection

control ansible-galaxy collection build "$fleet/collections/ansible_collections/keeltune/host" --output-path "$fleet/home" >"$out" 2>&1
check "ansible-galaxy builds it" test -s "$fleet/home/keeltune-host-0.1.0.tar.gz"
for plugin in profile profile_info; do
	check "ansible-doc $plugin" control ansible-doc "keeltune.host.$plugin"
done
check "ansible-doc of the role" control ansible-doc -t role keeltune.host.keeltune
sanity=$(/usr/bin/python3 -c 'import ansible_test, os; print(os.path.dirname(ansible_test.__file__))')/_util/controller/sanity/validate-modules
if [ -e "$sanity/validate.py" ] && /usr/bin/python3 -c 'import voluptuous' 2>/dev/null; then
	# ansible-test itself would download what it runs in.
	control env -C "$fleet/collections/ansible_collections/keeltune/host" PYTHONPATH="$sanity:$fleet/collections" \
		/usr/bin/python3 "$sanity/validate.py" --arg-spec --format plain --collection ansible_collections/keeltune/host \
		--collection-version 0.1.0 plugins/modules >"$out" 2>&1
	check "validate-modules finds nothing but the licence" \
		test "$(grep -c missing-gplv3-license "$out") $(grep -vc missing-gplv3-license "$out")" = "2 0"
else
	skip "validate-modules" "ansible-test or python3-voluptuous is not installed"
fi

# --- The role: install, place, apply

cat >"$fleet/role.yml" <<'PLAY'
- hosts: all
  gather_facts: false
  roles:
    - role: keeltune.host.keeltune
      vars:
        keeltune_package: "{{ deb }}"
        keeltune_profile_files: ["{{ files }}/fleet.conf"]
        keeltune_profiles: [fleet]
        keeltune_comment: by the role
  post_tasks:
    - ansible.builtin.shell: ulimit -Sn
      register: limit
    - ansible.builtin.debug:
        msg: "limit {{ limit.stdout }}"
PLAY
role=(-i "$fleet/new" -e "deb=$deb" -e "files=$fleet/files" "$fleet/role.yml")
keep bare web1 web2
play 0 "role, check mode, nothing installed" "${role[@]}" --check --diff
as_kept bare web1 web2
play 0 "role" "${role[@]}"
recap web1 failed=0
recap web2 failed=0
told "limit 4096"
check "role: the package is installed" on_host web1 dpkg-query -W keeltune
check "role: the host complies with keeltune.conf" on_host web1 keeltune audit --quiet
check "role: the history has the comment" on_host web1 sh -c 'keeltune history | grep -q "by the role"'
keep placed web1 web2
play 0 "role again" "${role[@]}"
recap web1 changed=1 failed=0 # the task shell above
as_kept placed web1 web2
sed 's/fleet.conf"\]/broken.conf"]/; s/\[fleet\]/[broken]/' "$fleet/role.yml" >"$fleet/role-broken.yml"
play 2 "role, a profile with an error" "${role[@]:0:6}" "$fleet/role-broken.yml"
told "source:3:"
as_kept placed web1 web2

# --- The module on four hosts: two good ones, one with an obstacle, one that is not there

hosts=(web3 web4 web5)
keep before "${hosts[@]}"
module 4 "audit" some "{profile: fleet}"
for host in web3 web4; do
	said "$host" '.changed == false and .compliant == false and .summary.differs == 3 and (.findings | length == 4)'
done
recap web9 unreachable=1
as_kept before "${hosts[@]}"

module 4 "check and diff" some "{profile: fleet, state: applied}" --check --diff
said web3 '.changed and .compliant and .rollback == null and (.diff | length == 4)'
said web5 '.changed and (.compliant | not) and .remaining[0].origin == {"file": "/etc/sysctl.d/zzz-admin.conf", "line": 1}'
recap web9 unreachable=1
as_kept before "${hosts[@]}"
cp -r "$fleet/home/check and diff" "$fleet/planned"

module 4 "apply" some "{profile: [fleet], state: applied, comment: 'the first of two, \$HOME'}" --diff
said web3 '.changed and .compliant and (.rollback | test("-fleet-")) and .summary.differs == 0'
said web5 '.changed and (.compliant | not) and .exit == 1 and ([.warnings[] | select(test("zzz-admin.conf:1"))] | length == 1)'
for host in "${hosts[@]}"; do
	jq -S '[.diff, .changes]' "$fleet/planned/$host" >"$fleet/want"
	jq -S '[.diff, .changes]' "$fleet/home/apply/$host" >"$fleet/got"
	same "apply: $host: the diff is that of check mode" "$fleet/want" "$fleet/got"
	# Each place now has, to the byte, what check mode said.
	count=$(jq '.diff | length' "$fleet/planned/$host")
	for ((i = 0; i < count; i++)); do
		place=$(jq -r ".diff[$i].after_header" "$fleet/planned/$host")
		jq -j ".diff[$i].after" "$fleet/planned/$host" >"$fleet/want"
		on_host "$host" cat "$place" >"$fleet/got"
		same "apply: $host: $place has the bytes of check mode's diff" "$fleet/want" "$fleet/got"
	done
done
keep applied "${hosts[@]}"
module 4 "apply again" some "{profile: fleet, state: applied}" --diff
for host in "${hosts[@]}"; do
	said "$host" '.changed == false and .rollback == null and .diff == [] and .changes == []'
done
said web5 '.compliant == false and .exit == 1'
as_kept applied "${hosts[@]}"

module 4 "roll back, check mode" some "{state: rolled_back}" --check --diff
said web3 '.changed and .undone == [] and (.diff | length == 4)'
as_kept applied "${hosts[@]}"
module 4 "roll back" some "{state: rolled_back}"
said web3 '.changed and (.undone | length == 1)'
module 4 "roll back again" some "{state: rolled_back}"
for host in "${hosts[@]}"; do
	said "$host" '.changed == false and .msg == "nothing to undo"'
	on_host "$host" sh -c 'rm -r /var/lib/keeltune /run/keeltune.lock; rmdir /etc/sysctl.d 2>/dev/null; mkdir -p /etc/sysctl.d'
done
as_kept before "${hosts[@]}"

# --- Rollout: the gate fails on the canary

rollout=(-i "$fleet/canaries" keeltune.host.rollout -e '{"keeltune_profiles": ["fleet"], "keeltune_become": false,
	"keeltune_gate": ["close_wait>=10", "fds>=95%"], "keeltune_gate_pause": 2, "keeltune_serial": [1, "50%", "100%"]}')
hosts=(web6 web7 web8)
keep before "${hosts[@]}"
# A program that leaks as soon as the canary has been changed.
on_host web6 bash -c '
	until [ -e /var/lib/keeltune/rollback ]; do sleep 0.05; done
	"$1/tests/leak-server" -p 4000 -n 20 reads-to-eof &
	sleep 0.3
	"$1/tests/lab-clients" 127.0.0.1 4000 20
	wait' leak "$BUILDDIR" >"$fleet/leak.log" 2>&1 &
leak=$!
play 0 "rollout, check mode" "${rollout[@]}" --check --diff
as_kept before "${hosts[@]}"
play 2 "rollout, the gate fails" "${rollout[@]}" -e keeltune_gate_pause=8
recap web6 failed=1 rescued=1
told "rolled back"
told "close_wait"
for host in web7 web8; do
	recap "$host" changed=0
	check "$name: $host has no history" on_host "$host" test ! -e /var/lib/keeltune
done
as_kept before web7 web8
check "$name: web6 is rolled back" on_host web6 sh -c 'keeltune history | grep -q rolled-back'
on_host web6 sh -c 'rm -r /var/lib/keeltune /run/keeltune.lock'
as_kept before web6
kill $leak
on_host web6 pkill -f tests/leak-server
wait $leak 2>/dev/null

# --- Rollout: it comes through, and there is nothing left to do; lost hosts

play 0 "rollout" "${rollout[@]}"
for host in "${hosts[@]}"; do
	recap "$host" failed=0 rescued=0
	check "$name: $host complies" on_host "$host" keeltune audit --quiet fleet
done
keep after "${hosts[@]}"
play 0 "rollout again" "${rollout[@]}"
recap web7 changed=0
as_kept after "${hosts[@]}"
for host in "${hosts[@]}"; do
	on_host "$host" sh -c 'keeltune rollback --quiet && rm -r /var/lib/keeltune /run/keeltune.lock'
done
as_kept before "${hosts[@]}"

# An obstacle on the canary: audit is a part of the gate. web9 is lost before anything begins.
{
	echo "web9 ansible_host=10.77.0.11"
	inventory web5 web7
} >"$fleet/canaries"
keep before web5 web7
play 4 "rollout, an obstacle on the canary and a lost host" "${rollout[@]}"
recap web9 unreachable=1
recap web5 failed=1 rescued=1
recap web7 changed=0
on_host web5 sh -c 'keeltune history | grep -q rolled-back && rm -r /var/lib/keeltune /run/keeltune.lock'
as_kept before web5 web7
play 4 "rollout, one host lost" "${rollout[@]}" --limit "web7,web9"
recap web7 failed=0 rescued=0
on_host web7 sh -c 'keeltune rollback --quiet && rm -r /var/lib/keeltune /run/keeltune.lock'

# Of a batch of two one fails: it is put back, the other came through, and the next batch does not begin.
inventory web8 web7 web5 >"$fleet/canaries"
keep before web5 web8
play 2 "rollout, one of a batch fails" "${rollout[@]}" -e '{"keeltune_serial": [2, 1]}'
recap web5 failed=1 rescued=1
recap web7 failed=0 rescued=0
recap web8 failed=1 changed=0
told "nothing is done here: web5 did not come through"
check "$name: web7 complies" on_host web7 keeltune audit --quiet fleet
on_host web5 sh -c 'rm -r /var/lib/keeltune /run/keeltune.lock'
as_kept before web5 web8
on_host web7 sh -c 'keeltune rollback --quiet && rm -r /var/lib/keeltune /run/keeltune.lock'

# A host that goes in between stops what has not begun.
inventory web6 web7 web8 >"$fleet/canaries"
(
	until on_host web6 test -e /var/lib/keeltune/rollback; do sleep 0.1; done
	on_host web6 pkill -KILL sshd
) &
play 4 "rollout, the canary is lost after its change" "${rollout[@]}"
wait $!
for host in web7 web8; do
	check "$name: $host has no history" on_host "$host" test ! -e /var/lib/keeltune
done

# --- A playbook of somebody else: whatever a task can be

cat >"$fleet/odd.yml" <<'PLAY'
- hosts: web3,web4
  gather_facts: false
  become: true
  tasks:
    - name: rolled back with no history
      keeltune.host.profile: {state: rolled_back}
      register: r
    - ansible.builtin.assert: {that: [not r.changed, r.undone|length == 0]}

    - name: all the states, one after the other, with what is about others
      keeltune.host.profile: {state: "{{ item }}", profile: fleet, comment: odd, force: true, live: false, override: false}
      with_items: [audited, applied, rolled_back]
      register: r
    - ansible.builtin.assert: {that: ["r.results | map(attribute='changed') | list == [false, true, true]"]}

    - name: running values only
      keeltune.host.profile: {state: applied, profile: fleet, runtime: true}
      register: r
    - ansible.builtin.assert: {that: [r.changed, r.compliant, "r.changes | map(attribute='kind') | unique == ['sysctl']"]}

    - name: what boot and login get, asynchronously
      keeltune.host.profile: {state: applied, profile: [fleet], persistent: true, runtime: false}
      async: 30
      poll: 1
      register: second
    - ansible.builtin.assert: {that: [second.changed, second.compliant, second.rollback is string]}

    - name: check mode of rolled back
      keeltune.host.profile: {state: rolled_back, rollback: "{{ second.rollback }}"}
      check_mode: true
      diff: true
      register: r
    - ansible.builtin.assert: {that: [r.changed, r.undone|length == 0, "r.diff | length == 2"]}

    - name: back, by id
      keeltune.host.profile: {state: rolled_back, rollback: "{{ second.rollback }}"}
      register: r
    - ansible.builtin.assert: {that: [r.changed, r.rolled_back == second.rollback, "r.left | length == 1"]}

    - name: nothing was changed, so its id undoes nothing
      keeltune.host.profile: {state: applied, profile: fleet, runtime: true}
      register: third
    - keeltune.host.profile: {state: rolled_back, rollback: "{{ third.rollback }}"}
      register: r
      when: third.rollback is not none
    - ansible.builtin.assert: {that: [not third.changed, third.rollback is none, r is skipped]}

    - name: all of it
      keeltune.host.profile: {state: rolled_back, all: true}
      register: r
    - ansible.builtin.assert: {that: [r.changed, r.left|length == 0]}

    - name: a tree, in a task for another host
      keeltune.host.profile: {state: audited, profile: baseline, root: /}
      delegate_to: web4
      register: r
    - ansible.builtin.assert: {that: [not r.changed, "r.findings | length > 3"]}

    - name: what fails can be rescued
      block:
        - keeltune.host.profile: {state: applied, profile: [no-such]}
      rescue:
        - ansible.builtin.assert: {that: ["'no-such' in ansible_failed_result.msg", not ansible_failed_result.changed]}

    - keeltune.host.profile_info: {profile: [fleet]}
      register: info
    - ansible.builtin.assert: {that: ["info.settings | length == 4", "info.history | map(attribute='state') | unique == ['rolled-back']"]}

- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: here, in a tree, by the program of the checkout
      keeltune.host.profile: {state: applied, root: "{{ tree }}", executable: "{{ keeltune }}"}
      register: r
    - ansible.builtin.assert: {that: [r.changed, r.compliant]}
PLAY
cp -r "$SRCDIR/tests/roots/debian12" "$fleet/tree"
on_host web3 sh -c 'rm -rf /var/lib/keeltune'
on_host web4 sh -c 'rm -rf /var/lib/keeltune'
odd=(-i "$fleet/some" "$fleet/odd.yml" -e "tree=$fleet/tree" -e "keeltune=$KEELTUNE")
play 0 "an odd playbook" "${odd[@]}"
recap web3 failed=0
recap localhost failed=0

cat >"$fleet/serial.yml" <<'PLAY'
- hosts: all
  serial: 2
  gather_facts: false
  tasks:
    - keeltune.host.profile: {profile: fleet}
      become: true
PLAY
play 4 "serial, a host is unreachable, check and diff with become" -i "$fleet/some" "$fleet/serial.yml" --check --diff
recap web3 failed=0 changed=0
recap web9 unreachable=1

# The reports for `keeltune fleet`.
play 4 "the playbook audit" -i "$fleet/some" keeltune.host.audit -e "keeltune_directory=$fleet/home/audits" \
	-e '{"keeltune_profiles": ["fleet"]}' -e keeltune_become=false
check "$name: three reports, valid by their schema" sh -c \
	"[ \"\$(ls '$fleet/home/audits' | xargs)\" = 'web3.json web4.json web5.json' ] && '$SRCDIR/tests/golden/schema-check' '$fleet'/home/audits/*.json"
finish
