# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Runs as a service in the container that tests/slow/nspawn.sh boots: what systemd says is right.

# shellcheck source=tests/slow/guest.sh
. /opt/lib.sh

etc=/etc/systemd/system
profile=/root/test.conf

# kt STATUS NAME ARG...
kt() {
	runs "$1" "$2" /opt/keeltune "${@:3}"
}

wants() {
	printf 'format = 1\nname = "test"\n%s\n' "$1" >$profile
}

# What systemd holds: soft:hard of nofile.
shown() {
	systemctl show -p LimitNOFILESoft --value "$1" | tr '\n' :
	systemctl show -p LimitNOFILE --value "$1"
}

main() {
	systemctl show -p MainPID --value "$1"
}

# What a process has.
held() {
	awk '/^Max open files/ { print $4 ":" $5 }' "/proc/$1/limits"
}

# put UNIT LINE...: a unit file
put() {
	local name=$1
	shift
	printf '%s\n' '[Service]' "$@" >$etc/"$name"
}

restart() {
	systemctl daemon-reload
	systemctl restart "$@"
}

echo "# $(systemctl --version | head -n 1), hard limit $(ulimit -Hn)"

# --- the main process is the one that systemd means

put simple.service 'ExecStart=/bin/sleep 900'
put forking.service 'Type=forking' 'ExecStart=/bin/sh -c "sleep 901 & sleep 902 & exit 0"'
put shell.service 'ExecStart=/bin/sh -c "sleep 903; true"'
put 'inst@.service' 'ExecStart=/bin/sleep 90%i'
put odd\\x2dname.service 'ExecStart=/bin/sleep 910'
restart simple.service forking.service shell.service inst@4.service 'odd\x2dname.service'
for unit in simple.service shell.service inst@4.service 'odd\x2dname.service' systemd-journald.service dbus.service; do
	is "main process of $unit" "$(main "$unit")" "$(/opt/keeltune explain -f json "$unit" | jq '.settings[0].main.pid')"
done

# --- a unit: audit, apply, reload, restart, rollback

before=$(shown simple.service)
find /etc/systemd -printf '%p %y %m %l\n' | sort >/root/etc.before
wants 'unit "simple.service" { item "nofile" { soft = 2048 hard = 4096 } }'
kt 1 "a unit differs" audit -f json $profile
is "its running value is that of its main process" "$(held "$(main simple.service)")" \
	"$(jq -r '[.findings[].layers.running] | join(":")' "$out")"
kt 1 "apply: what runs still differs" apply $profile
said "apply says what to do" "systemctl daemon-reload && systemctl restart simple.service"
said "and why it differs" "it was started before $etc/simple.service.d/zz-keeltune.conf was written"
kt 0 "the plane of files complies" audit --persistent $profile
restart simple.service
is "systemd has the values" 2048:4096 "$(shown simple.service)"
is "the process has them" 2048:4096 "$(held "$(main simple.service)")"
kt 0 "the unit complies" audit $profile
kt 0 "a second apply" apply $profile
said "has nothing to do" "nothing to change"
systemctl cat simple.service >"$out"
said "systemctl cat shows the drop-in" "LimitNOFILE=2048:4096"
systemctl show -p DropInPaths simple.service >"$out"
said "systemd has read it" "$etc/simple.service.d/zz-keeltune.conf"
kt 0 "rollback" rollback
said "rollback says what to do" "systemctl daemon-reload && systemctl restart simple.service"
restart simple.service
is "systemd has the old values" "$before" "$(shown simple.service)"
find /etc/systemd -printf '%p %y %m %l\n' | sort >/root/etc.after
diff /root/etc.before /root/etc.after >"$out"
result $? "nothing is left"

# --- who wins: other drop-ins, --override, aliases, templates

mkdir -p $etc/simple.service.d /run/systemd/system/simple.service.d
printf '[Service]\nLimitNOFILE=100\n' >$etc/simple.service.d/override.conf
printf '[Service]\nLimitNOFILE=200\n' >/run/systemd/system/simple.service.d/yy.conf
ln -s simple.service $etc/other.service
systemctl daemon-reload
wants 'unit "other.service" { item "nofile" { soft = 2048 hard = 4096 } }'
kt 1 "an alias, among other drop-ins" apply $profile
restart simple.service
is "the alias: systemd" 2048:4096 "$(shown other.service)"
kt 0 "the alias complies" audit $profile
kt 0 "rollback" rollback
printf '[Service]\nLimitNOFILE=300\n' >$etc/simple.service.d/zzz.conf
restart simple.service
kt 1 "a later drop-in" audit -f json $profile
is "what systemd has" "$(shown other.service)" "$(jq -r '[.findings[].layers.boot] | join(":")' "$out")"
kt 1 "--override" apply --override $profile
restart simple.service
is "the later line is out: systemd" 2048:4096 "$(shown simple.service)"
kt 0 "it complies" audit $profile
kt 0 "rollback" rollback
restart simple.service
is "the later line is back" 300:300 "$(shown simple.service)"
rm -r $etc/simple.service.d /run/systemd/system/simple.service.d $etc/other.service

