#!/bin/bash
# SPDX-License-Identifier: MIT
# What apply refuses before it writes anything, and the exit status and message of each case.

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

# refused NAME TEXT ARG...: apply ends with 2 and TEXT, and nothing is written but the lock.
refused() {
	local name=$1 text=$2
	shift 2
	complains 2 "$name" "$text" kt apply "$@"
	unchanged "$name: no target is touched" "$fresh"
	check "$name: no rollback file" test ! -e "$state"
}

# --- limits that would lock everybody out

profile wide <<-'PROFILE'
	limits "*" { item "nofile" { soft = 8192 hard = 2097152 } }
PROFILE
refused "nofile above fs.nr_open" "nr_open" wide
complains 2 "the diff says so, too" "nr_open" kt diff wide
echo 2097152 >/proc/sys/fs/nr_open
targets >"$fresh"
refused "nofile above the fs.nr_open of the next boot" "after a boot" wide
echo 1048576 >/proc/sys/fs/nr_open

profile wider <<-'PROFILE'
	sysctl "fs.nr_open" { value = 4194304 at_least = 4194304 }
	limits "*" { item "nofile" { soft = 8192 hard = 2097152 } }
	pam "login" { module = "pam_limits.so" }
PROFILE
expect 0 "not when the profile raises fs.nr_open first" kt apply wider
check "fs.nr_open is raised" grep -qx 4194304 /proc/sys/fs/nr_open
expect 0 "back again" kt rollback
rm -rf /var/lib/keeltune
unchanged "fs.nr_open too" "$fresh"

profile infinite <<-'PROFILE'
	limits "*" { item "nofile" { soft = 8192 hard = "unlimited" } }
PROFILE
refused "nofile unlimited" "infinite.conf:3" infinite

profile narrow <<-'PROFILE'
	sysctl "fs.nr_open" { value = 524288 at_least = 524288 }
	limits "*" { item "nofile" { soft = 8192 hard = 1000000 } }
PROFILE
echo 524288 >/proc/sys/fs/nr_open
refused "nofile above the fs.nr_open of the profile" "nr_open" narrow
echo 1048576 >/proc/sys/fs/nr_open

# --- running values that no boot id is known for

mount --bind /dev/null /proc/sys/kernel/random/boot_id
refused "no boot id" "boot_id" time
expect 0 "no boot id: files alone" kt apply --persistent time
expect 0 "no boot id: files are undone" kt rollback
umount /proc/sys/kernel/random/boot_id
kt apply time >/dev/null
mount --bind /dev/null /proc/sys/kernel/random/boot_id
complains 2 "it cannot be told what to put back" "boot_id" kt rollback
check "it is not taken as undone" grep -q '"applied"' "$state/$(newest)/manifest.json"
umount /proc/sys/kernel/random/boot_id
expect 0 "later it can" kt rollback
rm -rf /var/lib/keeltune

# --- limits of the process

for blocks in 0 1 2 3 4; do
	targets >"$TMPDIR/unlimited"
	(
		ulimit -f $blocks
		timeout 60 "$KEELTUNE" apply -q small 2>/dev/null
	)
	status=$?
	case $status in
	0) kt rollback -q ;;
	2) ;;
	*) false ;;
	esac
	check "files of $blocks KiB at most: a status, exit $status" test $? = 0
	unchanged "files of $blocks KiB at most" "$TMPDIR/unlimited"
done
rm -rf /var/lib/keeltune

# --- fs.file-max below what is open

profile few <<-'PROFILE'
	sysctl "fs.file-max" { value = 8192 at_most = 8192 }
PROFILE
mount -t tmpfs few /mnt
printf '9000\t0\t9223372036854775807\n' >/mnt/file-nr
mount --bind /mnt/file-nr /proc/sys/fs/file-nr
refused "fs.file-max below what is open now" "9000" few
printf '1024\t0\t9223372036854775807\n' >/mnt/file-nr
expect 0 "not above it" kt apply few
expect 0 "and back" kt rollback
rm -rf /var/lib/keeltune

# --- values outside the safe range, bad profiles

