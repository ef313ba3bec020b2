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
hostile_host
hostile_pages "$pages"
hostile_end
finish