wants 'unit "inst@.service" { item "nofile" { soft = 2048 hard = 4096 } item "core" { soft = 0 hard = 0 } }
unit "inst@4.service" { item "nofile" { soft = 3000 hard = 4000 } }'
kt 1 "a template and an instance" apply $profile
restart inst@4.service inst@5.service
is "the instance: systemd" 3000:4000 "$(shown inst@4.service)"
is "another: systemd" 2048:4096 "$(shown inst@5.service)"
is "what only the template says" 0 "$(systemctl show -p LimitCORE --value inst@4.service)"
kt 0 "they comply" audit $profile
kt 0 "rollback" rollback
systemctl stop inst@4.service inst@5.service

# --- all services

before=$(shown simple.service)
wants 'unit "*.service" { item "nofile" { soft = 2500 hard = 5000 } }'
kt 0 "the default of services" apply $profile
restart simple.service
is "systemd hands it down" 2500:5000 "$(shown simple.service)"
systemd-analyze cat-config systemd/system.conf >"$out"
said "systemd-analyze cat-config shows it" "DefaultLimitNOFILE=2500:5000"
tail -n 3 "$out" >/root/last
cp /root/last "$out"
said "and shows it last" "DefaultLimitNOFILE=2500:5000"
is "the process has it" 2500:5000 "$(held "$(main simple.service)")"
kt 0 "rollback" rollback
restart simple.service
is "the old default is back" "$before" "$(shown simple.service)"

# --- other items

wants 'unit "simple.service" {
	item "nproc" { soft = 1000 hard = 2000 }     item "core" { soft = 0 hard = 1048576 }
	item "memlock" { soft = 65536 hard = 65536 } item "cpu" { soft = 3600 hard = 7200 }
	item "rttime" { soft = 200000 hard = 300000 } item "nice" { soft = 0 hard = 0 }
	item "stack" { soft = 8388608 hard = 16777216 } item "fsize" { soft = 1000000 hard = 2000000 } }'
kt 1 "eight items" apply $profile
restart simple.service
for item in NPROC=1000:2000 CORE=0:1048576 MEMLOCK=65536:65536 CPU=3600:7200 RTTIME=200000:300000 NICE=0:0 \
	STACK=8388608:16777216 FSIZE=1000000:2000000; do
	name=Limit${item%%=*}
	is "$name: systemd" "${item#*=}" "$(systemctl show -p "${name}Soft" --value simple.service):$(systemctl show -p "$name" --value simple.service)"
done
kt 0 "they comply, and what runs does" audit $profile
kt 0 "rollback" rollback

# --- a PAM session has the last word

printf 'session required pam_limits.so\n' >/etc/pam.d/shop
printf 'daemon soft nofile 700\ndaemon hard nofile 800\n' >/etc/security/limits.d/50-shop.conf
put session.service 'ExecStart=/bin/sleep 920' 'User=daemon' 'PAMName=shop' 'LimitNOFILE=2048:4096'
restart session.service
wants 'unit "session.service" { item "nofile" { soft = 2048 hard = 4096 } }'
kt 1 "a unit with PAMName=" audit -f json $profile
is "the next start gets what the process has" "$(held "$(main session.service)")" \
	"$(jq -r '[.findings[].layers.boot] | join(":")' "$out")"

# --- units that cannot be changed

systemd-run --unit=passing -p LimitNOFILE=1000 /bin/sleep 930 >"$out" 2>&1
wants 'unit "passing.service" { item "nofile" { soft = 2048 } }'
kt 1 "a transient unit" apply $profile
said "is left, and said why" "does not outlive the boot"
systemctl stop simple.service
rm $etc/simple.service
systemctl mask simple.service >"$out" 2>&1
wants 'unit "simple.service" { item "nofile" { soft = 2048 } }'
kt 2 "a masked unit cannot be judged" audit $profile
said "and why" "it is masked"
wants 'unit "simple.service" { item "nofile" { soft = 2048 } optional = true }'
kt 0 "optional, it is skipped" audit $profile

# shellcheck source=tests/slow/nspawn-live.sh
. /opt/live.sh
finish_guest