unsafe() {
	profile unsafe <<<"sysctl \"$1\" { value = $2 }"
	refused "$1 = $2" "unsafe.conf:3" unsafe
}
unsafe net.ipv4.tcp_keepalive_time 0
unsafe net.ipv4.tcp_keepalive_time -1
unsafe net.ipv4.tcp_keepalive_time 32768
unsafe net.ipv4.tcp_keepalive_intvl 0
unsafe net.ipv4.tcp_keepalive_probes 0
unsafe net.ipv4.tcp_keepalive_probes 128
unsafe fs.nr_open 100000
unsafe fs.file-max 1000

profile lacking <<-'PROFILE'
	sysctl "net.ipv4.tcp_keepalive_time" { value = 600 }
	sysctl "net.ipv4.no_such_key" { value = 1 }
PROFILE
refused "a key that this kernel lacks" "net.ipv4.no_such_key" lacking
complains 2 "audit cannot judge it either" "" kt audit lacking
prints 2 "and says which" "net.ipv4.no_such_key" kt audit lacking

profile first <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }'
profile second <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 700 at_least = 700 }'
refused "profiles that exclude each other" "first.conf:3" first second
complains 2 "both are named" "second.conf:3" kt audit first second
refused "no such profile" "no profile" absent
refused "one good, one bad" "no profile" small absent

# --- profiles that others can write

trust() {
	refused "$1" "not trusted" small
	expect 2 "$1: no audit by root either" kt audit small
}
small=/etc/keeltune/profiles/small.conf
chmod 664 $small
trust "a profile that its group can write"
chmod 646 $small
trust "a profile that everybody can write"
chmod 644 $small
chown daemon $small
trust "a profile of another user"
expect 0 "of the user behind sudo it is fine" env SUDO_UID="$(id -u daemon)" "$KEELTUNE" apply small
expect 0 "and back" env SUDO_UID="$(id -u daemon)" "$KEELTUNE" rollback
rm -rf /var/lib/keeltune
complains 2 "not of any user when sudo was another's" "not trusted" env SUDO_UID=12345 "$KEELTUNE" apply small
complains 2 "nor with an odd SUDO_UID" "not trusted" env SUDO_UID=-1 "$KEELTUNE" apply small
chown root $small
chmod 644 $small
profile parent <<<'sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }'
profile child <<<'inherits = { "parent" }'
chmod 666 /etc/keeltune/profiles/parent.conf
refused "an inherited profile that everybody can write" "not trusted" child
mkdir /home/kt && cp $small /home/kt/ && chown -R daemon /home/kt
refused "a path to somebody's file" "not trusted" /home/kt/small.conf
ln -s /home/kt/small.conf /etc/keeltune/profiles/linked.conf
refused "a link to somebody's file" "not trusted" linked
printf 'format = 1\nprofiles = { "small" }\n' >/etc/keeltune/keeltune.conf
chmod 666 /etc/keeltune/keeltune.conf
refused "a keeltune.conf that everybody can write" "not trusted"
chmod 644 /etc/keeltune/keeltune.conf
expect 0 "one that only root can write" kt apply
expect 0 "and back" kt rollback
rm -rf /var/lib/keeltune /etc/keeltune/keeltune.conf

# --- not root

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 "$KEELTUNE" "$@"
}
complains 2 "apply needs root" "apply needs root" as_nobody apply small
complains 2 "rollback needs root" "rollback needs root" as_nobody rollback
expect 1 "audit does not" as_nobody audit small
expect 1 "diff does not" as_nobody diff small
prints 0 "history does not" "no apply yet" as_nobody history
unchanged "nothing is touched" "$fresh"
expect 0 "an apply of root" kt apply small
prints 0 "of which others see that they see nothing" "not readable" as_nobody history
complains 0 "and their audit is not disturbed" "" as_nobody audit small
complains 2 "they cannot look at a rollback" "Permission denied" as_nobody rollback --dry-run
expect 0 "root undoes it" kt rollback
rm -rf /var/lib/keeltune

# --- targets that are not plain files of root

