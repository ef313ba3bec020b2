#!/bin/bash
# SPDX-License-Identifier: MIT
# The formats that others read, and outputs: each whole or an error.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"
known_host
[ "$TEST_LENGTH" != long ] || export FORMATS_CASES=${FORMATS_CASES-1000}

# --- names

/usr/bin/python3 "$SRCDIR/tests/integration/formats_cases.py" "$KEELTUNE" "$SRCDIR/tests/golden/schema-check" ||
	not_ok "formats_cases.py ends well"
known_host

# --- the exit status of a plugin

# plugin STATUS NAME ARG...: what a monitoring system sees; standard output always says something.
plugin() {
	local status=$1 name=$2 word=(OK WARNING CRITICAL UNKNOWN)
	shift 2
	prints "$status" "plugin: $name" "KEELTUNE ${word[$status]} - " kt -f nagios "$@"
}

plugin 2 "what holds now differs" audit small
kt apply small >/dev/null
plugin 0 "all is well" audit small
plugin 0 "nothing to change" diff small
echo "net.ipv4.tcp_keepalive_time = 7000" >/etc/sysctl.d/zz-later.conf
plugin 1 "only the next boot differs" audit small
echo 7000 >/proc/sys/net/ipv4/tcp_keepalive_time
plugin 2 "the running value, too" audit small
plugin 1 "apply would change something" diff small
profile lacking <<<'sysctl "net.ipv4.no_such_key" { value = 1 }'
plugin 3 "a key that is not there" audit lacking
plugin 2 "what holds now differs, whatever else is unknown" audit lacking small
has "which is named first" "unknown - sysctl:net.ipv4.tcp_keepalive_time: " "$out"
echo 1800 >/proc/sys/net/ipv4/tcp_keepalive_time
plugin 3 "only the next boot differs, and something is unknown" audit lacking small
echo 7000 >/proc/sys/net/ipv4/tcp_keepalive_time
plugin 3 "a profile that is not there" audit absent
plugin 3 "an option that is not there" audit --no-such-option small
plugin 3 "an option of others" audit --force small
plugin 3 "a tree that is not there" audit --root /none small
plugin 0 "no check, no alarm" sockets
plugin 0 "a check that holds" sockets --check 'fds>1000000'
plugin 2 "a check that is exceeded" sockets --check 'fds>2'
plugin 3 "a check that is none" sockets --check 'height>2'
expect 2 "with -q the status alone" kt -q -f nagios audit small
contains "with -q the status alone: said" "" "$out"
expect 1 "as another output it has no say" kt audit small --also nagios:/dev/null
expect 3 "a plugin that cannot speak is unknown" kt -f nagios audit small --also json:/none/x
kt -f nagios audit small >/dev/full 2>/dev/null
check "nor one that is not heard" test $? = 3
known_host

# --- formats that a command lacks

complains 2 "audit in no such format" "audit has no format xml, but: text, json, junit, tap" kt audit -f xml
complains 2 "no such format for another output" "has no format xml, but: text" kt audit --also xml:"$TMPDIR/x"
complains 2 "apply is no test" "apply has no format junit, but: text, json" kt apply small -f junit
complains 2 "nor for another output" "apply has no format tap, but: text, json" kt apply small --also tap:"$TMPDIR/x"
complains 2 "a dry run is a diff" "diff has no format journal, but: text, json, junit" kt apply -n small -f journal
complains 3 "a recording has lines of JSON" "sockets-watch has no format nagios, but: text, json" kt sockets --watch -f nagios
complains 2 "no recording into a file" "redirect it" kt sockets --watch --also json:"$TMPDIR/x"
for also in json json: :x ''; do
	complains 2 "--also '$also'" "keeltune: " kt audit --also "$also"
done
check "nothing was written for that" test ! -e "$TMPDIR/x"
check "nor applied" test "$(keys)" = "7200 75 9"
for command in audit diff apply sockets explain; do
	kt $command --help >"$out"
	has "$command --help has the formats" "Formats: text (default), json" "$out"
done

# --- two outputs, one place

mkdir -p /run/outputs/place /run/outputs/sub
cd /run/outputs || exit
one_file="are one file: each output needs its own"
echo old >there
ln there linked
ln -s there pointer
for pair in "a a" "a ./a" "a sub/../a" "there linked" "there pointer" "there /run/outputs/there" "/run/outputs/a a"; do
	read -r first second <<<"$pair"
	complains 2 "--also $pair" "$one_file" kt audit small --also "json:$first" --also "tap:$second"
	complains 2 "-o and --also $pair" "$one_file" kt audit small -o "$first" --also "tap:$second"
