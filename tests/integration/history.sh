#!/bin/bash
# SPDX-License-Identifier: MIT
# History as a stack: several applies over time, the newest undone, an older one, all of them; one shown;
# old ones removed, but none that an undo still needs.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

fresh=$TMPDIR/fresh
reports=0
mkdir -p "$TMPDIR/reports"

# gives STATUS NAME FILTER ARG...: the JSON of `keeltune ARG...`, for which FILTER is true.
gives() {
	local status=$1 name=$2 filter=$3
	shift 3
	expect "$status" "$name" kt "$@" -f json
	json "$name: as JSON" "$filter"
	reports=$((reports + 1))
	cp "$out" "$TMPDIR/reports/$reports.json"
}

applied() {
	expect 0 "apply $*" kt apply "$@"
	id=$(newest)
}

start() {
	known_host
	profile other <<-'PROFILE'
		sysctl "net.ipv4.tcp_fin_timeout" { value = 30 at_most = 30 }
	PROFILE
	echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout
	targets >"$fresh"
}

states() {
	kt history -f json | jq -r '[.entries[].state] | join(" ")'
}

# --- three applies: small, time (which releases most of small), and small again

start
applied --comment "first" small
first=$id
applied time
second=$id
applied small
third=$id
targets >"$TMPDIR/three"
check "three rollback files, oldest first" test "$(kt history -f json | jq -r '[.entries[].id] | join(" ")')" = "$first $second $third"

