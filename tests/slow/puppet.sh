#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # expanded inside; lib.sh sets $out and $err
# packaging/puppet with `puppet apply`, on a private copy of this host: the exec with its guard, and the fact.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
command -v puppet >/dev/null || skip_all "there is no puppet: scripts/install-packages slow"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

known_host
mkdir -p "$TMPDIR/modules"
cp -r "$SRCDIR/packaging/puppet" "$TMPDIR/modules/keeltune"
install -D -m 755 "$KEELTUNE" /usr/local/sbin/keeltune
printf 'format = 1\nprofiles = { "time" }\n' >/etc/keeltune/keeltune.conf

# puppet_apply STATUS NAME PROFILES [OPTION...]: its own statuses: 0 nothing to do, 2 changed, 4 failed
puppet_apply() {
	local status=$1 name=$2 profiles=$3
	shift 3
	expect "$status" "$name" env HOME=/root timeout -k 5 120 puppet apply --modulepath "$TMPDIR/modules" --detailed-exitcodes --color=false \
		--execute "class { 'keeltune': profiles => $profiles, manage_package => false, program => '/usr/local/sbin/keeltune' }" "$@"
	cp "$out" "$TMPDIR/said"
	cat "$err" >>"$TMPDIR/said"
}

fact() {
	env HOME=/root timeout -k 5 60 facter --external-dir "$TMPDIR/modules/keeltune/facts.d" --json keeltune 2>&1
}

fact >"$TMPDIR/fact"
check "the fact says that the host differs, and the version" jq -e \
	'.keeltune.result == "differs" and (.keeltune.version | test("^[0-9]+\\.[0-9]+\\.[0-9]+"))' "$TMPDIR/fact"
targets >"$TMPDIR/before"
puppet_apply 0 "noop" "['small']" --noop
has "noop: says what would be run" "should be" "$TMPDIR/said"
unchanged "noop: nothing is changed" "$TMPDIR/before"

puppet_apply 2 "differs: applies" "['small']"
has "differs: the report is in the log" "Applied" "$TMPDIR/said"
check "differs: complies now" kt audit --quiet small
check "differs: the comment is in the history" sh -c '/usr/local/sbin/keeltune history | grep -q puppet'
targets >"$TMPDIR/applied"
stamps >"$TMPDIR/stamps"
puppet_apply 0 "complies: nothing to do" "['small']"
unchanged "complies: nothing is changed" "$TMPDIR/applied"
stamps >"$TMPDIR/stamps.after"
same "complies: nothing is even touched" "$TMPDIR/stamps" "$TMPDIR/stamps.after"
fact >"$TMPDIR/fact"
check "the fact is about the profiles of keeltune.conf" jq -e '.keeltune.result == "differs"' "$TMPDIR/fact"
printf 'format = 1\nprofiles = { "small" }\n' >/etc/keeltune/keeltune.conf
fact >"$TMPDIR/fact"
check "... and follows them" jq -e '.keeltune.result == "ok"' "$TMPDIR/fact"
puppet_apply 0 "without profiles: those of keeltune.conf" "[]"

# What cannot be judged: the guard's 2 lets Puppet go on, and apply refuses.
profile lacking <<<'sysctl "net.ipv4.no_such_key" { value = 1 }'
puppet_apply 4 "cannot be judged: apply refuses" "['lacking', 'time']"
has "cannot be judged: and says so" "no_such_key" "$TMPDIR/said"
unchanged "cannot be judged: nothing is changed" "$TMPDIR/applied"
puppet_apply 4 "a profile with shell in its name is a name" "['\$(touch \$TMPDIR/shell)', 'x; touch /tmp/shell']"
check "... and no shell has read it" sh -c '! test -e "$TMPDIR/shell" && ! test -e /tmp/shell'
unchanged "... and nothing is changed" "$TMPDIR/applied"
printf '#!/bin/sh\nkill -9 $$\n' >/usr/local/sbin/keeltune
fact >"$TMPDIR/fact"
has_not "a keeltune that does not run is no fact" result "$TMPDIR/fact"
finish
