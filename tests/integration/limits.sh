#!/bin/bash
# SPDX-License-Identifier: MIT
# keeltune limits against real sessions of su with the real pam_limits.so, and what it says about
# accounts, groups, options and files that are not as they should be. Root in a container may lack
# CAP_SYS_RESOURCE, so hard limits are only lowered here, or --cap no is what is asked.

# shellcheck disable=SC2016 # the filters of jq
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
# shellcheck source=tests/integration/process-lib.sh
. "$SRCDIR/tests/integration/process-lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
printf '%s\n' "kt-one:x:64321:64321::/tmp:/bin/sh" "kt-two:x:64322:64321::/tmp:/bin/sh" \
	"kt-three:x:64323:64323::/tmp:" "kt-none:x:64324:64324::/tmp:/usr/sbin/nologin" >>/etc/passwd
printf '%s\n' "kt-one:x:64321:" "kt-staff:x:64330:kt-two,kt-three,kt-none" >>/etc/group
printf '%s:*:19000:0:99999:7:::\n' kt-one kt-two kt-three >>/etc/shadow
printf '%s\n' "auth sufficient pam_rootok.so" "account sufficient pam_permit.so" \
	"session required pam_permit.so" "session required pam_limits.so" >/etc/pam.d/su
conf=/etc/security/limits.conf
ulimit -Sn 1024

# What a session of su really has.
real() {
	timeout 20 su "$1" -s /bin/bash -c 'cat /proc/self/limits' 2>"$err"
}

# Of /proc/PID/limits, whose columns are fixed: "LABEL:SOFT:HARD" lines.
table() {
	awk '/^Max/ {
		name = substr($0, 1, 25); soft = substr($0, 27, 20); hard = substr($0, 48, 20)
		gsub(/ +$/, "", name); gsub(/ /, "", soft); gsub(/ /, "", hard)
		print name ":" soft ":" hard
	}'
}

declare -A label=([cpu]="Max cpu time" [fsize]="Max file size" [data]="Max data size" [stack]="Max stack size"
	[core]="Max core file size" [rss]="Max resident set" [nproc]="Max processes" [nofile]="Max open files"
	[memlock]="Max locked memory" [as]="Max address space" [locks]="Max file locks" [sigpending]="Max pending signals"
	[msgqueue]="Max msgqueue size" [nice]="Max nice priority" [rtprio]="Max realtime priority"
	[rttime]="Max realtime timeout")

# asks ARG...: the report as JSON in $out, and kept for the check against its schema.
mkdir "$TMPDIR/reports"
reports=0
asks() {
	kt limits -f json "$@" >"$out"
	cp "$out" "$TMPDIR/reports/$((++reports)).json"
}

# agrees NAME USER [OPTION...]: what keeltune says is what a real session of su has.
agrees() {
	local name=$1 user=$2 item soft hard
	shift 2
	if ! real "$user" | table | sort >"$TMPDIR/real"; then
		not_ok "$name" "su: $(cat "$err")"
		return
	fi
	asks "$user" --service su "$@"
	while IFS=$'\t' read -r item soft hard; do
		echo "${label[$item]}:$soft:$hard"
	done < <(jq -r '.limits[] | [.item, (.soft | tostring), (.hard | tostring)] | @tsv' "$out") |
		sort >"$TMPDIR/said"
	same "$name" "$TMPDIR/real" "$TMPDIR/said"
}
cap=yes
[ $((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 24 & 1)) = 1 ] || cap=no

# --- real sessions

: >$conf
agrees "nothing is set" kt-one --cap $cap
json "all sixteen items" '.limits | length == 16 and all(.soft_rule == null and .hard_rule == null)'
json "they are inherited, and it says from whom" '.limits | all(.note | test("inherited"))'
cat >$conf <<'CONF'
* soft nofile 900
@kt-staff hard nofile 800
kt-one - nofile 700
* - core 100
kt-one soft cpu 5
64322:64322 - msgqueue 4000
kt-two - nofile 10k
kt-three soft fsize 1048576
* - maxlogins 9
CONF
printf '@kt-staff - nproc 500\nkt-two -nofile\n' >/etc/security/limits.d/b.conf
printf '* - nproc 600\n' >/etc/security/limits.d/a.conf
for user in kt-one kt-two kt-three root; do
	agrees "a real session of $user" $user --cap $cap
