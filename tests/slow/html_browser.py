#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The pages of keeltune in a real browser.

html_browser.py [--axe FILE] [--keep DIR] PAGE...

Each page at 360, 768 and 1280 pixels, light and dark: nothing overflows, nothing is complained about,
nothing is loaded. By keyboard: what unfolds can be reached and unfolds. On paper: everything that
unfolds is there. With axe-core: no finding of WCAG 2 A and AA, contrast in both schemes included.
--keep: screenshots and the paper as PDF.
"""

import argparse
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from browser import Browser  # noqa: E402, beside this file

WIDTHS = [360, 768, 1280]

# What sticks out of the window, or of a box that hides it.
OVERFLOW = """(() => {
    const out = [], width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width)
        out.push(`page: ${document.documentElement.scrollWidth} of ${width}`);
    for (const e of document.querySelectorAll('body *')) {
        const box = e.getBoundingClientRect(), style = getComputedStyle(e);
        if (!box.width || e.closest('.skip, thead, defs, title, desc')) continue;
        if (box.right > width + 1 || box.left < -1)
            out.push(`${e.tagName}.${e.getAttribute('class')}: ${box.left} to ${box.right}`);
        if (style.overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)
            out.push(`${e.tagName}.${e.getAttribute('class')} hides something`);
        if (parseFloat(style.fontSize) < 11.9)
            out.push(`${e.tagName}.${e.getAttribute('class')}: text of ${style.fontSize}`);
    }
    for (const svg of document.querySelectorAll('svg.chart')) {
        const rows = {};
        for (const text of svg.querySelectorAll('text')) {
            const box = text.getBoundingClientRect(), row = rows[text.getAttribute('y')] ||= [];
            for (const other of row)
                if (box.left < other.right && other.left < box.right)
                    out.push(`texts of a chart over each other: ${text.textContent}`);
            row.push(box);
        }
    }
    return out.slice(0, 10);
})()"""

AXE = """axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})
    .then(r => r.violations.map(v => `${v.id}: ${v.help}: ` +
                                v.nodes.slice(0, 3).map(n => n.html.slice(0, 150)).join(' | ')))"""

failed = False


def result(name, problems):
    global failed
    for problem in problems[:15]:
        print(f"# {problem!a}")
    print(f"{'not ok' if problems else 'ok'} {name}")
    failed = failed or bool(problems)


def look(browser, page, axe, keep):
    url = page.resolve().as_uri()
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            name = f"{page.stem}, {width} px, {scheme}"
            browser.view(width, scheme=scheme)
            browser.open(url)
            problems = browser.evaluate(OVERFLOW) + browser.complaints()
            problems += [f"loads {asked}" for asked in browser.requests() if asked != url]
            if browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") != (
                    scheme == "dark"):
                problems.append("the scheme is not what was asked for")
            result(f"{name}: no overflow, no complaint, nothing loaded", problems)
            if keep:
                browser.screenshot(keep / f"{page.stem}-{width}-{scheme}.png")
            browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            result(f"{name}: unfolded", browser.evaluate(OVERFLOW))
            if axe and width != 768:
                browser.evaluate(axe)
                result(f"{name}: axe", browser.evaluate(AXE))


def check_table(browser, page):
    """On a narrow screen rows are cards; a screen reader still has a table."""
    browser.view(360)
    browser.open(page.resolve().as_uri())
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in nodes if not node.get("ignored")]
    tables = browser.evaluate("document.querySelectorAll('table').length")
    columns = browser.evaluate("document.querySelectorAll('th[scope=col]').length")
    rows = browser.evaluate("document.querySelectorAll('th[scope=row]').length")
    found = {role: roles.count(role) for role in ("table", "columnheader", "rowheader", "main",
                                                  "banner", "contentinfo")}
    wanted = {"table": tables, "columnheader": columns, "rowheader": rows, "main": 1, "banner": 1,
              "contentinfo": 1}
    result(f"{page.stem}: landmarks and tables for a screen reader",
           [f"{role}: {found[role]}, not {number}" for role, number in wanted.items()
            if found[role] != number])


def check_keyboard(browser, page):
    browser.view(1280)
    browser.open(page.resolve().as_uri())
    unfolding = browser.evaluate("document.querySelectorAll('summary').length")
    problems, reached = [], 0
    browser.key("Tab", 9)
    if browser.evaluate("document.activeElement.className") != "skip":
        problems.append("the first thing reached is not the way to the content")
    for _ in range(40):
        browser.key("Tab", 9)
        if browser.evaluate("document.activeElement.tagName") == "SUMMARY":
            reached += 1
            if browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none":
                problems.append("it is not seen where the keyboard is")
            browser.key("Enter", 13)
            if not browser.evaluate("document.activeElement.parentElement.open"):
                problems.append("Enter does not unfold")
            break
    if unfolding and not reached:
        problems.append("nothing that unfolds is reached")
    result(f"{page.stem}: by keyboard", problems)


def check_paper(browser, page, keep):
    browser.view(1280, scheme="dark")
    browser.open(page.resolve().as_uri())
    file = (keep or page.parent) / f"{page.stem}.pdf"
    file.write_bytes(browser.pdf())
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True,
                          check=True).stdout.decode()
    words = " ".join(text.split())
    folded = browser.evaluate("[...document.querySelectorAll('details dt, details caption')]"
                              ".slice(0, 30).map(e => e.textContent)")
    problems = [f"not on paper: {want}" for want in folded if want not in words]
    if len(words) < 200:
        problems.append(f"only {len(words)} characters")
    result(f"{page.stem}: on paper", problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args()
    axe = options.axe.read_text() if options.axe else None
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    try:
        for page in options.pages:
            look(browser, page, axe, options.keep)
            check_table(browser, page)
            check_keyboard(browser, page)
            check_paper(browser, page, options.keep)
    finally:
        browser.close()
    return failed


sys.exit(main())
