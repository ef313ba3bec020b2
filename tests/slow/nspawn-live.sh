# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154,SC2086 # filters of jq, commands of other shells; what the guest set
# SPDX-License-Identifier: MIT
# The part of tests/slow/nspawn-guest.sh about what runs already: every reason that `audit --live` gives,
# of processes that systemd, sshd, su and the user manager have really started.

finding=/root/finding

# live ID: it is in $finding, its groups in $out
live() {
	/opt/keeltune audit --live -f json $profile 2>&1 | jq --arg id "$1" '.findings[] | select(.id == $id)' >$finding
	jq -c '.live[] | [.name, .user, .comm, .pids, .shown, .cause, .why, .origin.file, .advice]' $finding >$out
}

# found NAME PID FILTER: true of the group that has the process
found() {
	jq -e --argjson pid "${2:-0}" ".live | map(select(.pids | index(\$pid))) | first | $3" $finding >/dev/null
	result $? "$1"
}

not_found() {
	jq -e --argjson pid "${2:-0}" '.live | all(.pids | index($pid) | not)' $finding >/dev/null
	result $? "$1"
}

# sleeper COMMAND...: its pid, when it is there
sleeper() {
	for _ in $(seq 100); do
		pgrep -nf "^$*\$" && return
		sleep 0.1
	done
}

soft='limit:*:nofile:soft'
useradd -m -s /bin/bash alice
ssh-keygen -q -t ed25519 -N '' -f /root/key
mkdir -p /home/alice/.ssh
cp /root/key.pub /home/alice/.ssh/authorized_keys
chown -R alice: /home/alice/.ssh
systemctl restart ssh.service

# login COMMAND: through sshd
login() {
	ssh -q -n -i /root/key -o StrictHostKeyChecking=no alice@127.0.0.1 "$1" &
}

wants 'limits "*" { item "nofile" { soft = 4096 hard = 4096 at_least = 4096 } }'

# --- sessions: before and after the change, and without pam_limits.so

login 'exec sleep 9501'
old=$(sleeper sleep 9501)
live $soft
found "a session, and no line asks for more" "$old" '.cause == "same-as-login" and .user == "alice" and (.name | test("^session [0-9c]+$")) and
	.value == 1024 and (.advice | test("keeltune apply"))'
sleep 1.1
kt 0 "apply" apply $profile
live $soft
found "a session before the change" "$old" '.cause == "started-before" and .origin.file == "/etc/security/limits.d/99-zz-keeltune.conf" and
	(.why | test("^its session was opened")) and (.advice | test("^log in again"))'
login 'exec sleep 9502'
new=$(sleeper sleep 9502)
live $soft
not_found "one after it has enough" "$new"
found "and the old one still has not" "$old" '.value == 1024'
login 'ulimit -Sn 300; exec sleep 9503'
lowered=$(sleeper sleep 9503)
live $soft
found "lowered in the session" "$lowered" '.cause == "changed" and (.why | test("^lowered by")) and
	(.advice | test("^keeltune sockets relieve --pid [0-9]+ --nofile 4096:[0-9]+ "))'
sed -i.kept '/pam_limits/d' /etc/pam.d/sshd
login 'exec sleep 9504'
without=$(sleeper sleep 9504)
live $soft
found "a session without pam_limits.so" "$without" '.cause == "no-pam-limits" and .origin.file == "/etc/pam.d/sshd" and
	(.advice | test("explain pam:SERVICE"))'
sleep 1.1
cat /etc/pam.d/sshd.kept >/etc/pam.d/sshd
su alice -c 'exec sleep 9505' &
switched=$(sleeper sleep 9505)
live $soft
not_found "a session of su has enough" "$switched"
found "pam_limits.so came after the session" "$without" '.cause == "started-before" and .origin.file == "/etc/pam.d/sshd"'

# --- services: what their unit says, before and after a change, and what they do themselves

put said.service 'User=alice' 'LimitNOFILE=1000:2000' 'ExecStart=/bin/sleep 9511'
put silent.service 'User=alice' 'ExecStart=/bin/sleep 9512'
put raises.service 'User=alice' 'ExecStart=/bin/bash -c "ulimit -Sn 2000; exec sleep 9513"'
put workers.service 'ExecStart=/bin/bash -c "(ulimit -Sn 99; exec setpriv --reuid alice sleep 9514) & exec sleep 9515"' \
	'LimitNOFILE=5000'
