#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line: usage errors, suggestions, help, options before and after the command. Each message
# is one line that begins with "keeltune: ", on standard error, and the status is 2.

# shellcheck disable=SC2317 # functions are called by name
# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
fresh=$TMPDIR/fresh
targets >"$fresh"

# wrong TEXT ARG...: refused with TEXT; standard output stays empty, every line of standard error is ours.
wrong() {
	local text=$1
	shift
	complains 2 "keeltune $*" "$text" kt "$@"
	contains "keeltune $*: prints nothing" "" "$out"
	check "keeltune $*: signs its messages" test -z "$(grep -v '^keeltune: ' "$err")"
}

# --- commands

wrong "no command given"
wrong "no command frobnicate" frobnicate
wrong "did you mean audit?" adit
wrong "did you mean rollback?" rolback 20200101T000000Z-x-000000
wrong "history takes nothing" history small
wrong "rollback takes one ID" rollback a b
wrong "usage: keeltune profile list | show NAME... | check FILE..." profile
wrong "usage: keeltune profile" profile frob
wrong "usage: keeltune profile" profile show
wrong "usage: keeltune profile" profile check
wrong "usage: keeltune profile" profile list small

# --- options

wrong "no option --frobnicate" audit --frobnicate
wrong "did you mean --persistent?" audit --persistant
wrong "did you mean --override?" apply --overide small
wrong "no option -x" audit -x
wrong "no option -x" audit -qx
wrong "--format needs an argument" audit --format
wrong "-f needs an argument" audit -f
wrong "audit has no format xml, but: text, json" audit -f xml
wrong "no format " audit -f ""
wrong "--color sometimes: auto, always or never" audit --color sometimes
wrong "--engine upstart: systemd, procps, procps3 or busybox" audit --engine upstart
wrong "--wait soon: a number, 0 to 86400" apply --wait soon
wrong "--wait -1: a number" apply --wait=-1
wrong "--wait 86401: a number" apply --wait 86401
wrong "exclude each other" audit --runtime --persistent small
wrong "a tree has no running values" audit --root / --runtime small
wrong "--force is not an option of audit, but of: rollback" audit --force small
wrong "--dry-run is not an option of audit" --dry-run audit small
wrong "--override is not an option of audit" audit small --override
wrong "--comment is not an option of diff" diff --comment x small
wrong "--runtime is not an option of rollback" rollback --runtime
wrong "--engine is not an option of history" history --engine systemd
wrong "/none: No such file or directory" --root /none audit small
wrong "/etc/passwd: Not a directory" --root /etc/passwd audit small
complains 2 "an empty --root" "needs a directory" kt --root "" audit small
complains 2 "an option that takes no argument" "--quiet" kt audit --quiet=yes small

# --- profiles

wrong 'no profile "smal"' audit smal
wrong 'small' audit smal
complains 2 "a profile that is meant" 'did you mean' kt audit smal
wrong "/none.conf" audit /none.conf
wrong "/etc/: " audit /etc/
wrong "/dev/null" audit /dev/null
chmod 000 /etc/keeltune/profiles/time.conf
complains 2 "a profile that cannot be read" "/etc/keeltune/profiles/time.conf: " \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" audit time
has "says why" "ermission denied" "$err"
chmod 644 /etc/keeltune/profiles/time.conf
profile broken <<-'PROFILE'
	# a comment
	sysctl "net.ipv4.tcp_keepalive_time" { value = 0 }

	sysctl "net.ipv4.tcp_keepalive_probes" { value = 500 }
	limits "*" { item "nofile" { soft = 8192 hard = 4096 } }
PROFILE
for command in "audit" "diff" "apply" "profile show" "profile check"; do
	# shellcheck disable=SC2086 # words of a command line
	complains 2 "$command: all errors of a profile in one run" "broken.conf:4: " kt $command broken
	has "$command: the second" "broken.conf:6: " "$err"
	has "$command: the third" "broken.conf:7: " "$err"
