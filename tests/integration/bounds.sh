#!/bin/bash
# SPDX-License-Identifier: MIT
# What others wrote costs bounded time and memory: trees, profiles and reports made to be slow. Each took
# minutes or gigabytes once. A time is no test of this machine: what is bounded takes seconds, what is not
# takes more than the minute that timeout(1) gives. What was too much to read is said, and never judged.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"

tree=$TMPDIR/tree profiles=$TMPDIR/profiles
mkdir "$profiles"
cat >"$profiles/small.conf" <<'END'
format = 1
name = "small"
sysctl "net.ipv4.tcp_keepalive_time" { value = 1800  at_most = 1800 }
limits "*" { item "nofile" { soft = 8192  at_least = 4096 } }
pam "login" { module = "pam_limits.so" }
END

# A small Debian, anew for each attack.
grow() {
	rm -rf "$tree"
	cp -a "$SRCDIR/tests/roots/debian12" "$tree"
}
bounded() {
	timeout 60 "$KEELTUNE" --profile-dir "$profiles" --root "$tree" "$@"
}
too_much() {
	local name=$1 word=$2
	shift 2
	expect 2 "$name" bounded "$@"
	has "$name: said" "$word" "$out"
}

# --- A tree

grow
expect 1 "a tree as it is installed" bounded audit small
bounded audit small -f json >"$TMPDIR/json"
check "is judged" jq -e '.summary.unknown == 0' "$TMPDIR/json"

seq -f "$tree/etc/sysctl.d/%06g.conf" 33000 | xargs touch
too_much "33,000 names in sysctl.d" sysctl audit small
grow
truncate -s 16M "$tree/sparse"
for i in $(seq 1000); do
	ln "$tree/sparse" "$tree/etc/sysctl.d/$i.conf"
done
too_much "1,000 links to one file of 16 MiB of zeros" sysctl audit small
grow
yes 'net.ipv4.tcp_keepalive_time = 1800' | head -c 16000000 >"$tree/etc/sysctl.d/10-many.conf"
too_much "450,000 lines for one key" tcp_keepalive_time audit small
grow
for i in 1 2 3; do
	yes '@nobody soft nofile 8192' | head -c 8000000 >"$tree/etc/security/limits.d/$i.conf"
done
too_much "a million lines of limits" nofile audit small
expect 2 "nor does a plan end in minutes" bounded diff small
grow
printf '%s\n' '* soft nofile 8192' '@staff hard nofile 9000' >"$tree/etc/security/limits.d/enough.conf"
truncate -s 1T "$tree/etc/passwd"
too_much "/etc/passwd of a terabyte" nofile audit small

# --- Includes

grow
mkdir -p "$tree/etc/ssh/sshd_config.d"
for i in $(seq 60); do
	echo 'Include /etc/ssh/sshd_config.d/*.conf' >"$tree/etc/ssh/sshd_config.d/$i.conf"
done
echo 'Include /etc/ssh/sshd_config.d/*.conf' >"$tree/etc/ssh/sshd_config"
sed 's/login/sshd/' "$profiles/small.conf" >"$profiles/sshd.conf"
sed -i 's/"small"/"sshd"/' "$profiles/sshd.conf"
expect 2 "sshd_config whose includes include each other 60^16 times" bounded audit sshd
grow
printf '%s\n' 'format = 1' 'name = "unit"' 'unit "big.service" { item "nofile" { soft = 8192 at_least = 8192 } }' >"$profiles/unit.conf"
mkdir -p "$tree/etc/systemd/system"
{
	echo '[Service]'
	printf 'User='
	head -c 60000 /dev/zero | tr '\0' '%'
	echo
} >"$tree/etc/systemd/system/big.service"
timeout 60 "$KEELTUNE" --profile-dir "$profiles" --root "$tree" audit unit >"$out" 2>"$err"
check "30,000 specifiers in a unit end" test $? -le 2

# --- Profiles

grow
{
	printf 'format = 1\nname = "wide"\ninherits = { "small"'
	yes ', "small"' | head -n 50000 | tr -d '\n'
	printf ' }\n'
} >"$profiles/wide.conf"
expect 2 "a profile with 50,000 parents" bounded audit wide
for i in $(seq 2000); do
	printf 'format = 1\nname = "c%d"\ninherits = { "c%d" }\n' "$i" $((i + 1)) >"$profiles/c$i.conf"
done
expect 2 "a chain of 2,000 profiles" bounded audit c1
timeout 60 "$KEELTUNE" --profile-dir "$profiles" profile list >"$out" 2>"$err"
check "their list ends" test $? -ne 124
rm "$profiles"/c*.conf

# --- Reports

truncate -s 4T "$TMPDIR/big.json"
expect 2 "a report of four terabytes of nothing" timeout 60 "$KEELTUNE" fleet "$TMPDIR/big.json"
yes '{"schema":' | head -c 60000000 >"$TMPDIR/broken.jsonl"
expect 2 "60 MB of broken lines" timeout 60 "$KEELTUNE" fleet "$TMPDIR/broken.jsonl"

finish
