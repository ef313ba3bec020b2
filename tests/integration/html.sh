#!/bin/bash
# SPDX-License-Identifier: MIT
# --format html: on a host where every name is hostile, of captured hosts, as an ordinary user. Tidy reads the
# pages, and html_check.py: nothing is loaded, no name is markup, the structure is what a reader needs.
# How they look in a browser is tests/slow/html.sh.

# shellcheck source=tests/lib.sh
. "${SRCDIR:-.}/tests/lib.sh"
# shellcheck source=tests/integration/ns.sh
. "$SRCDIR/tests/integration/ns.sh"
# shellcheck source=tests/integration/host.sh
. "$SRCDIR/tests/integration/host.sh"
[ -x "$KEELTUNE" ] || skip_all "there is no $KEELTUNE: run make"
private_host "$0"
# shellcheck source=tests/integration/html-lib.sh
. "$SRCDIR/tests/integration/html-lib.sh"

pages=$TMPDIR/pages
check_page=$SRCDIR/tests/integration/html_check.py

# structure FILE...: by html_check.py, with its own result lines, and by Tidy.
structure() {
	local file
	python3 "$check_page" "$@" >"$out" 2>&1 || failures=$((failures + 1))
	cat "$out"
	checks=$((checks + $#))
	if ! command -v tidy >/dev/null; then
		skip 'tidy -e' 'tidy is not installed'
		return
	fi
	for file; do
		check "${file##*/}: tidy -e" tidy -e -q "$file"
	done
}

# reads NAME TEXT FILE: a reader sees TEXT there.
reads() {
	python3 "$check_page" --text "$3" >"$TMPDIR/text"
	has "$1" "$2" "$TMPDIR/text"
}

hostile_host
hostile_pages "$pages"

# --- what a reader sees is what somebody has chosen, with control characters as \xNN

for text in '<b>MARK"&|' '<i>\x0a\x1b[31mMARK' "\\xff\\xfe'MARK<a>" 'MARK</title>' 'MARK&amp;<u>'; do
	reads "a process called $text" "$text" "$pages/sockets.html"
done
reads 'a file name' '"><script>alert("MARK")<_script><img src=x onerror=alert(1)>'\''&lt;\x1b[31m\xff\xe2\x80\xae.conf:1' \
	"$pages/audit.html"
reads 'a reason' '</dd><script>MARK</script>' "$pages/audit.html"
reads 'a description' "<script>alert('MARK')</script> & \"description\"" "$pages/audit.html"
reads 'a line of a diff' ' # <script>alert("MARK")</script> \xff\x1b[31m &amp;' "$pages/diff.html"
reads 'a profile that does not exist' 'no-such-<b>MARK' "$pages/no-profile.html"

# --- what a reader is told

reads 'the verdict' 'This host does not comply with hostile: 4 of 6 settings differ.' "$pages/audit.html"
reads 'what to do' 'keeltune apply hostile' "$pages/audit.html"
reads 'the plan' '+net.ipv4.tcp_keepalive_probes = 3' "$pages/audit.html"
reads 'who loses' 'says 99: /etc/sysctl.d/zz-late.conf:1 replaces it' "$pages/audit.html"
reads 'the sockets' '190 sockets in CLOSE_WAIT, held by 25 processes' "$pages/audit.html"
reads 'workers together' 'MARK&amp;<u> 21 processes' "$pages/audit.html"
reads 'the recording' '3 samples of ' "$pages/audit-recording.html"
reads 'a threshold' 'close_wait>10' "$pages/sockets-check.html"
has_not 'without a recording there are no curves' 'Over time' "$pages/audit.html"
has 'no script at all' "default-src 'none'" "$pages/audit.html"

# --- recordings: what is broken is named and left out, and the exit status is 2

reads 'no sample' "recording.broken:4: skipped: no sample of" "$pages/audit-broken.html"
reads 'no JSON' "recording.broken:6: skipped: no JSON" "$pages/audit-broken.html"
reads 'older' "recording.broken:7: skipped: older than the sample before it" "$pages/audit-broken.html"
reads 'a line without an end' "recording.broken:8: skipped: longer than any sample" "$pages/audit-broken.html"
reads 'cut off' "recording.broken:9: skipped: no JSON" "$pages/audit-broken.html"
reads 'the others count' '3 samples of ' "$pages/audit-broken.html"
reads 'the verdict is that of the audit' 'This host does not comply' "$pages/audit-broken.html"
complains 2 'a broken line on standard error' "recording.broken:4: skipped: no sample of" \
	kt audit -f html -o "$TMPDIR/x.html" --recording "$recording.broken" hostile
page "$pages/audit-missing.html" 2 audit --recording "$TMPDIR/none" hostile
reads 'no such recording' 'cannot be read: No such file or directory' "$pages/audit-missing.html"
page "$pages/audit-empty.html" 2 audit --recording /dev/null hostile
reads 'an empty recording' 'no sample in it' "$pages/audit-empty.html"
complains 2 'a recording without a page' '--recording is drawn by --format html' kt audit --recording "$recording" hostile
complains 2 'a recording of another command' '--recording is not an option of diff' kt diff -f html --recording "$recording"
complains 2 'a command without pages' 'has no format html' kt limits -f html
jq -c '.host.name = "other"' "$recording" >"$recording.other"
page "$pages/audit-other.html" 1 audit --recording "$recording.other" hostile
reads 'of another host' 'The recording is of another host: other.' "$pages/audit-other.html"

# --- beside other formats: these say what they say alone

kt audit hostile >"$TMPDIR/alone"
kt audit hostile --also "html:$TMPDIR/beside.html" >"$TMPDIR/beside"
same 'the text of an audit with a page beside it' "$TMPDIR/alone" "$TMPDIR/beside"
same 'nothing was changed' <(keys) <(echo 7200 75 9)

# --- an ordinary user

chmod 600 /etc/sysctl.d/zz-late.conf
cp -r /etc/keeltune/profiles "$TMPDIR/"
chmod -R a+rX "$TMPDIR/profiles"
expect 2 'as nobody' setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$KEELTUNE" audit -f html --profile-dir "$TMPDIR/profiles" hostile
cp "$out" "$pages/nobody.html"
reads 'as nobody: not all was judged' 'Not all of this host could be judged' "$pages/nobody.html"
reads 'as nobody: what root would see' 'Some of it only root may look at' "$pages/nobody.html"
reads 'as nobody: processes' 'Not everything was visible' "$pages/nobody.html"

chmod 600 "/etc/security/limits.d/${hostile//\//_}.conf"
setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$KEELTUNE" audit -f html --profile-dir "$TMPDIR/profiles" hostile >"$pages/nobody-plan.html"
reads 'as nobody: no plan' 'only root can tell what apply would change' "$pages/nobody-plan.html"

# --- captured hosts

for tree in "$SRCDIR"/tests/roots/*/; do
	name=$(basename "$tree")
	cp -r "$tree" "$TMPDIR/$name"
	kt audit -f html --root "$TMPDIR/$name" --profile-dir "$SRCDIR/profiles" >"$pages/root-$name.html" 2>"$err"
done
reads 'a tree has no sockets' 'Not applicable: a tree has none' "$pages/root-debian12.html"
reads 'what to type about a tree' 'keeltune apply --root ' "$pages/root-debian12.html"
reads 'a host that complies' 'This host complies with baseline.' "$pages/root-compliant.html"
reads 'nothing to do' 'Nothing has to be done.' "$pages/root-compliant.html"

structure "$pages"/*.html
hostile_end

# --- html_check.py itself: none of these gets past it

spoiled() {
	sed "$2" "$pages/audit.html" >"$TMPDIR/spoiled.html"
	if cmp -s "$pages/audit.html" "$TMPDIR/spoiled.html"; then
		not_ok "spoiled: $1" 'nothing was changed'
	else
		expect 1 "spoiled: $1" python3 "$check_page" "$TMPDIR/spoiled.html"
	fi
}
spoiled 'markup in a name' '0,/&lt;b&gt;MARK/s//<b>MARK/'
spoiled 'a script' 's|<main|<script></script><main|'
spoiled 'an image' 's|</main>|<img src="x"></main>|'
spoiled 'a reference' 's|href="#content"|href="https://example.org/"|'
spoiled 'a handler' 's|<main |<main onclick="x" |'
spoiled 'a style attribute' 's|<h1>|<h1 style="color:red">|'
spoiled 'another style' 's|h1{|h1{color:red;|'
spoiled 'a control character' 's|</h1>|\x1b</h1>|'
spoiled 'an override' 's|</h1>|\xe2\x80\xae</h1>|'
spoiled 'a heading left out' 's|<h2 id="verdict">\(.*\)</h2>|<h3 id="verdict">\1</h3>|'
spoiled 'a row too short' '0,/<td data-label="Live">/s//<td data-label="Running">/'
spoiled 'no caption' 's|<caption>.*||'
spoiled 'cut off' 's|</html>||'
finish