gives 1 "the oldest first" ".rolled_back == null and .undone == [] and .left == [\"$third\", \"$second\", \"$first\"] and
	(.conflicts | length > 0 and all(.by == (if .path | test(\"tcp_keepalive_time\") then \"$second\" else \"$third\" end)))" rollback "$first"
expect 1 "the oldest first, for people" kt rollback "$first"
tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
has "names the apply that comes first" "by the later apply $third" "$TMPDIR/said"
unchanged "and touches nothing" "$TMPDIR/three"
gives 1 "the middle one" ".conflicts | length > 0 and all(.by == \"$third\")" rollback "$second"
unchanged "touches nothing either" "$TMPDIR/three"

expect 0 "the newest" kt rollback
gives 1 "now the second is in the way" ".conflicts | all(.by == \"$second\")" rollback "$first"
expect 0 "the second" kt rollback "$second"
expect 0 "then the first" kt rollback "$first"
unchanged "all is as before" "$fresh"
check "as the states say" test "$(states)" = "rolled-back rolled-back rolled-back"

# --- an older one on which nothing builds

start
applied --runtime small
first=$id
applied --runtime other
expect 0 "an older one on which nothing builds" kt rollback "$first"
check "is undone" test "$(keys) $(cat /proc/sys/net/ipv4/tcp_fin_timeout)" = "7200 75 9 30"
check "alone" test "$(states)" = "rolled-back applied"
expect 0 "and the newer one after it" kt rollback
check "too" test "$(cat /proc/sys/net/ipv4/tcp_fin_timeout)" = 60

# values that came back to what an older apply had set: the newer one builds on them all the same
start
applied --runtime time
first=$id
echo 7000 >/proc/sys/net/ipv4/tcp_keepalive_time
applied --runtime time
gives 1 "the same value, set by a newer apply" ".conflicts[0] | .by == \"$id\" and .recorded == 600 and .found == 600" rollback "$first"
check "stays" test "$(keys)" = "600 75 9"

# --- all of them

start
for name in small time other small; do
	applied $name
done
targets >"$TMPDIR/four"
kt history -f json | jq -c '[.entries[].id] | reverse' >"$TMPDIR/ids"
gives 0 "rollback --all --dry-run" ".undone == [] and .left == [] and .rolled_back == null and .changed and (.changes | length > 8)" \
	rollback --all --dry-run
unchanged "a dry run touches nothing" "$TMPDIR/four"
check "and no state" test "$(states)" = "applied applied applied applied"
expect 0 "rollback --all" kt rollback --all
cp "$out" "$TMPDIR/said"
unchanged "is before keeltune" "$fresh"
check "in one sequence, newest first" test "$(sed -n 's/^undone: //p' "$TMPDIR/said" | jq -cR . | jq -cs .)" = "$(cat "$TMPDIR/ids")"
has "which says how many" "4 undone: nothing of keeltune holds any more" "$TMPDIR/said"
gives 0 "nothing is left to undo" ".undone == [] and .left == [] and .changed == false" rollback --all
expect 2 "--all takes no ID" kt rollback --all "$id"

start
for name in small time other; do
	applied $name
done
kt history -f json | jq -c '[.entries[].id]' >"$TMPDIR/ids"
echo 5000 >/proc/sys/net/ipv4/tcp_keepalive_time
targets >"$TMPDIR/edited"
gives 1 "--all stops at the first conflict, in a dry run" "(.conflicts | length == 1) and .conflicts[0].by == null" rollback --all -n
gives 1 "--all stops at the first conflict" ".undone == [] and .left == ($(cat "$TMPDIR/ids") | reverse) and
	(.conflicts | length == 1) and (.conflicts[0] | .recorded == 7200 and .found == 5000)" rollback --all
unchanged "nothing of that one is undone" "$TMPDIR/edited"
echo 7200 >/proc/sys/net/ipv4/tcp_keepalive_time
echo "# mine" >>/etc/pam.d/login
gives 1 "a conflict further down" "(.undone == [$(cat "$TMPDIR/ids") | .[2]]) and .left == [$(cat "$TMPDIR/ids") | .[1, 0]] and
	.rolled_back == .undone[0] and (.conflicts[0] | .path == \"/etc/pam.d/login\" and .by == null) and .changed" rollback --all
check "what was undone is recorded" test "$(states)" = "applied applied rolled-back"
expect 1 "again" kt rollback --all
has "says how far it came" "stopped at $(jq -r '.[1]' "$TMPDIR/ids"): 0 undone, 2 left" "$out"
sed -i '/# mine/d' /etc/pam.d/login
expect 0 "without the conflict" kt rollback --all
unchanged "is before keeltune at last" "$fresh"

start
applied small
applied other
echo 5000 >/proc/sys/net/ipv4/tcp_keepalive_time
expect 0 "--all --force" kt rollback --all --force
unchanged "puts everything back" "$fresh"

# one that was interrupted comes first, wherever it stands in the history
start
for name in "--runtime small" "--runtime other"; do
	# shellcheck disable=SC2086
	applied $name
done
for _ in 1 2 3 4 5 6 7 8 9; do
	kt apply --persistent time >/dev/null
	kt rollback >/dev/null
done
first=$(kt history -f json | jq -r '.entries[0].id')
sed -i 's/"applied"/"recovering"/' "$state/$first/manifest.json"
touch "$state/$first"
complains 0 "an undo of an old one that was interrupted: history says so" "interrupted: $first" kt history
complains 0 "so does an audit, which looks at few" "interrupted: $first" kt profile list
complains 2 "nothing else is undone before it" "comes first" kt rollback "$(newest)"
complains 2 "an ID that is not there" "no rollback file" kt rollback 2000
expect 0 "rollback takes it" kt rollback
check "the old one" test "$(kt history -f json | jq -r '.entries[0].state')" = rolled-back

# a rollback file that is broken stops --all before what is older
start
applied --runtime small
applied --runtime other
second=$id
echo '{' >"$state/$second/manifest.json"
complains 2 "--all with a broken newest one" "$second is broken" kt rollback --all
check "undoes nothing older" test "$(keys)" = "1800 15 3"

# --- the original, however many applies lie between

start
for value in 1000 900 800 700 600 500 400 300 200 100; do
	profile step <<<"sysctl \"net.ipv4.tcp_keepalive_time\" { value = $value }"
	kt apply step >/dev/null
done
gives 0 "the original after ten applies" ".changes[] | select(.kind == \"sysctl\") | .before == 200 and .after == 100 and .original == 7200" \
	history show "$(newest)"
expect 0 "for people" kt history show "$(newest)"
has "is said" "before keeltune: /proc/sys/net/ipv4/tcp_keepalive_time: 7200" "$out"
profile none <<<'sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 at_least = 1 }'
expect 0 "releasing it" kt apply none
check "goes back to it" test "$(keys)" = "7200 75 9"
expect 0 "and --all" kt rollback --all
unchanged "as well" "$fresh"

# --- show

start
kt diff small >"$TMPDIR/diff"
applied --comment "ticket 7" small
expect 0 "history show" kt history show "$id"
cp "$out" "$TMPDIR/shown"
has "who" "uid       0" "$TMPDIR/shown"
has "why" "comment   ticket 7" "$TMPDIR/shown"
has "how" "apply --comment ticket 7 small" "$TMPDIR/shown"
same "and the diff as it was applied" <(sed '/^note: /,$d' "$TMPDIR/diff") <(sed '1,/^$/d' "$TMPDIR/shown")
check "the host it was on" test "$(jq -r .machine_id "$state/$id/manifest.json")" = "$(cat /etc/machine-id)"
login=$(cat /proc/self/loginuid)
[ "$login" != 4294967295 ] || login=null
check "the login it was from" test "$(jq -r .by.login "$state/$id/manifest.json")" = "$login"
gives 0 "show" ".entries[0].id == \"$id\" and (.entries[0].by | .uid == 0 and .comment == \"ticket 7\") and (.changes | length == 6) and
	(.sources[0].sha256 == \"$(sha256sum </etc/keeltune/profiles/small.conf | cut -d' ' -f1)\") and
	(.changes[] | select(.path == \"/etc/pam.d/login\") | .diff | startswith(\"--- a/etc/pam.d/login\")) and
	(.changes[] | select(.path == \"/etc/pam.d/login\") | .after == \"$(sha256sum </etc/pam.d/login | cut -d' ' -f1)\")" history show "$id"
expect 0 "rollback" kt rollback
expect 0 "the diff is still known" kt history show "$id"
same "word for word" <(sed '1,/^$/d' "$TMPDIR/shown") <(sed '1,/^$/d' "$out")
complains 2 "show of none" "no rollback file nope" kt history show nope
expect 2 "show without ID" kt history show
expect 2 "an unknown word" kt history list

# --- prune

start
for name in small time other; do # two undone, one that holds
	applied $name
done
kt rollback >/dev/null
kt rollback >/dev/null
kept=$(kt history -f json | jq -r '.entries[0].id')
gone=$(kt history -f json | jq -c '[.entries[1:][].id]')
targets >"$TMPDIR/edited"
expect 2 "prune without --keep" kt history prune
expect 2 "--keep without prune" kt history --keep 3
expect 2 "--keep of no number" kt history prune --keep -1
gives 0 "a dry prune" ".removed == $gone and (.kept | length == 1) and .kept[0].id == \"$kept\" and (.kept[0].why | test(\"not undone\")) and .dry_run" \
	history prune --keep 0 --dry-run
check "removes nothing" test "$(states)" = "applied rolled-back rolled-back"
gives 0 "prune keeps the newest" ".removed == $(jq -c '.[:1]' <<<"$gone") and (.kept | length == 1)" history prune --keep 1
expect 0 "prune once more" kt history prune --keep 0
has "says what it keeps" "kept: $kept: it is not undone" "$out"
check "what an undo needs is there" test "$(states)" = applied
check "and nothing else" test "$(ls -A "$state")" = "$kept"
unchanged "no target is touched" "$TMPDIR/edited"
expect 0 "the undo" kt rollback
unchanged "works" "$fresh"
expect 0 "then it is not needed" kt history prune --keep 0
check "and goes" test -z "$(ls -A "$state")"

start
applied --runtime small
applied --runtime other
for manifest in "$state"/*/manifest.json; do
	sed -i 's/"boot_id": "[^"]*"/"boot_id": "00000000-0000-0000-0000-000000000000"/' "$manifest"
done
gives 0 "running values of an earlier boot are no way back" "(.removed | length == 2) and .kept == []" history prune --keep 0

start
applied small
sed -i 's/"applied"/"prepared"/' "$state/$id/manifest.json"
prints 0 "what was interrupted stays" "kept: $id: it was interrupted" kt history prune --keep 0
draft=$state/.20200101T000000Z-x-000000.keeltune-new
mkdir -p "$draft/files/etc"
ln -s /etc "$draft/files/link"
expect 0 "a rollback file that was never whole is none" kt history
has_not "at all" 20200101 "$out"
expect 0 "prune removes it" kt history prune --keep 5
check "it alone" test "$(ls -A "$state")" = "$id"
check "and follows no link" test -e /etc/passwd
expect 2 "prune needs root" setpriv --reuid 65534 --regid 65534 --clear-groups "$KEELTUNE" history prune --keep 0

# --- hundreds

start
applied small
copy=$state/$id
for i in $(seq 400); do
	name=20200101T000000Z-x-$(printf %06x "$i")
	cp -a "$copy" "$state/$name"
	sed -i -e "s/\"id\": \"$id\"/\"id\": \"$name\"/" -e 's/"applied"/"rolled-back"/' -e "s/\"sequence\": [0-9]*/\"sequence\": 0/" \
		"$state/$name/manifest.json"
done
check "401 entries" test "$(kt history -f json | jq '.entries | length')" = 401
traced trace=openat "$KEELTUNE" audit small >/dev/null
check "of which an audit opens a handful" test "$(grep -c manifest.json "$trace")" -le 10
expect 0 "the newest is found among them" kt rollback
unchanged "and undone" "$fresh"
prints 0 "all are removed" "removed: 20200101T000000Z-x-000190" kt history prune --keep 0

# --- all of them

check "all $reports reports are valid by their schemas" "$SRCDIR/tests/golden/schema-check" "$TMPDIR"/reports/*.json
finish
