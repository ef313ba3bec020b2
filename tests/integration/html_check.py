#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a page of keeltune must be, whatever the names on the host are.

html_check.py FILE...       one result line for each: it loads nothing and runs nothing, its elements and
                            attributes are the few that we write, it is nested as it should be, its
                            policy fits its style, and it has what a screen reader goes by
html_check.py --text FILE   the text of the page as a reader sees it
"""

import base64
import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

sys.dont_write_bytecode = True
from formats_read import HIDDEN  # noqa: E402, beside this file

VOID = {"meta", "link", "br", "wbr"}
GLOBAL = {"class", "id", "aria-labelledby", "aria-label", "aria-hidden", "role"}
ELEMENTS = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "http-equiv", "content", "name"},
    "link": {"rel", "href"}, "title": set(), "style": set(), "body": set(), "header": set(),
    "main": set(), "footer": set(), "nav": set(), "section": set(), "div": set(), "span": set(),
    "h1": set(), "h2": set(), "h3": set(), "p": set(), "a": {"href"}, "b": set(), "ul": set(),
    "li": set(), "dl": set(), "dt": set(), "dd": set(), "pre": set(), "code": set(), "wbr": set(),
    "ins": set(), "del": set(), "details": set(), "summary": set(), "table": set(),
    "caption": set(), "thead": set(), "tbody": set(), "tr": set(), "th": {"scope"},
    "td": {"colspan", "data-label"}, "figure": set(), "figcaption": set(),
    "svg": {"viewbox", "width", "height", "preserveaspectratio"}, "desc": set(),
    "rect": {"x", "y", "width", "height", "rx"}, "text": {"x", "y"}, "path": {"d"},
    "circle": {"cx", "cy", "r"},
}
# The bold texts that we write; a <b> of somebody else's has another.
BOLD = re.compile(r"(---|\+\+\+|@@) .*|\d+|What to do:", re.S)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.problems, self.stack, self.ids, self.wanted_ids = [], [], set(), []
        self.headings, self.counts, self.texts = [], {}, []
        self.style = self.policy = ""
        self.tables, self.svgs = [], []
        self.feed(text)
        self.close()
        if self.stack:
            self.problem(f"left open: {[tag for tag, _ in self.stack]}")

    def problem(self, text):
        self.problems.append(f"line {self.getpos()[0]}: {text}")

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in ELEMENTS:
            self.problem(f"element {tag}")
        for name, value in attrs:
            if name not in ELEMENTS.get(tag, set()) | GLOBAL:
                self.problem(f"attribute {name} of {tag}")
            if name == "id":
                if value in self.ids:
                    self.problem(f"id {value} twice")
                self.ids.add(value)
            if name in ("aria-labelledby",):
                self.wanted_ids += value.split()
            if name == "href" and value != "data:,":
                if not value.startswith("#"):
                    self.problem(f"refers to {value}")
                self.wanted_ids.append(value[1:])
        if len(attributes) != len(attrs):
            self.problem(f"an attribute of {tag} twice")
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if tag == "table":
            self.tables.append({"caption": False, "columns": [], "cells": 0})
        elif tag == "th":
            if attributes.get("scope") not in ("row", "col"):
                self.problem("th without scope")
        elif tag == "tr" and self.tables:
            self.tables[-1]["cells"] = 0
        elif tag == "caption":
            self.tables[-1]["caption"] = True
        elif tag == "svg":
            self.svgs.append({"role": attributes.get("role"), "title": False, "desc": False,
                              "hidden": attributes.get("aria-hidden") == "true"})
        elif tag in ("title", "desc") and self.svgs and self.inside("svg"):
            self.svgs[-1][tag] = True
        elif tag == "summary" and self.stack[-1][0] != "details":
            self.problem("summary outside of details")
        if tag in ("td", "th") and self.inside("tbody"):
            columns = self.tables[-1]["columns"]
            number = self.tables[-1]["cells"]
            self.tables[-1]["cells"] += int(attributes.get("colspan", 1))
            label = attributes.get("data-label")
            if tag == "td" and "colspan" in attributes:
                if int(attributes["colspan"]) != len(columns):
                    self.problem("a cell that does not span the table")
            elif tag == "td" and (number >= len(columns) or label != columns[number]):
                self.problem(f"cell {number} says it is {label}")
        if tag not in VOID:
            self.stack.append((tag, []))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def inside(self, tag):
        return any(name == tag for name, _ in self.stack)

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.problem(f"</{tag}> in {[name for name, _ in self.stack][-3:]}")
            while self.stack and self.stack[-1][0] != tag:
                self.stack.pop()
            if not self.stack:
                return
        _, texts = self.stack.pop()
        text = "".join(texts)
        if self.stack and tag != "style":
            self.stack[-1][1].append(text)
        if tag == "style":
            self.style = text
        elif tag in ("h1", "h2", "h3"):
            self.headings.append((int(tag[1]), text))
        elif tag == "th" and self.inside("thead"):
            self.tables[-1]["columns"].append(text)
        elif tag == "tr" and self.inside("tbody"):
            if self.tables[-1]["cells"] != len(self.tables[-1]["columns"]):
                self.problem("a row that is not as long as the head of its table")
        elif tag == "b" and not BOLD.fullmatch(text):
            self.problem(f"bold: {text!a}")
        elif tag == "svg":
            svg = self.svgs[-1]
            if not svg["hidden"] and (svg["role"] != "img" or not svg["title"] or not svg["desc"]):
                self.problem("an SVG without role, title and description")

    def handle_data(self, data):
        if self.stack:
            self.stack[-1][1].append(data)
        if not self.inside("style"):
            self.texts.append(data)

    def handle_comment(self, data):
        self.problem(f"comment {data!a}")

    def handle_pi(self, data):
        self.problem(f"instruction {data!a}")

    def check_whole(self, text):
        if not text.startswith('<!DOCTYPE html>\n<html lang="en">') or not text.endswith("</html>\n"):
            self.problem("not a whole document")
        for match in HIDDEN.finditer(re.sub("[\t\n]", "", text)):
            self.problem(f"character {match.group()!a}")
        if re.search(r"url\(|@import|expression\(|https?:", self.style):
            self.problem("the style refers to something")
        digest = base64.b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        if self.policy != (f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
                           "base-uri 'none'; form-action 'none'"):
            self.problem(f"policy {self.policy!a} with a style of {digest}")
        for name in self.wanted_ids:
            if name not in self.ids:
                self.problem(f"no id {name}")
        for tag in ("main", "header", "footer", "h1", "style"):
            if self.counts.get(tag, 0) != 1:
                self.problem(f"{self.counts.get(tag, 0)} {tag}")
        last = 0
        for level, name in self.headings:
            if level > last + 1 or not name.strip():
                self.problem(f"heading {name!a} of level {level} behind {last}")
            last = level
        for table in self.tables:
            if not table["caption"] or not table["columns"]:
                self.problem("a table without caption or head")
        if self.counts.get("details", 0) != self.counts.get("summary", 0):
            self.problem("details without summary")


def main():
    if sys.argv[1] == "--text":
        page = Page(Path(sys.argv[2]).read_text(encoding="utf-8"))
        sys.stdout.write("".join(page.texts))
        return 0
    failed = False
    for name in sys.argv[1:]:
        try:
            text = Path(name).read_bytes().decode("utf-8")
            page = Page(text)
            page.check_whole(text)
            problems = page.problems
        except UnicodeDecodeError as error:
            problems = [str(error)]
        for problem in problems[:20]:
            print(f"# {problem}")
        print(f"{'not ok' if problems else 'ok'} {Path(name).name}: structure")
        failed = failed or bool(problems)
    return failed


sys.exit(main())