done
asks kt-one --service su --cap no
json "the winning line of each side" '.limits[] | select(.item == "nofile") | .soft == 700 and .hard == 700 and
	.soft_origin == {"file": "/etc/security/limits.conf", "line": 3} and .hard_origin.line == 3 and
	.soft_rule == "kt-one - nofile 700" and (.soft_over | map(.line)) == [1] and .hard_over == []'
json "minutes become seconds" '.limits[] | select(.item == "cpu") | .soft == 300 and .unit == "seconds"'
json "KiB become bytes" '.limits[] | select(.item == "core") | .hard == 102400 and .unit == "bytes"'
asks kt-two --service su --cap no
json "who is exempt is told by which line" '.limits[] | select(.item == "nofile") |
	.soft_origin == {"file": "/etc/security/limits.d/b.conf", "line": 2} and (.note | test("exempts"))'

# --- for people

prints 0 "a person sees who, the line, what it beats" "/etc/security/limits.conf:3: kt-one - nofile 700" kt limits kt-one --service su
has "the loser, with the reason" "over  /etc/security/limits.conf:1: * soft nofile 900 (a more specific" "$out"
has "amounts with units" "100 KiB" "$out"
has "minutes" "5 min" "$out"
has "a mistake is named" "limits.conf:7: " "$out"

# --- everybody, groups

asks --service su --cap no
json "everybody is in one group" '([.groups[].accounts[]] | length) == .accounts and .user == null and .login == null and
	([.groups[].accounts[]] | index("kt-one") != null and index("kt-none") == null) and .left_out > 0'
json "equal results are together" '([.groups[].limits | map([.soft, .hard])] | unique | length) == (.groups | length)'
json "groups of most accounts come first" '[.groups[].accounts | length] | . == (sort | reverse)'
cp "$out" "$TMPDIR/everybody.json"
for user in kt-one kt-two kt-three root; do
	kt limits $user --service su -f json --cap no >"$TMPDIR/one.json"
	# shellcheck disable=SC2016 # of jq
	check "$user alone and among all: the same" jq -e --slurpfile all "$TMPDIR/everybody.json" --arg user $user \
		'(.limits | map([.item, .soft, .hard])) == ($all[0].groups[] | select(.accounts | index($user)) |
		.limits | map([.item, .soft, .hard]))' "$TMPDIR/one.json"
done
prints 0 "@group: what membership brings" "a member of group kt-staff without lines of his own" kt limits @kt-staff --service su --cap no
asks @kt-staff --service su --cap no
json "its members with a login shell" '.accounts == 2 and .left_out == 1 and
	([.groups[].accounts[]] | sort) == ["kt-three", "kt-two"] and
	(.limits[] | select(.item == "nofile") | .hard == 800)'
asks @kt-one --service su
json "a primary group has members, too" '([.groups[].accounts[]] | sort) == ["kt-one", "kt-two"]'

# --- who is not there

prints 0 "an unknown user" 'there is no user "nobody-here"' kt limits nobody-here --service su
asks nobody-here --service su
json "his login fails, and nothing else does" '.login == "fails" and .exit == 0 and .result == "ok" and (.notes | length > 0) and
	(.limits[] | select(.item == "nproc") | .soft == 600)'
prints 0 "an unknown group" 'there is no group "ghosts"' kt limits @ghosts --service su
prints 0 "a uid is not a name" "a number is a name here" kt limits 64321 --service su
prints 0 "control characters are shown as text" 'x\x1b[31m\x0ay' kt limits $'x\033[31m\ny' --service su

# --- logins that fail

