# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests with the programs and modules of other Debian releases; source it after tests/lib.sh.
#
# releases                Debian 11, 12 and 13
# use_release RELEASE     fetches it: sets $tree (see scripts/fetch-debian) and $run, the words that start
#                         one of its programs with its own C library; false when it cannot be had
# starts PROGRAM          does a program of this machine start with the C library of the release?
# version PACKAGE         "PACKAGE VERSION" of the release
# results TITLE CMD...    runs CMD, a test, and puts TITLE in front of the names of its results

# shellcheck disable=SC2034 # for the tests
releases="bullseye bookworm trixie"

use_release() {
	local status=0 loader directories
	tree=$("$SRCDIR/scripts/fetch-debian" "$1" 2>&1) || status=$?
	tree=${tree##*$'\n'}
	if [ $status != 0 ]; then
		if [ $status = 77 ]; then
			skip "Debian $1" "$tree"
		else
			not_ok "Debian $1 is fetched" "$tree"
		fi
		return 1
	fi
	loader=$(find "$tree/usr" -name 'ld-linux*.so.*' | head -n 1)
	directories=$(find "$tree/usr/lib" \( -name libc.so.6 -o -name 'libsystemd-shared-*.so' \) \
		-printf '%h\n' | sort -u | paste -sd :)
	run=("$loader" --library-path "$directories")
}

starts() {
	! "${run[@]}" --list "$1" 2>&1 | grep -q 'not found'
}

version() {
	grep "^$1 " "$tree/packages"
}

results() {
	local title=$1 status log=$TMPDIR/results
	shift
	"$@" 2>&1 | tee "$log" | sed -uE "s/^(ok|not ok|skip) /&$title: /"
	status=${PIPESTATUS[0]}
	if [ "$status" = 77 ]; then
		skip "$title" "$(tail -n 1 "$log")"
	elif [ "$status" != 0 ]; then
		failures=$((failures + 1))
	fi
	checks=$((checks + 1))
}