known_host
targets >"$fresh"
ln -s /tmp/elsewhere /etc/sysctl.d/99-zz-keeltune.conf
targets >"$fresh"
refused "the drop-in is a link" "symbolic link" small
rm /etc/sysctl.d/99-zz-keeltune.conf
mkdir /etc/sysctl.d/99-zz-keeltune.conf
targets >"$fresh"
refused "the drop-in is a directory" "99-zz-keeltune.conf" small
rmdir /etc/sysctl.d/99-zz-keeltune.conf
echo "net.ipv4.tcp_keepalive_time = 7201" >/etc/sysctl.d/99-zz-keeltune.conf
chown daemon /etc/sysctl.d/99-zz-keeltune.conf
targets >"$fresh"
refused "the drop-in is somebody's" "not to root" small

rm /etc/sysctl.d/99-zz-keeltune.conf

known_host
mknod /etc/sysctl.d/99-zz-keeltune.conf c 1 7
targets >"$fresh"
refused "the drop-in is a device" "is a device" small
rm /etc/sysctl.d/99-zz-keeltune.conf
touch /etc/security/limits.d/99-zz-keeltune.conf
mount --bind /etc/security/limits.d/99-zz-keeltune.conf /etc/security/limits.d/99-zz-keeltune.conf
targets >"$fresh"
refused "the drop-in is a mount point" "is a mount point" small
umount /etc/security/limits.d/99-zz-keeltune.conf
rm /etc/security/limits.d/99-zz-keeltune.conf

targets >"$fresh"
if chattr +i /etc/pam.d/login 2>/dev/null; then
	refused "an immutable file" "/etc/pam.d/login is immutable" small
	complains 2 "diff says so" "/etc/pam.d/login is immutable" kt diff small
	chattr -i /etc/pam.d/login
	chattr +a /etc/pam.d/login
	refused "a file that can only grow" "/etc/pam.d/login can only be appended to" small
	chattr -a /etc/pam.d/login
	chattr +i /etc/sysctl.d
	refused "an immutable directory" "/etc/sysctl.d is immutable" small
	chattr -i /etc/sysctl.d
else
	skip "immutable files" "this file system has no such attribute"
fi
mount --bind /etc/security /etc/security
mount -o remount,bind,ro /etc/security
refused "a read-only file system" "/etc/security/limits.d is on a read-only file system" small
umount /etc/security

chmod 777 /etc/sysctl.d
targets >"$fresh"
refused "a directory that everybody can write" "others than root can write in /etc/sysctl.d" small
chmod 755 /etc/sysctl.d
chown daemon /etc/sysctl.d
targets >"$fresh"
refused "a directory of somebody else" "others than root can write in /etc/sysctl.d" small
chown root /etc/sysctl.d

# --- a link that leads out of a tree

tree=$TMPDIR/tree
mkdir -p "$tree/etc/sysctl.d" "$tree/etc/security" "$tree/etc/pam.d" "$TMPDIR/outside"
cp /etc/pam.d/login "$tree/etc/pam.d"
ln -s "$TMPDIR/outside" "$tree/etc/security/limits.d"
cp -a "$tree" "$TMPDIR/tree.before"
complains 2 "a directory that is a link out of the tree" "/etc/security/limits.d is a link to nothing" \
	kt apply --root "$tree" --engine procps small --profile-dir /etc/keeltune/profiles
check "nothing is written in the tree" diff -r "$TMPDIR/tree.before" "$tree"
check "nor outside" test -z "$(ls -A "$TMPDIR/outside")"

# --- fs.nr_open below what limits, units and running processes hold