printf 'kt-one - nofile 2000000\nkt-three - maxlogins 0\n' >$conf
rm /etc/security/limits.d/*.conf
asks kt-three --service su
json "maxlogins 0" '.login == "fails" and .login_origin == {"file": "/etc/security/limits.conf", "line": 2}'
check "and so it is" bash -c '! timeout 20 su kt-three -s /bin/sh -c true'
asks kt-one --service su --pam-version 1.7.2
json "above fs.nr_open, upstream: fails" '.login == "fails" and .login_origin.line == 1 and (.login_reason | test("nr_open")) and
	.pam.compared == false and .pam.release_by == "--pam-version"'
prints 0 "that such a build was not compared is said" "not run" kt limits kt-one --service su --pam-version 1.7.2
asks kt-one --service su --pam-version 1.7.2 --nr-open 3000000
json "not with a higher --nr-open" '.login == "ok" and (.limits[] | select(.item == "nofile") | .hard == 2000000)'
asks kt-one --service su --pam-version 1.7.0-5
json "Debian leaves it alone" '.login == "ok" and .pam.compared == true'
printf 'kt-one hard nproc 5000\n' >$conf
asks kt-one --service su --pam-version 1.5.1 --cap no --inherit nproc=100:200
json "--cap no: a hard limit cannot be raised" '.login == "fails" and (.login_reason | test("CAP_SYS_RESOURCE"))'
asks kt-one --service su --pam-version 1.5.1 --inherit nproc=100:200 --inherit rttime=5:unlimited
json "--inherit, twice" '.login == "ok" and (.limits[] | select(.item == "nproc") | .soft == 100 and .hard == 5000) and
	(.limits[] | select(.item == "rttime") | .soft == 5 and .hard == "unlimited" and (.note | test("--inherit")))'
ln -s /nowhere /etc/security/limits.d/x.conf
asks root --service su --pam-version 1.5.2-6+deb12u2
json "a dangling link ends every login here" '.login == "fails" and .login_origin.file == "/etc/security/limits.d/x.conf"'
rm /etc/security/limits.d/x.conf

# --- services

prints 0 "a service without a file: libpam takes other" "there is no PAM service kt-absent here" kt limits kt-one --service kt-absent
asks kt-one --service kt-absent
json "and other has no pam_limits" '.pam.pam_limits == "does not run" and .login == "ok" and (.limits | all(.soft_rule == null))'
printf 'session required pam_deny.so\n' >/etc/pam.d/kt-denied
asks kt-one --service kt-denied
json "a stack that denies" '.login == "fails" and .login_origin == {"file": "/etc/pam.d/kt-denied", "line": 1}'
printf '@include absent\nsession required pam_limits.so\n' >/etc/pam.d/kt-broken
asks kt-one --service kt-broken
json "an @include of nothing" '.login == "fails"'
prints 0 "in text, too" "login fails" kt limits kt-one --service kt-broken

# --- options and their mistakes

for bad in nofile nofile=1 nofile=1:2:3 nofile=:5 nofile=5: nofile=0x5:6 nofile=-1:5 nofile=9:8 nofile=1:infinity \
	nofile=1:99999999999999999999 =1:2; do
	complains 2 "--inherit $bad" "--inherit $bad: " kt limits kt-one --inherit "$bad"
done
complains 2 "--inherit names the nearest item" "did you mean nofile" kt limits --inherit nofiles=1:2
complains 2 "--inherit names all items" "cpu, fsize, data" kt limits --inherit x=1:2
complains 2 "--cap maybe" "yes or no" kt limits --cap maybe
complains 2 "--nr-open 0" "above 0" kt limits --nr-open 0
complains 2 "--nr-open 1k" "above 0" kt limits --nr-open 1k
complains 2 "--pam-version 2.0" "1.5.2-6+deb12u2" kt limits --pam-version 2.0
complains 2 "--service of nothing" "--service" kt limits --service ''
complains 2 "two users" "one USER" kt limits kt-one kt-two
complains 2 "no name" "no name" kt limits ''
complains 2 "not an option of audit" "not an option of audit" kt audit --nr-open 5

# --- unprivileged, and files that it may not read

expect 0 "an ordinary user may ask" setpriv --reuid 64321 --regid 64321 --clear-groups "$KEELTUNE" limits kt-two --service su
chmod 600 $conf
complains 2 "what cannot be read is trouble, not a guess" "$conf: Permission denied" \
	setpriv --reuid 64321 --regid 64321 --clear-groups "$KEELTUNE" limits kt-two --service su
setpriv --reuid 64321 --regid 64321 --clear-groups "$KEELTUNE" limits kt-two --service su -f json >"$out" 2>/dev/null
json "login is null then" '.login == null and .exit == 2 and .result == "trouble" and (.error | test("limits.conf"))'
chmod 644 $conf

# --- a process: what it has, what its user would get, and why they differ

# of NAME FILTER [OPTION...]: the process $pid, and its nofile in $item.
of() {
	local name=$1 filter=$2
	shift 2
	asks --pid "$pid" "$@"
	json "$name" ".process as \$p | (\$p.limits[] | select(.item == \"nofile\")) as \$item | $filter"
}

printf 'kt-one soft nofile 300\nkt-one hard nofile 700\n' >$conf
touch -d '1 hour ago' $conf /etc/security/limits.d
session kt-one 'sleep 60; true'
of "a process that has what a new session gets" '$p.user == "kt-one" and $p.comm == "sleep" and $p.uid == 64321 and
	$p.opener == "su" and $item.differs == false and $item.why == null and $item.soft == 300 and $item.hard == 700' --service su
sleep 1.1
echo 'kt-one soft nofile 400' >>$conf
of "started before the file was changed" '$item.differs and $item.soft == 300 and $item.new_soft == 400 and $item.new_hard == 700 and
	($item.why | test("^its session was opened .* before /etc/security/limits.conf was changed")) and
	$item.origin.file == "/etc/security/limits.conf"' --service su
prints 0 "for a person" "process $pid (sleep) of kt-one (uid 64321), started 2" kt limits --pid "$pid" --service su
has "both values" "300 : 700               400 : 700" "$out"
has "the line that a new session gets it from" "limits.conf:3: kt-one soft nofile 400" "$out"
expect 0 "the same, unprivileged" setpriv --reuid 64322 --regid 64321 --clear-groups "$KEELTUNE" limits --pid "$pid" --service su
end

touch -d '1 hour ago' $conf
session kt-one 'ulimit -Sn 600; sleep 60; true'
of "raised by an ancestor in the session" '$item.differs and $item.soft == 600 and
	($item.why | test("^raised by bash .*its parent su .* has 400:700"))' --service su
end
session kt-one 'ulimit -n 200; exec sleep 60'
of "lowered by itself" '$item.soft == 200 and $item.hard == 200 and ($item.why | test("^lowered by itself"))' --service su
end
session kt-one 'ulimit -Sn 700; exec sleep 60'
of "raised to the hard limit" '$item.why | test("^raised to the hard limit by itself")' --service su
end

sed -i '/pam_limits/d' /etc/pam.d/su
echo 'session required pam_limits.so' >>/etc/pam.d/login
session kt-one 'sleep 60; true'
of "opened without pam_limits.so" '$item.differs and ($item.why | test("^su opened its session, without pam_limits.so")) and
	($item.origin.file == "/etc/pam.d/su")'
end
echo 'session required pam_limits.so' >>/etc/pam.d/su

# A service, as far as its files and its cgroup tell.
mkdir -p /etc/systemd/system/kt-demo.service.d
printf '[Service]\nExecStart=/bin/true\nUser=kt-one\n' >/etc/systemd/system/kt-demo.service
printf '[Service]\nLimitNOFILE=5:6\nLimitNOFILE=250\n' >/etc/systemd/system/kt-demo.service.d/x.conf
touch -d '1 hour ago' /etc/systemd/system/kt-demo.service /etc/systemd/system/kt-demo.service.d/x.conf
setpriv --reuid 64321 --regid 64321 --clear-groups bash -c 'ulimit -n 250; exec sleep 60' &
pid=$!
sleep 0.3
in_cgroup /system.slice/kt-demo.service
of "a service: its unit decides" '$p.unit == "kt-demo.service" and ($p.place | test("system service kt-demo.service")) and
	($item.why | test("^LimitNOFILE=250 of kt-demo.service; limits.conf does not reach")) and
	$item.origin == {"file": "/etc/systemd/system/kt-demo.service.d/x.conf", "line": 3}' --service su
sleep 1
echo 'LimitNOFILE=260' >>/etc/systemd/system/kt-demo.service.d/x.conf
of "its unit was changed since" '($item.why | test("^started .* before this file was changed .* a restart gives it 260:260")) and
	$item.origin.line == 4' --service su
printf '[Service]\nPAMName=su\n' >/etc/systemd/system/kt-demo.service.d/y.conf
of "PAMName=" '$item.why | test("PAMName=su")'
in_cgroup /user.slice/user-64321.slice/user@64321.service/app.slice/kt-app.service
of "under the user manager" '$p.user_unit == "kt-app.service" and ($p.place | test("user manager user@64321.service"))' --service su
in_cgroup "/system.slice/docker-$(printf '%064d' 7).scope"
of "in a container" '$p.runtime == "docker" and ($item.why | test("limits.conf of this host does not apply"))' --service su
end

cp /bin/sleep "$TMPDIR"/$'s\033[31m)\n'
setpriv --reuid 64999 --clear-groups --regid 64999 "$TMPDIR"/$'s\033[31m)\n' 60 &
pid=$!
sleep 0.3
prints 0 "a process of nobody known, with an odd name" '(s\x1b[31m)\x0a) of nobody known (uid 64999)' kt limits --pid $pid
of "as JSON" '.user == null and .login == "fails" and $p.comm == "s\u001b[31m)\n" and $p.user == null and $p.uid == 64999'
end
complains 2 "a process that is gone" "there is no process $pid" kt limits --pid $pid
kt limits --pid $pid -f json >"$out" 2>/dev/null
json "as JSON" '.error | test("there is no process")'
complains 2 "--pid x" "number of a process" kt limits --pid x
complains 2 "--pid 0" "number of a process" kt limits --pid 0
complains 2 "--pid and a user" "no USER goes with it" kt limits --pid 1 root
complains 2 "--pid in a tree" "a tree has no processes" kt limits --pid 1 --root /
of1=$(kt limits --pid 1 -f json | jq -r .process.pid)
check "process 1" test "$of1" = 1

# --- trees; odd accounts

tree=$TMPDIR/tree
mkdir -p "$tree/etc/security"
printf '%s\n' '+::::::' '-bad::::::' 'root:x:0:0::/:/bin/sh' 'a:x:5:5::/:/bin/sh' 'a:x:0:0::/:/bin/sh' 'b:x:5:77::/:/bin/sh' \
	$'e\033c:x:9:9::/:/bin/sh' 'broken' 'c:x:notanumber:5::/:/bin/sh' '@x:x:6:6::/:/bin/sh' '*:x:7:7::/:' >"$tree/etc/passwd"
printf '%s\n' 'x:x:6:a' 'x:x:60:b' '+:::' 'noone' >"$tree/etc/group"
printf '%s\n' '* - nofile 1' '@x - nofile 2' 'a - nproc 3' >"$tree/etc/security/limits.conf"
asks --root "$tree" --pam-version 1.5.2
json "odd accounts" '([.groups[].accounts[]] | sort) == ["*", "@x", "a", "b", "e\u001bc", "root"]'
json "the first of a name counts; a name beats a group" '(.groups[] | select(.accounts | index("a")) | .limits[] | select(.item == "nproc") | .soft == 3)'
prints 0 "and in text no terminal is upset" 'e\x1bc' kt limits --root "$tree" --pam-version 1.5.2
asks @x --root "$tree" --pam-version 1.5.2
json "an account called like a group is an account" '.user == "@x" and .accounts == 0 and (.limits[] | select(.item == "nofile") | .soft == 2)'
rm "$tree/etc/passwd"
asks --root "$tree"
json "no accounts at all" '.accounts == 0 and .groups == [] and .exit == 0'
asks a --root "$tree" --pam-version 1.5.2
json "nobody is known then" '.login == "fails" and (.limits[] | select(.item == "nofile") | .soft == 1)'
mkdir "$tree/etc/passwd"
check "a directory for passwd" kt limits a --root "$tree"

# --- fs.nr_open of now and of the next boot

printf '%s\n' "* - nofile unlimited" "kt-one - nofile unlimited" >$conf
echo "session required pam_limits.so" >/etc/pam.d/login
echo 2000000 >/proc/sys/fs/nr_open
profile ceiling <<-'PROFILE'
	limits "*" { item "nofile" { hard = 1048576 at_least = 1048576 } }
PROFILE
kt audit -f json ceiling >"$out"
json "a login of now has the ceiling of now" '.findings[0].layers | .running == 2000000 and .boot == 1048576'

check "all $reports reports are as their schema says" "$SRCDIR/tests/golden/schema-check" "$TMPDIR"/reports/*.json
finish
