#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits of systemd units: one drop-in for each unit, which wins, is said to need a restart, and is
# taken back byte for byte. What runs is judged as well. systemd itself is asked in
# tests/conformance/unit-random.py and tests/slow/nspawn.sh.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
etc=/etc/systemd/system
lib=/usr/lib/systemd/system
ours=zz-keeltune.conf

start() {
	known_host
	rm -rf $etc/kt* $etc/service.d $lib/kt* /run/systemd /etc/systemd/system.conf /etc/systemd/system.conf.d
	mkdir -p $lib /usr/lib/systemd /etc/systemd/system
	[ -e /usr/lib/systemd/systemd ] || touch /usr/lib/systemd/systemd
	printf '[Service]\nExecStart=/bin/sleep 60\n' >$lib/kt.service
	profile web <<-'PROFILE'
		unit "kt.service" { item "nofile" { soft = 8192 hard = 16384 at_least = 8192 reason = "many clients" } }
	PROFILE
	targets >"$fresh"
}

# said TEXT NAME: $out has it, whatever the line breaks
said() {
	tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
	has "$2" "$1" "$TMPDIR/said"
}

# --- audit, diff, apply, rollback

start
prints 1 "an audit" "unit:kt.service:nofile:soft" kt audit web
said "kt.service does not run: only what its next start gets is judged" "what does not run is no difference, and said"
expect 1 "as JSON" kt audit -f json web
json "one setting differs" '.summary == {ok: 1, differs: 1, unknown: 0, skipped: 0}
	and .findings[0].layers.boot == 1024 and .findings[0].layers.running == null'
expect 1 "a diff" kt diff web
said "$etc/kt.service.d/$ours: takes effect after: systemctl daemon-reload && systemctl restart kt.service" \
	"the diff says what will be to do"
unchanged "the diff writes nothing" "$fresh"
expect 0 "an apply" kt apply -f json web
json "one file" '.changed and (.changes | length == 1) and .changes[0].kind == "file"
	and .changes[0].id == ["unit:kt.service:nofile:soft", "unit:kt.service:nofile:hard"]
	and ([.notes[].text] | any(contains("systemctl daemon-reload && systemctl restart kt.service")))'
same "its lines" <(printf '\n[Service]\n\n# web: many clients\nLimitNOFILE=8192:524288\n') <(tail -n +3 $etc/kt.service.d/$ours)
expect 0 "complies" kt audit web
stamps >"$TMPDIR/stamps"
prints 0 "a second apply" "nothing to change" kt apply web
same "writes nothing" "$TMPDIR/stamps" <(stamps)
expect 0 "explain knows the setting by its id" kt explain unit:kt.service:nofile:soft
said "$etc/kt.service.d/$ours:7" "and who wins"
expect 0 "rollback" kt rollback
said "systemctl daemon-reload && systemctl restart kt.service" "says what is to do"
unchanged "and leaves nothing" "$fresh"
check "nor the directory" test ! -e $etc/kt.service.d

# --- the restart is not keeltune's to do

start
expect 0 "no program is started" traced execve "$KEELTUNE" apply web
check "but keeltune" test "$(grep -c execve "$trace")" -le 2

# --- who wins

start
mkdir -p $etc/kt.service.d
printf '[Service]\nLimitNOFILE=100\n' >$etc/kt.service.d/override.conf
expect 0 "a drop-in of systemctl edit" kt apply web
expect 0 "is behind ours" kt rollback

printf '[Service]\nLimitNOFILE=100:200\nLimitCORE=0\n' >$etc/kt.service.d/zzz.conf
chmod 640 $etc/kt.service.d/zzz.conf
targets >"$TMPDIR/later"
expect 1 "a later drop-in" kt apply web
said "nothing is written for it: with a line in $etc/kt.service.d/$ours the next start would still get 100" "is an obstacle"
said "$etc/kt.service.d/zzz.conf:2" "with its line"
unchanged "nothing is written" "$TMPDIR/later"
expect 0 "--override" kt apply --override web
same "comments it out" <(printf '[Service]\n# keeltune %s: LimitNOFILE=100:200\nLimitCORE=0\n' "$(newest)") $etc/kt.service.d/zzz.conf
expect 0 "rollback" kt rollback
unchanged "gives it back" "$TMPDIR/later"