# Raised by keeltune; then somebody relies on it. Neither another profile nor a rollback may lower it.
raised() {
	known_host
	rm -rf /etc/systemd/system/db.service*
	echo 'session required pam_limits.so' >>/etc/pam.d/login
	profile high <<-'PROFILE'
		sysctl "fs.nr_open" { value = 4194304 at_least = 4194304 }
	PROFILE
	targets >"$TMPDIR/before"
	expect 0 "$1: fs.nr_open is raised" kt apply high
}
# not_lowered NAME TEXT
not_lowered() {
	targets >"$TMPDIR/raised"
	complains 2 "$1: another profile does not lower it" "$2" kt apply time
	complains 2 "$1: its diff says so" "$2" kt diff time
	complains 2 "$1: a rollback does not" "$2" kt rollback
	complains 2 "$1: nor a dry one" "$2" kt rollback --dry-run
	unchanged "$1: nothing is touched" "$TMPDIR/raised"
	expect 0 "$1: --force does" kt rollback --force
	check "$1: then it is lower" grep -qx 1048576 /proc/sys/fs/nr_open
}
raised "a line of limits.d"
echo '* hard nofile 2000000' >/etc/security/limits.d/50-x.conf
not_lowered "a line of limits.d" "the nofile 2000000 of /etc/security/limits.d/50-x.conf:1"
raised "a unit"
printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/db.service
mkdir -p /etc/systemd/system/db.service.d
printf '[Service]\nLimitNOFILE=1024:3000000\n' >/etc/systemd/system/db.service.d/limits.conf
not_lowered "a unit" "the nofile 3000000 of /etc/systemd/system/db.service.d/limits.conf:2"
raised "a unit that wants less in the end"
printf '[Service]\nExecStart=/bin/true\nLimitNOFILE=3000000\n' >/etc/systemd/system/db.service
mkdir -p /etc/systemd/system/db.service.d
printf '[Service]\nLimitNOFILE=4096\n' >/etc/systemd/system/db.service.d/limits.conf
expect 0 "a unit that wants less in the end: rollback" kt rollback
rm -r /etc/systemd/system/db.service*
unchanged "a unit that wants less in the end: is no reason" "$TMPDIR/before"
rm -rf /etc/systemd/system/db.service*

# A process that holds more: this shell, as /proc says it.
raised "a running process"
sed 's/^\(Max open files  *\)[0-9]* *[0-9]*/\11024                 2097152/' /proc/$$/limits >/mnt/limits
mount --bind /mnt/limits /proc/$$/limits
prints 0 "a running process: a dry rollback" "kept: /proc/sys/fs/nr_open is not restored" kt rollback --dry-run
tr -s ' \n' ' ' <"$out" >"$TMPDIR/said"
has "a running process: which is named" "1048576 is below the nofile 2097152 of the running process $$" "$TMPDIR/said"
expect 0 "a running process: rollback" kt rollback
check "a running process: keeps the ceiling" grep -qx 4194304 /proc/sys/fs/nr_open
check "a running process: but not for the next boot" test ! -e /etc/sysctl.d/99-zz-keeltune.conf
umount /proc/$$/limits

# --- state that cannot be read

known_host
mkdir /etc/security/limits.conf.d
rm /etc/security/limits.conf
mkfifo /etc/security/limits.conf
targets >"$fresh"
refused "limits.conf is a fifo" "limits" small
rm /etc/security/limits.conf

known_host
mkdir -p $state
chmod 777 $state
targets >"$fresh"
complains 2 "a rollback directory that others can write" "not trusted" kt apply small
unchanged "is not used" "$fresh"
complains 2 "nor believed" "not trusted" kt rollback
expect 0 "history says so" kt history
has "by a note" "not trusted" "$out"
rm -rf /var/lib/keeltune
mkdir -p $state
chmod 700 $state
chmod 777 /var/lib/keeltune
targets >"$fresh"
complains 2 "a directory above it that others can write" "not trusted" kt apply small
unchanged "nothing is applied there" "$fresh"
chmod 755 /var/lib/keeltune
kt apply small >/dev/null
targets >"$TMPDIR/small"
for place in "$state/$(newest)" "$state/$(newest)/manifest.json"; do
	chmod o+w "$place"
	expect 2 "a rollback file that others can write" kt rollback
	has "is not trusted" "not trusted" <(kt history)
	unchanged "nor used" "$TMPDIR/small"
	chmod o-w "$place"
done
expect 0 "when it is root's alone it is" kt rollback
unchanged "and undone" "$fresh"
rm -rf /var/lib/keeltune
echo x >/var/lib/keeltune
complains 2 "no place for the rollback file" "rollback file" kt apply small
unchanged "nothing is applied" "$fresh"
rm /var/lib/keeltune
finish