done
# shellcheck disable=SC2317 # called by its name
into_there() {
	"$@" >>there
}
complains 2 "standard output is that file already" "standard output and there $one_file" into_there kt audit small --also json:there
check "no file came to be, none was touched" test "$(ls)-$(cat there)" = "$(printf 'linked\nplace\npointer\nsub\nthere')-old"
expect 1 "/dev/null takes all" kt audit small -o /dev/null --also json:/dev/null --also tap:/dev/null
expect 1 "with -q standard output is none" into_there kt -q audit small --also json:there
check "a file is replaced, the link to it stays" test -L pointer -a "$(jq -r .result pointer)" = differs

# --- standard output by name

prints 1 "-o - is standard output" '{' kt audit small -f json -o -
prints 1 "--also FORMAT:-, too" "TAP version 13" kt -q audit small --also tap:-
complains 2 "but not for two" "standard output and /dev/stdout $one_file" into_there kt audit small --also json:-
check "no file of that name" test ! -e ./-

# --- outputs that cannot be written whole

echo old >place/report
mount -t tmpfs -o size=4k tiny place
head -c 4096 /dev/zero | tr '\0' x >place/report
cp place/report before
for format in json junit tap text prometheus nagios; do
	complains 2 "$format: no room" "No space left on device" kt -q audit small --also "$format:place/report" --also json:well
	check "$format: the old file stays, nothing beside it" cmp place/report before
	check "$format: nothing beside it" test "$(ls -A place)" = report
	check "$format: the other output is whole" jq -e '.findings | length == 6' well
	rm well
	complains 2 "$format: /dev/full" "/dev/full: No space left" kt -q audit small --also "$format:/dev/full"
	complains 2 "$format: no such directory" "No such file" kt -q audit small --also "$format:/none/x"
	complains 2 "$format: a directory" "Is a directory" kt -q audit small --also "$format:place"
	kt -f $format audit small >&- 2>/dev/null
	check "$format: closed" test $? = "$([ $format = nagios ] && echo 3 || echo 2)"
done
umount place
expect 2 "the last one says so" kt audit small -f json --also tap:/none/x
json "the last one says so" '.exit == 2 and .result == "trouble" and (.error | test("/none/x could not be written"))'

# What was done is what the status is about.
looks_first="nothing changed: the output /none/x could not be written"
complains 2 "apply looks first" "$looks_first" kt apply small --also json:/none/x
check "nothing is applied" test "$(keys)" = "7200 75 9"
complains 0 "an apply that could not be told" "No space left on device" kt apply small --also json:/dev/full
check "it is applied" test "$(keys)" = "1800 15 3"
complains 2 "rollback looks first" "$looks_first" kt rollback -o /none/x
check "nothing is undone" test "$(keys)" = "1800 15 3"
complains 2 "history prune looks first" "$looks_first" kt history prune --keep 0 --also json:/none/x
complains 2 "sockets relieve looks first" "$looks_first" kt sockets relieve --pid $$ --nofile 30000 --also json:/none/x
complains 0 "a rollback that could not be told" "No space left on device" kt rollback -f json -o /dev/full
check "it is undone" test "$(keys)" = "7200 75 9"

# --- pipes, devices, descriptors

mkfifo pipe
timeout 20 cat pipe >got &
expect 1 "a named pipe" kt -q audit small --also json:pipe
wait $!
check "a named pipe: all of it" jq -e '.findings | length == 6' got
check "it still is one" test -p pipe
echo first >log
kt audit small -f json -o /dev/stdout >>log
check "/dev/stdout is written to where it stands" test "$(head -n 1 log)" = first
sed 1d log >"$out"
json "all of it" '.findings | length == 6'
kt audit small --also json:/dev/fd/7 7>>log >"$TMPDIR/text"
check "and so is another descriptor" test "$(grep -c '"schema"' log)" = 2
has "beside standard output" "verdict: " "$TMPDIR/text"
complains 2 "a descriptor that is not open" "Bad file descriptor" kt audit small --also json:/dev/fd/77
kt audit small --also json:/dev/stdout 2>"$err" | cat >"$out"
has "two reports through one pipe are none" "$one_file" "$err"
contains "two reports through one pipe are none: said" "" "$out"
finish