start
mkdir -p $lib/kt.service.d
printf '[Service]\nLimitNOFILE=100:200\nNice=5\n' >$lib/kt.service.d/zzz.conf
expect 0 "a later drop-in of the vendor" kt apply --override web
same "is hidden by a copy" <(printf '[Service]\n# keeltune %s: LimitNOFILE=100:200\nNice=5\n' "$(newest)") $etc/kt.service.d/zzz.conf
expect 0 "rollback" kt rollback
rm -r $lib/kt.service.d

# --- names

start
ln -s $lib/kt.service $etc/kt-alias.service
profile alias <<<'unit "kt-alias.service" { item "nofile" { soft = 8192 } }'
expect 0 "an alias" kt apply alias
check "the drop-in goes to the real name" test -f $etc/kt.service.d/$ours
expect 0 "rollback" kt rollback

start
printf '[Service]\nExecStart=/bin/true\n' >$lib/kt@.service
profile template <<'PROFILE'
	unit "kt@.service"  { item "nofile" { soft = 8192 } item "core" { soft = 0 } }
	unit "kt@a.service" { item "nofile" { soft = 9000 } }
PROFILE
expect 0 "a template and an instance" kt apply template
check "each has its file" test -f $etc/kt@.service.d/zz-keeltune-template.conf -a -f $etc/kt@a.service.d/$ours
expect 0 "an instance" kt explain -f json kt@b.service
json "has what the template says" '.settings[0].limits[0].soft == 8192'
expect 0 "rollback" kt rollback

start
ln -s /dev/null $etc/kt-masked.service
profile strange <<'PROFILE'
	unit "kt-masked.service" { item "nofile" { soft = 8192 } optional = true }
	unit "kt-gone.service"   { item "nofile" { soft = 8192 } optional = true }
PROFILE
expect 0 "masked and missing units, optional" kt audit -f json strange
json "are skipped" '.summary.skipped == 2 and (.findings[0].reason | contains("masked")) and (.findings[1].reason | contains("no unit kt-gone.service"))'
sed -i 's/optional = true//' /etc/keeltune/profiles/strange.conf
expect 2 "else they cannot be judged" kt audit strange
expect 2 "and apply refuses" kt apply strange
mkdir -p /run/systemd/transient
printf '[Service]\nExecStart=/bin/true\n' >/run/systemd/transient/kt-run.service
profile passing <<<'unit "kt-run.service" { item "nofile" { soft = 8192 } }'
targets >"$TMPDIR/before"
expect 1 "a transient unit" kt apply passing
said "does not outlive the boot" "is left, and said why"
unchanged "nothing is written" "$TMPDIR/before"

# --- all services

start
profile all <<<'unit "*.service" { item "nofile" { soft = 4096 hard = 524288 at_least = 4096 } }'
prints 0 "the default of all services" "system.conf.d/$ours: created" kt apply all
said "takes effect after systemctl daemon-reload, for each service with its next start" "what is to do"
same "its lines" <(printf '\n[Manager]\n\n# all\nDefaultLimitNOFILE=4096:524288\n') <(tail -n +3 /etc/systemd/system.conf.d/$ours)
expect 0 "another set of profiles" kt apply web
check "releases it" test ! -e /etc/systemd/system.conf.d/$ours -a -e $etc/kt.service.d/$ours
expect 0 "rollback" kt rollback --all
unchanged "everything as before" "$fresh"

# --- the ceiling