put 'many@.service' 'User=alice' 'LimitNOFILE=1500' 'ExecStart=/bin/sleep 952%i'
put changed.service 'User=alice' 'ExecStart=/bin/sleep 9516'
put hidden.service 'User=alice' 'ExecStart=/bin/sleep 9517'
put gone.service 'User=alice' 'ExecStart=/bin/sleep 9518'
put delegated.service 'User=alice' 'Delegate=yes' 'LimitNOFILE=1000' \
	'ExecStart=/bin/sh -c "mkdir -p /sys/fs/cgroup/system.slice/delegated.service/w; echo \$$\$$ >/sys/fs/cgroup/system.slice/delegated.service/w/cgroup.procs; exec sleep 9519"'
put dynamic.service 'DynamicUser=yes' 'ExecStart=/bin/sleep 9530'
put nested.service 'ExecStart=/usr/bin/unshare --pid --fork setpriv --reuid alice sleep 9531'
printf 'session required pam_permit.so\n' >/etc/pam.d/nolimits
put pam.service 'User=alice' 'PAMName=nolimits' 'ExecStart=/bin/sleep 9532'
restart said silent raises workers many@1 changed hidden gone delegated dynamic nested pam
systemd-run --quiet --unit=passing-by --uid=alice -p LimitNOFILE=1200 /bin/sleep 9533
sleep 1.1
mkdir -p $etc/changed.service.d
printf '[Service]\nLimitNOFILE=6000\n' >$etc/changed.service.d/more.conf
rm $etc/hidden.service $etc/gone.service
ln -s /dev/null $etc/hidden.service
live $soft
found "its unit says it" "$(main said.service)" '.name == "said.service" and .cause == "unit" and .shown == "1000:2000" and
	.origin == {"file": "/etc/systemd/system/said.service", "line": 3} and (.advice | test("^LimitNOFILE=4096:4096 in a drop-in"))'
found "nobody says it" "$(main silent.service)" '.name == "silent.service" and .cause == "unit" and .value == 1024 and
	(.why | test("^systemd.s default for services.*; limits.conf does not reach services$"))'
found "raised by itself, not enough" "$(main raises.service)" '.cause == "changed" and (.why | test("^raised by itself"))'
found "a worker that lowered it" "$(sleeper sleep 9514)" '.name == "workers.service" and .cause == "changed" and (.why | test("^lowered by"))'
found "an instance" "$(main many@1.service)" '.name == "many@1.service" and .cause == "unit" and .origin.file == "/etc/systemd/system/many@.service"'
found "its drop-in came later" "$(main changed.service)" '.cause == "started-before" and .origin.file == "/etc/systemd/system/changed.service.d/more.conf" and
	(.why | test("a restart gives it 6000:6000")) and (.advice | test("^systemctl daemon-reload && systemctl restart UNIT"))'
found "masked while it runs" "$(main hidden.service)" '.cause == "unit-gone" and (.why | test("masked"))'
found "its file is gone" "$(main gone.service)" '.cause == "unit-gone" and (.why | test("has no file any more"))'
found "in a cgroup of its own below its unit" "$(main delegated.service)" '.name == "delegated.service" and .cause == "unit"'
found "of a user that systemd made up" "$(main dynamic.service)" '.name == "dynamic.service" and .cause == "unit"'
found "a PAM session without pam_limits.so" "$(main pam.service)" '.name == "pam.service" and .cause == "other-service" and
	(.why | test("^PAMName=nolimits")) and (.advice | test("then restart UNIT"))'
found "a transient unit" "$(main passing-by.service)" '.name == "passing-by.service" and .cause == "unit" and
	(.origin.file | test("^/run/systemd/transient/"))'
not_found "a pid namespace of its own is a container" "$(sleeper sleep 9531)"
/opt/keeltune audit --live $profile >$out 2>&1
said "and that is said" "in containers have less and are not judged"
systemctl kill --signal=KILL nested # the first process of a namespace does not hear of SIGTERM
restart changed
live $soft
not_found "what is advised helps" "$(main changed.service)"

# --- the user manager

