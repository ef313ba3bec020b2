# SPDX-License-Identifier: MIT
"""Readers of the formats of keeltune, strict, from what is written about each of them: bytes in, plain
data out, ValueError when a reader of that format need not take it. TAP is read by the parser of
prove (read-tap.pl), XML by expat."""

import json
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent / "formats"


# What no text has as it is: controls, what cannot be seen (Default_Ignorable_Code_Point of Unicode) or
# turns the direction of writing, what ends a line, noncharacters.
HIDDEN = re.compile("[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
                    "\u2028-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
                    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
                    + "".join(f"{chr(plane + 0xfffe)}{chr(plane + 0xffff)}" for plane in range(0, 0x110000, 0x10000)) + "]")


def shown(name):
    """What becomes of the bytes of a name in every format but JSON, before the format quotes it."""
    text = ""
    for char in name.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if 0xdc80 <= code <= 0xdcff:
            text += f"\\x{code - 0xdc00:02x}"
        elif HIDDEN.match(char):
            text += "".join(f"\\x{byte:02x}" for byte in char.encode())
        else:
            text += char
    return text


def junit(document):
    """[(name, classname, kind or None, message, text)], the suite's attributes and the two streams."""
    root = xml.etree.ElementTree.fromstring(document)
    (suite,) = root
    cases, counted = [], {"failure": 0, "error": 0, "skipped": 0}
    for case in suite.iter("testcase"):
        child = next(iter(case), None)
        kind = None if child is None else child.tag
        if kind:
            counted[kind] += 1
        cases.append((case.get("name"), case.get("classname"), kind,
                      child is not None and child.get("message"), child is not None and child.text or ""))
    told = [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")]
    if told != [len(cases), *counted.values()]:
        raise ValueError(f"the suite tells {told}, but has {len(cases)} and {counted}")
    return cases, suite.attrib, suite.findtext("system-out"), suite.findtext("system-err")


def valid_junit(files):
    """Both schemas."""
    for schema in ("junit-ant.xsd", "junit-xunit.xsd"):
        run = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", HERE / schema, *files],
                             capture_output=True, text=True)
        if run.returncode:
            raise ValueError(f"{schema}: {run.stderr[:2000]}")


def tap(files):
    run = subprocess.run(["/usr/bin/perl", HERE / "read-tap.pl", *files], capture_output=True, check=True)
    results = [json.loads(line) for line in run.stdout.splitlines()]
    for file, result in zip(files, results):
        unknown = [test for test in result["tests"] if "unknown" in test]
        if int(result["version"]) != 13 or result["errors"] or unknown:
            raise ValueError(f"{file}: version {result['version']}, {result['errors']}, {unknown}")
    return results


def unescaped_tap(text):
    """Of a description: "\\#" and "\\\\"."""
    if re.search(r"\\[^#\\]|(?<!\\)(?:\\\\)*#", text):
        raise ValueError(f"a directive, or an escape that is none: {text!r}")
    return re.sub(r"\\(.)", r"\1", text)


METRIC = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in labels:
            raise ValueError(f"labels: {text}")
        labels[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return labels


def prometheus(document):
    """{(metric, frozenset of labels): value}, by the text-based exposition format, version 0.0.4."""
    text = document.decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    samples, seen, helped, current = {}, set(), set(), None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            if name in helped or not help_text:
                raise ValueError(f"HELP twice, or none: {line}")
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            if name in seen or name not in helped or kind != "gauge":
                raise ValueError(f"TYPE: {line}")
            seen.add(name)
            current = name
        else:
            match = METRIC.fullmatch(line)
            if not match or match[1] != current:
                raise ValueError(f"not a sample of {current}: {line}")
            if not re.fullmatch(r"[+-]?(Inf|NaN|\d+(\.\d*)?([eE][+-]?\d+)?)", match[3]):
                raise ValueError(f"value: {line}")
            key = (match[1], frozenset(labels_of(match[2] or "").items()))
            if key in samples:
                raise ValueError(f"a series twice: {line}")
            samples[key] = float(match[3])
    if helped != seen:
        raise ValueError("HELP without TYPE")
    return samples


NUMBER = r"-?\d+(?:\.\d+)?"
PERFDATA = re.compile(rf"([^ '=]+)=({NUMBER})(s|%|B|)(?:;({NUMBER})?(?:;({NUMBER})?(?:;({NUMBER})?(?:;({NUMBER})?)?)?)?)?")


def nagios(document, status):
    """The text, {label: (value, unit, warn, crit)}, further lines. By the guidelines for plugins."""
    text = document.decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    first, *more = text[:-1].split("\n")
    if first.count("|") != 1 or any("|" in line for line in more):
        raise ValueError(f"one | is where performance data begin: {text}")
    said, data = first.split("|")
    match = re.fullmatch(r"KEELTUNE (OK|WARNING|CRITICAL|UNKNOWN) - (.+) ", said)
    if not match or ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(match[1]) != status:
        raise ValueError(f"status {status}: {said}")
    values = {}
    for item in data.split():
        value = PERFDATA.fullmatch(item)
        if not value or value[1] in values:
            raise ValueError(f"performance data: {item}")
        values[value[1]] = (float(value[2]), value[3], value[4], value[5])
    return match[2], values, more
