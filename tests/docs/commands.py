#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""commands.py FILE.md DIR: the commands of its console blocks, in their order, as DIR/NNN.command, and the output
that is shown below each as DIR/NNN.output. A here-document belongs to its command.

commands.py --compare SHOWN REAL: is what SHOWN has in REAL, in the same order? Numbers, ids, times and the width of
columns may differ; "..." stands for any lines, also none. Without it the lines follow each other."""

import re
import sys


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


def commands(text):
    """Pairs of a command and the lines shown below it."""
    for block in blocks(text, "console"):
        command, shown, end = None, [], None
        for line in block.splitlines():
            if end:
                command += "\n" + line
                end = None if line == end else end
            elif line[:2] in ("$ ", "# "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
                here = re.search(r"<<'?(\w+)'?$", command)
                end = here and here.group(1)
            elif command is None:
                sys.exit(f"a console block begins with output: {line}")
            else:
                shown.append(line)
        if command:
            yield command, shown


def plain(line):
    line = re.sub(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-f]{6}", "ID", line)
    line = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "TIME", line)
    line = re.sub(r"\d+(\.\d+)?", "N", line)
    return " ".join(line.split())


def compare(shown, real):
    at, free = 0, False
    while real and not real[-1]:
        real.pop()
    for line in shown:
        if line == "...":
            free = True
            continue
        want = plain(line)
        while at < len(real) and free and plain(real[at]) != want:
            at += 1
        if at == len(real) or plain(real[at]) != want:
            return f'shown: "{line}"; printed: "{real[at] if at < len(real) else "nothing more"}"'
        at, free = at + 1, False
    if not free and at < len(real):
        return f'not shown, and no "...": "{real[at]}"'
    return None


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


if sys.argv[1] == "--compare":
    sys.exit(compare(lines(sys.argv[2]), lines(sys.argv[3])))
with open(sys.argv[1], encoding="utf-8") as file:
    document = file.read()
for number, (command, shown) in enumerate(commands(document), 1):
    for suffix, content in ("command", command + "\n"), ("output", "".join(f"{line}\n" for line in shown)):
        with open(f"{sys.argv[2]}/{number:03}.{suffix}", "w", encoding="utf-8") as file:
            file.write(content)