systemctl restart "user@$(id -u alice).service"
as_alice() {
	setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice XDG_RUNTIME_DIR="/run/user/$(id -u alice)" "$@"
}
as_alice systemd-run --user --quiet --unit=app /bin/sleep 9541
app=$(sleeper /bin/sleep 9541)
live $soft
found "below the user manager" "$app" '(.name | test("^app.service of uid ")) and .cause == "user-manager" and
	(.advice | test("^DefaultLimitNOFILE=4096:[0-9]+ in /etc/systemd/user.conf"))'
printf '[Manager]\nDefaultLimitNOFILE=4096:4096\n' >>/etc/systemd/user.conf
loginctl terminate-user alice
for _ in $(seq 50); do
	systemctl -q is-active "user@$(id -u alice).service" || break
	sleep 0.1
done
systemctl start "user@$(id -u alice).service"
as_alice systemd-run --user --quiet --unit=app /bin/sleep 9542
app=$(sleeper /bin/sleep 9542)
live $soft
not_found "what is advised helps" "$app"

# --- units: all their processes

wants 'unit "workers.service" { item "nofile" { soft = 5000 hard = 5000 at_least = 4096 } }
	unit "user@.service" { item "nofile" { soft = 1024 hard = 1024 at_least = 1024 } }'
kt 1 "a worker differs" audit --live -f json $profile
live unit:workers.service:nofile:soft
found "it is named" "$(sleeper sleep 9514)" '.name == "workers.service" and .user == "alice" and .value == 99'
is "and its main process is fine" 5000 "$(jq .layers.running $finding)"
live unit:user@.service:nofile:soft
is "the user manager runs, too" "$(held "$(main "user@$(id -u alice).service")")" "$(jq -r .layers.running $finding):$(
	live unit:user@.service:nofile:hard
	jq -r .layers.running $finding
)"
systemctl stop session passing pam
wants 'unit "*.service" { item "nofile" { soft = 1024 at_least = 1024 } }'
live 'unit:*.service:nofile:soft'
is "of all services: who has less" '["delegated.service","said.service","workers.service"]' "$(jq -c '[.live[].name] | unique' $finding)"

# --- sockets of a service, in another language

put talker.service 'ExecStart=/usr/bin/perl -MIO::Socket::INET -e "my $$l = IO::Socket::INET->new(Listen => 5, LocalAddr => q(127.0.0.1)); my $$c = IO::Socket::INET->new(PeerAddr => q(127.0.0.1), PeerPort => $$l->sockport); my $$a = $$l->accept; setsockopt($$c, SOL_SOCKET, SO_KEEPALIVE, 1); sleep 900"'
restart talker
sleep 1
wants 'sysctl "net.ipv4.tcp_keepalive_time" { value = 300 at_most = 7200 }
	sysctl "net.ipv4.tcp_keepalive_intvl" { value = 15 at_most = 75 }'
live sysctl:net.ipv4.tcp_keepalive_time
found "one of its two sockets has no keepalive" "$(main talker.service)" '.name == "talker.service" and .comm == "perl" and .count == 1 and
	.cause == "no-keepalive" and (.advice | test("keeltune sockets relieve --pid PID --keepalive 300:15:PROBES"))'
kt 0 "the relief that it names" sockets relieve --pid "$(main talker.service)" --keepalive 300:15:3
live sysctl:net.ipv4.tcp_keepalive_time
not_found "helps" "$(main talker.service)"

# --- what the container itself may have no more of

put more.service 'ExecStart=/bin/sleep 9551' 'LimitNOFILE=400000:500000'
restart more
wants 'unit "more.service" { item "nofile" { soft = 400000 hard = 500000 at_least = 400000 } }'
if [ "$(held "$(main more.service)")" != 400000:500000 ]; then
	kt 1 "a unit that asks for more than process 1 has" audit --live -f json $profile
	is "the next start gets what the process has" "$(held "$(main more.service)")" "$(jq -r '[.findings[].layers.boot] | join(":")' $out)"
	live unit:more.service:nofile:soft
	found "and that is the reason" "$(main more.service)" '.cause == "ceiling" and (.advice | test("^give the container more"))'
else
	kt 0 "a unit that gets what it asks for" audit --live $profile
fi