start
profile high <<<'unit "kt.service" { item "nofile" { soft = 8192 hard = 2000000 } }'
complains 2 "above fs.nr_open" "unit:kt.service:nofile:hard: nofile 2000000 is above fs.nr_open" kt apply high
unchanged "nothing is written" "$fresh"
profile raised <<'PROFILE'
	sysctl "fs.nr_open" { value = 4000000 }
	unit "kt.service" { item "nofile" { soft = 8192 hard = 2000000 } }
PROFILE
expect 0 "with fs.nr_open raised by the same profile" kt apply raised
expect 0 "rollback" kt rollback

# --- what runs

start
sleep 300 &
pid=$!
printf '0::/system.slice/kt.service\n' >"$TMPDIR/cgroup"
if mount --bind "$TMPDIR/cgroup" "/proc/$pid/cgroup" 2>/dev/null; then
	soft=$(ulimit -Sn)
	profile now <<PROFILE
		unit "kt.service" { item "nofile" { soft = $((soft - 1)) } }
PROFILE
	expect 1 "a unit that runs" kt audit -f json now
	json "is judged by its main process" ".findings[0].layers.running == $soft"
	sleep 1.1 # a file of the same second may be older or newer
	prints 1 "before an apply" "\`keeltune diff\` shows" kt audit now
	expect 1 "apply" kt apply now
	said "process $pid, sleep: it was started before $etc/kt.service.d/$ours was written: systemctl daemon-reload && systemctl restart kt.service" \
		"says that it has to be restarted"
	prints 1 "nothing is left for apply" "Nothing to apply: only what runs already differs" kt audit now
	has_not "so the audit does not point to diff" "keeltune diff" "$out"
	expect 1 "as a page" kt audit -f html now
	has "the page does not, either" "each setting below says what to do about those that run already" "$out"
	expect 0 "in the plane that apply can change" kt audit --persistent now
	prlimit --pid $pid --nofile=$((soft - 1)):
	expect 0 "restarted, it complies" kt audit now
	expect 0 "nothing is left to do" kt apply now
	prlimit --pid $pid --nofile=$((soft - 2)):
	began=$(awk -v now="$(date +%s.%N)" -v hertz="$(getconf CLK_TCK)" 'FNR == 1 && FILENAME ~ /uptime/ { up = $1 }
		FILENAME ~ /stat/ { sub(/.*\) /, ""); printf "%d", now - up + $20 / hertz }' /proc/uptime /proc/$pid/stat)
	for second in -2 -1 0 1 2; do
		touch -d "@$((began + second))" $etc/kt.service.d/$ours
		kt explain kt.service
	done | tr -s ' \n' ' ' >"$TMPDIR/said"
	check "a file of the second in which it was started: perhaps" test 1 = \
		"$(grep -oF "it was perhaps started before $etc/kt.service.d/$ours was written, in the same second" "$TMPDIR/said" | wc -l)"
	has "a later file: surely" "it was started before $etc/kt.service.d/$ours was written: systemctl" "$TMPDIR/said"
	touch $etc/kt.service.d/$ours
	umount "/proc/$pid/cgroup"
	expect 0 "rollback" kt rollback --force
else
	skip "a unit that runs" "nothing can be mounted over /proc/PID/cgroup"
fi
kill $pid

# --- mistakes in profiles

profile wrong <<'PROFILE'
	unit "kt.timer"   { item "nofile" { soft = 1 } }
	unit "kt/x"       { item "nofile" { soft = 1 } }
	unit "kt.service" { item "files" { soft = 1 } item "nofile" { soft = 9 hard = 8 } scope = "runtime" }
PROFILE
expect 2 "mistakes" kt profile check /etc/keeltune/profiles/wrong.conf
cat "$out" "$err" >"$TMPDIR/said"
has "a unit that runs nothing" "wrong.conf:3: unit \"kt.timer\"" "$TMPDIR/said"
has "a name" "\"kt/x\" is no unit" "$TMPDIR/said"
has "an item" "unknown item \"files\"" "$TMPDIR/said"
has "a scope" "scope \"runtime\"" "$TMPDIR/said"
finish
