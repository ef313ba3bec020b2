#!/bin/bash
# SPDX-License-Identifier: MIT
# A real login: su with the real pam_limits.so, through the files that apply has edited. Root in a
# container may lack CAP_SYS_RESOURCE; then a hard limit can only be lowered, so that is what is tested.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"

user=kt-login
echo "$user:x:64321:64321::/tmp:/bin/sh" >>/etc/passwd
echo "$user:x:64321:" >>/etc/group
echo "$user:*:19000:0:99999:7:::" >>/etc/shadow

# The nofile that a session of su gets: soft and hard.
session() {
	timeout 20 su "$user" -c 'ulimit -Sn; ulimit -Hn' 2>&1 | xargs
}

su_file() {
	printf '%s\n' "auth sufficient pam_rootok.so" "account sufficient pam_permit.so" \
		"session required pam_permit.so" "$@" >/etc/pam.d/su
}

known_host
su_file
ulimit -Sn 1024
inherited=$(session)
hard=${inherited#* }
case $hard in
'' | *[!0-9]*) skip_all "su does not work here: $inherited" ;;
esac
if [ "$hard" -lt 2000 ]; then
	skip_all "the hard limit here is $hard already"
fi
limits=$TMPDIR/fresh
targets >"$limits"

# --- pam_limits is missing: nothing in limits.conf counts, and keeltune adds the line

profile low <<-'PROFILE'
	limits "*" { item "nofile" { soft = 987 hard = 987 } }
	pam "su" { module = "pam_limits.so" }
	pam "login" { module = "pam_limits.so" }
PROFILE
expect 1 "audit: su has no pam_limits" kt audit low
expect 0 "apply" kt apply low
check "a login through the edited files gets the new nofile" test "$(session)" = "987 987"
expect 0 "the audit agrees" kt audit low
expect 0 "rollback" kt rollback
check "a login gets what it got before" test "$(session)" = "$inherited"
unchanged "the files are as before" "$limits"

# --- a file that only root may read

printf '%s soft nofile 900\n' "$user" >/etc/security/limits.d/50-secret.conf
chmod 600 /etc/security/limits.d/50-secret.conf
complains 2 "an ordinary user does not see what a login would do" "cannot be checked: " \
	setpriv --reuid 64321 --regid 64321 --clear-groups "$KEELTUNE" diff low
has "says which file" "/etc/security/limits.d/50-secret.conf" "$err"
has "why" "ermission denied" "$err"
has "and who does" "try it as root" "$err"
has_not "it does not say that the login fails" "could not log in any more" "$err"
expect 1 "root sees it" kt diff low
rm /etc/security/limits.d/50-secret.conf

# --- pam_limits is there: the drop-in alone

su_file "session required pam_limits.so"
echo "session required pam_limits.so" >>/etc/pam.d/login
targets >"$limits"
profile lower <<-'PROFILE'
	limits "kt-login" { item "nofile" { soft = 654 hard = 765 } }
PROFILE
expect 0 "apply for one user" kt apply --persistent lower
check "that user gets it" test "$(session)" = "654 765"
expect 0 "rollback" kt rollback
unchanged "as before" "$limits"

# --- an administrator's line that wins, and --override

echo "kt-login hard nofile 900" >/etc/security/limits.d/zzz-admin.conf
targets >"$limits"
expect 1 "an administrator's line stands in the way" kt apply lower
has "it is named" "/etc/security/limits.d/zzz-admin.conf:1" "$out"
check "and still counts" test "$(session | cut -d' ' -f2)" = 900
expect 0 "--override comments it out" kt apply --override lower
check "then the profile counts" test "$(session)" = "654 765"
check "the line is marked" grep -q "^# keeltune $(newest): kt-login hard nofile 900$" /etc/security/limits.d/zzz-admin.conf
while kt rollback | grep -q "^undone"; do :; done
unchanged "both are undone" "$limits"
check "the administrator's line counts again" test "$(session | cut -d' ' -f2)" = 900
rm /etc/security/limits.d/zzz-admin.conf

# --- what apply left works for every service that includes it

expect 0 "apply once more" kt apply lower
check "su runs" timeout 20 su "$user" -c true
check "root can log in" timeout 20 su root -c true
expect 0 "undone" kt rollback
finish
