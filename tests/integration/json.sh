#!/bin/bash
# SPDX-License-Identifier: MIT
# Every command's JSON: one object that names its schema, and whose "exit" is the exit status.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
results=(ok differs trouble trouble trouble)

# gives STATUS COMMAND FILTER ARG...: valid, and true for FILTER. $report keeps the JSON.
report=$TMPDIR/report.json
reports=0
mkdir "$TMPDIR/reports"
gives() {
	local status=$1 command=$2 filter=$3 name="${*:4}"
	shift 3
	expect "$status" "$name" kt -f json "$@"
	cp "$out" "$report"
	json "$name: schema, exit, result, host, time" ".schema == \"keeltune/$command/1\" and .exit == $status and
		.result == \"${results[$status]}\" and .tool.name == \"keeltune\" and (.tool.version | type == \"string\") and
		(.time | test(\"^[0-9-]{10}T[0-9:]{8}Z\$\")) and (.notes | type == \"array\") and .interrupted == null and
		(.host | has(\"name\") and has(\"machine_id\") and has(\"os\") and has(\"kernel\")) and
		(.notes | all(has(\"id\") and has(\"file\") and has(\"line\") and (.text | type == \"string\")))"
	json "$name: the rest" "$filter"
	check "$name: one object and a newline" test "$(jq -s length "$report") $(tail -c 2 "$report" | od -An -tx1)" = "1  7d 0a"
	cp "$report" "$TMPDIR/reports/$((++reports)).json"
	cp "$report" "$out"
}

# --- audit

gives 1 audit '.summary.differs == 5 and .summary.unknown == 0 and (.findings | length == 6) and
	([.findings[] | .verdict] | group_by(.) | map({(.[0]): length}) | add) == {"ok": 1, "differs": 5} and
	(.findings | all(has("want") and has("origin") and has("shadowed") and has("reason") and (.layers |
		has("configured") and has("boot") and has("running") and has("live")) and
		(.profile.file | endswith("small.conf")) and (.profile.line > 2)))' audit small
json "a number is a number" '.findings[] | select(.id == "sysctl:net.ipv4.tcp_keepalive_time") |
	.want == 1800 and .layers.running == 7200 and .verdict == "differs" and (.reason | test("7200"))'
json "ids are those of the contract" '[.findings[].id] == ["sysctl:net.ipv4.tcp_keepalive_time",
	"sysctl:net.ipv4.tcp_keepalive_intvl", "sysctl:net.ipv4.tcp_keepalive_probes", "limit:*:nofile:soft",
	"limit:*:nofile:hard", "pam:login:pam_limits"]'
gives 1 audit '.findings | all(.layers.live == null)' audit --runtime small
gives 1 audit '.summary.differs > 0' audit --persistent small
gives 2 audit '.error | test("absent|profile")' audit absent
profile lacking <<<'sysctl "net.ipv4.no_such_key" { value = 1 }'
gives 2 audit '.findings[0].verdict == "unknown" and .summary.unknown == 1' audit lacking
profile optional <<<'sysctl "net.ipv4.no_such_key" { value = 1 optional = true }'
gives 0 audit '.findings[0].verdict == "skipped" and .summary.skipped == 1' audit optional

profile max <<<'sysctl "fs.file-max" { value = 65536 at_least = 65536 }'
gives 0 audit '.findings[0].layers.running == 9223372036854775807' audit max
has "2^63-1 is not rounded" '"running": 9223372036854775807' "$out"
echo 18446744073709551615 >/proc/sys/fs/file-max
kt -f json audit max >"$out"
json "larger numbers are strings" '.findings[0].layers.running == "18446744073709551615"'
echo 9223372036854775807 >/proc/sys/fs/file-max

# --- diff and apply

changes='.changed == true and (.changes | length == 6) and
	(.changes | all((.id | type == "array" and length > 0) and has("before") and has("after") and has("diff"))) and
	(.changes[] | select(.path == "/proc/sys/net/ipv4/tcp_keepalive_time") | .kind == "sysctl" and .before == 7200 and
		.after == 1800 and .diff == null) and
	(.changes[] | select(.path == "/etc/sysctl.d/99-zz-keeltune.conf") | .kind == "file" and .before == null and
		(.after | test("tcp_keepalive_time")) and (.diff | startswith("--- /dev/null\n+++ ")))'
gives 1 diff "$changes" diff small
gives 1 diff "$changes" apply --dry-run small
gives 2 diff '.changed == false and .changes == []' diff absent
gives 2 apply '.changed == false and .rollback == null' apply absent
gives 0 apply "$changes and .remaining == [] and (.rollback | test(\"^[0-9]{8}T[0-9]{6}Z-small-[0-9a-f]{6}\$\"))" apply small
id=$(jq -r .rollback "$report")
gives 0 apply '.changed == false and .changes == [] and .rollback == null and .remaining == []' apply small
gives 0 diff '.changed == false and .changes == [] and .remaining == []' diff small
gives 0 audit '.summary.ok == 6 and (.findings | all(.verdict == "ok" and .reason == null))' audit small

# --- history and rollback

gives 0 history ".entries | length == 1 and (.[0] | .id == \"$id\" and .state == \"applied\" and .profiles == \"small\" and
	.changes == 6 and .by.uid == 0 and (.time | test(\"Z\$\")))" history
gives 0 rollback ".rolled_back == null and .changed == true and (.changes | length == 6) and .conflicts == []" rollback --dry-run
gives 2 rollback '.rolled_back == null and (.error | test("no rollback file"))' rollback 20200101T000000Z-x-000000
echo 1234 >/proc/sys/net/ipv4/tcp_keepalive_time
gives 1 rollback '.rolled_back == null and (.conflicts | length == 1)' rollback
gives 0 rollback ".rolled_back == \"$id\"" rollback --force
gives 0 rollback '.rolled_back == null and .conflicts == [] and .changed == false' rollback
gives 0 history '.entries[0].state == "rolled-back"' history

# --- what stays different

profile blocked <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }'
echo "net.ipv4.tcp_keepalive_time = 7000" >/etc/sysctl.d/zzz-admin.conf
echo "net.ipv4.tcp_keepalive_time = 7100" >/etc/sysctl.d/10-early.conf
gives 1 diff '.remaining[0].id == "sysctl:net.ipv4.tcp_keepalive_time"' diff blocked
gives 1 apply '.remaining | length == 1 and (.[0] | .verdict == "differs" and .layers.boot == 7000 and
	.origin == {"file": "/etc/sysctl.d/zzz-admin.conf", "line": 1})' apply blocked
gives 1 audit '.findings[0] | .layers.running == 600 and (.shadowed[] |
	select(.file == "/etc/sysctl.d/10-early.conf") | .line == 1 and .value == 7100)' audit blocked
gives 0 rollback '.changed' rollback
rm /etc/sysctl.d/{zzz-admin,10-early}.conf

# --- profiles

gives 0 profile '.entries | (map(.name) | index("small") and index("baseline")) and all(has("file") and has("description"))' profile list
gives 0 profile '.settings | length == 6 and all(has("id") and has("want") and has("at_least") and has("at_most") and has("profile"))' profile show small
gives 0 profile '.valid == ["/etc/keeltune/profiles/small.conf"]' profile check /etc/keeltune/profiles/small.conf
profile bad <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 0 }'
gives 2 profile '.notes[] | .file == "/etc/keeltune/profiles/bad.conf" and .line == 3' profile show bad
gives 2 profile '.notes | length > 0' profile check /etc/keeltune/profiles/bad.conf
gives 2 profile '.valid == ["/etc/keeltune/profiles/small.conf"]' profile check /etc/keeltune/profiles/{bad,small}.conf

# --- names that are not UTF-8

printf 'kernel.panic = 10 # \xff\nnet.ipv4.tcp_keepalive_time = 7001\n' >"$(printf '/etc/sysctl.d/zz-\xfc.conf')"
gives 1 audit '.findings[0].layers.boot == 7001' audit small
check "the output is UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$report"

# --- all of them

check "all $reports reports are valid by their schemas" "$SRCDIR/tests/golden/schema-check" "$TMPDIR"/reports/*.json
finish