done
profile unclosed <<<'sysctl "net.ipv4.tcp_keepalive_time" {'
complains 2 "a profile that ends too early" "unclosed.conf:" kt audit unclosed
printf 'format = 2\nname = "later"\n' >/etc/keeltune/profiles/later.conf
complains 2 "a profile of a later format" "later.conf:1" kt audit later
printf 'profiles = { "small"' >/etc/keeltune/keeltune.conf
complains 2 "a keeltune.conf with an error" "/etc/keeltune/keeltune.conf:" kt audit
printf 'format = 1\nprofiles = { "absent" }\n' >/etc/keeltune/keeltune.conf
complains 2 "a keeltune.conf that names no profile" "absent" kt audit
printf 'format = 1\nprofiles = { "small" }\nfrob = 1\n' >/etc/keeltune/keeltune.conf
complains 2 "a keeltune.conf with an unknown word" "keeltune.conf:3" kt audit
printf 'format = 1\nprofiles = { "small", "time" }\n' >/etc/keeltune/keeltune.conf
prints 1 "a keeltune.conf that is right" "small+time on " kt audit
rm /etc/keeltune/keeltune.conf
prints 1 "none: the baseline" "baseline on " kt audit

# --- the place of an option does not matter

kt -f json -q audit --runtime small -o "$TMPDIR/a"
kt audit small --runtime --quiet --output "$TMPDIR/b" --format=json
kt --runtime -qf json -o"$TMPDIR/c" audit small
POSIXLY_CORRECT=1 kt audit small --runtime -q -f json -o "$TMPDIR/d"
for file in a b c d; do
	jq 'del(.time)' "$TMPDIR/$file" >"$TMPDIR/$file.json" 2>&1
done
same "options after the profile" "$TMPDIR/a.json" "$TMPDIR/b.json"
same "options before the command" "$TMPDIR/a.json" "$TMPDIR/c.json"
same "with POSIXLY_CORRECT, too" "$TMPDIR/a.json" "$TMPDIR/d.json"
expect 2 "behind -- nothing is an option" kt audit -- --runtime
has "it is a profile" '"--runtime"' "$err"

# --- help

prints 0 "--help" "usage: keeltune COMMAND" kt --help
cp "$out" "$TMPDIR/help"
for command in audit diff apply rollback history profile; do
	has "--help lists $command" "  $command " "$TMPDIR/help"
	prints 0 "$command --help" "usage: keeltune $command" kt $command --help
	cp "$out" "$TMPDIR/help.$command"
	prints 0 "--help $command" "usage: keeltune $command" kt --help $command
	check "$command --help fits 100 columns" test -z "$(grep -E '.{101,}' "$TMPDIR/help.$command")"
done
has "apply has --comment" "--comment" "$TMPDIR/help.apply"
has_not "audit has not" "--comment" "$TMPDIR/help.audit"
check "--help fits 100 columns" test -z "$(grep -E '.{101,}' "$TMPDIR/help")"
prints 0 "-h" "usage: keeltune COMMAND" kt -h
prints 0 "--version" "keeltune $(cut -d. -f1 "$SRCDIR/VERSION")" kt --version
prints 0 "-V" "keeltune " kt -V
complains 0 "neither complains" "" kt -V

# --- quiet, colour

expect 1 "-q audit" kt -q audit small
contains "prints nothing" "" "$out"
contains "says nothing" "" "$err"
prints 1 "--color always" "$(printf '\033[')" kt --color always audit small
expect 1 "--color never" kt --color never audit small
has_not "has no colour" "$(printf '\033')" "$out"
expect 1 "a file gets no colour" kt audit small -o "$TMPDIR/report"
has_not "none at all" "$(printf '\033')" "$TMPDIR/report"
terminal() {
	script -qec "$*" /dev/null </dev/null >"$out" 2>&1
	grep -q "$(printf '\033\[')" "$out"
}
check "a terminal does" env TERM=xterm bash -c "$(declare -f terminal); out=$TMPDIR/tty; terminal '$KEELTUNE' audit small"
check "not with NO_COLOR" env TERM=xterm NO_COLOR=1 bash -c "$(declare -f terminal); out=$TMPDIR/tty; ! terminal '$KEELTUNE' audit small"
check "not a dumb one" env TERM=dumb bash -c "$(declare -f terminal); out=$TMPDIR/tty; ! terminal '$KEELTUNE' audit small"

unchanged "nothing of all this changes the host" "$fresh"
check "nor leaves a state" test ! -e /var/lib/keeltune
finish
