#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random trees of sysctl files: what the real programs leave in a fresh network namespace against what
the model says.

    sysctl-random.py [--count N] [--seed N] [--engine ENGINE] [--program ENGINE=PATH]... [--keep]

Needs root. Disagreements are reduced and printed with the tree.
"""

import argparse
import os
import random
import re
import sys
import tempfile

sys.dont_write_bytecode = True

import sysctl_oracle as oracle
from sysctl_oracle import DIRECTORY, Link

DIRECTORIES = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"]
NAMES = [
    "10-a.conf", "10-[a].conf", "10-*.conf", "10-?.conf", "10-{a,b}.conf", "{a,b}.conf", "x{}.conf",
    "x.conf", "a\\b.conf", "ab.conf", "2-b.conf", "50-x.conf", "60-y.conf", "99-sysctl.conf",
    "99-zz-keeltune.conf", "99-zzz.conf", "Z.conf", "_x.conf", "local.conf", "zz.conf", ".90-h.conf",
    ".conf", "50-x.conf.bak", "50-x.CONF", "README", "50-x", "~x.conf", "a b.conf", "\udcff.conf",
    "-.conf", "#x.conf", "10-a.conf.conf", "{10-a,.90-h}.conf", "[.]90-h.conf", "10-{a,b.conf", "*.conf",
]  # fmt: skip
VALUES = [
    "111", "222", "60", "1", "0", "-1", "-0", "2", "3", "5", "9", "127", "128", "255", "256", "300",
    "1800", "32767", "32768", "8589934", "8589935", "-8589934", "-8589935", "2147483647", "2147483648",
    "-2147483648", "4294967296", "9223372036854775807", "18446744073709551616", "0x50", "0X1f", "0xg",
    "0x", "0100", "0080", "010", "00", "+5", "1,000", "2h", "111.5", "= 111", "abc", '"111"', "'111'",
    "111 # note", "111# note", "111 ; note", "111 222", "111\t222", "20000", "20000 30000", "30000 20000",
    "20000\t30001 x", "1024 65535", "1023 65535", "20000 x", "20000 65536", "1 2", "\\", "", " ", "-",
    "00000000000000000060", "000000000000000000060", "-0000000000000000005", "-00000000000000000005",
    "0x0000000000000000050", "0x00000000000000000050", "111\x00222", "111\r", "111\x0b", "111\x0c",
    "\x0b111", "\u00a0111", "111\u00a0", "111\x1f", "- 5", "--5", "5-", "1e3", "1_000", "0b11", "0o17",
    "111\\", "111 \\",
]  # fmt: skip
BLANKS = ["", "", "", " ", " ", " ", "\t", "  ", " \t ", "\x0b", "\x0c", "\r"]
ENDS = ["\n"] * 20 + ["\r\n"] * 3 + ["\r", "\n\r", "\x00", "\n\x00", "\n\n", "\\\n", "", "\x0b\n", " \n"]


def spelling(pick, key):
    """KEY as somebody might write it."""
    slashed = key.replace(".", "/")
    forms = [key] * 40 + [slashed] * 8
    forms += [
        "/" + slashed, "//" + slashed, "." + key, slashed + "/", key + ".", key + "/", slashed + "/.",
        "/proc/sys/" + slashed, "proc.sys." + key, slashed.replace("/", "//", 1),
        key.replace(".", "..", 1), slashed.replace("/", "/./", 1), "./" + slashed,
        slashed.replace("net/", "net/core/../", 1), "../sys/" + slashed, "net/../" + slashed,
        slashed.replace("/", "/nothing/../", 1), key.replace("ipv4.", "ipv4/", 1),
        slashed.replace("ipv4/", "ipv4.", 1), key.replace("net.", "net/", 1), key.upper(), key[:-1],
        key + "x", key.replace(".", "/", 1), "net", "net.ipv4", "sysctl -w " + key, "export " + key,
        key.replace("e", "\\e", 1), "net/./.ipv4." + key.split(".")[-1], "net./.ipv4." + key.split(".")[-1],
        key + " ", "-" + key, "- " + key, "--" + key, "---" + key, "-" + slashed, "\ufeff" + key,
        key.replace(".", " . ", 1), slashed + "/..", slashed + "/../" + slashed.split("/")[-1],
        "/../../proc/sys/" + slashed, "net.ipv4.conf.all." + key.split(".")[-1],
    ]  # fmt: skip
    return pick.choice(forms)


def pattern(pick, key):
    last = key.split(".")[-1]
    top = key[: -len(last)]
    forms = [
        top + "tcp_keepalive_*", top + "*_time", top + "*keepalive*", top + last[:-1] + "?",
        top + "[t]" + last[1:], top + "[!x]" + last[1:], top + "[a-z]" + last[1:], "net.*." + last,
        "net.ipv?." + last, "*." + top[4:] + last, "net.*.*_intvl", top + "tcp_*", "*.*.tcp_keepalive_time",
        "/net/ipv4/tcp_keepalive_*", "net/ipv4/" + last[:3] + "*", "net//ipv4/tcp_keep*",
        "net..ipv4.tcp_keep*", top + "{tcp_keepalive_time,tcp_fin*}", top + "{tcp_keep*,tcp_fin*}",
        "net.{ipv4,core}.*" + last[3:], top + "tcp_keepalive_{time,intvl}*", top + "{" + last + "*",
        top + "*" + last + "*", top + "**", top + "[" + last, top + "tcp_keepalive_tim[e", top + last + "*.",
        top + "\\" + last[:-1] + "*", "-" + top + "tcp_*", "- " + top + "tcp_*", "net.ipv4/tcp_keep*",
        top + last[:-2] + "[[:alpha:]]*", "net/./ipv4/tcp_keep*", "net/core/../ipv4/tcp_keep*", "*",
        top + ".*", top + "?" * len(last), "net/ipv*//tcp_keep*", top + "*{e,l}", top + "{,tcp_keepalive_}*e",
    ]  # fmt: skip
    return pick.choice(forms)


def line(pick):
    key = pick.choice(oracle.KEYS[:3] * 4 + oracle.KEYS)
    blank = lambda: pick.choice(BLANKS)
    kind = pick.random()
    if kind < 0.08:
        text = pick.choice(["# note", "; note", "", " # x", "[section]", "foo", "# %s = 5" % key,
                            "%s 111" % key, "%s: 111" % key, "#", ";", "=", "-", "= 5", "-= 5", "==", "a",
                            "\ufeff# note", "\ufeff", "=%s=5" % key])  # fmt: skip
    elif kind < 0.16:
        name = key if pick.random() < 0.6 else pick.choice([spelling(pick, key), pattern(pick, key)])
        text = "-" + blank() + name
    else:
        name = spelling(pick, key) if pick.random() < 0.75 else pattern(pick, key)
        if pick.random() < 0.08:
            name = "-" + name
        value = pick.choice(VALUES)
        if pick.random() < 0.5:
            value = str(pick.randint(1, 200))
        text = name + blank() + "=" + blank() + value
    return blank() + text + blank() + pick.choice(ENDS)


def long_line(pick):
    key = pick.choice(oracle.KEYS[:3])
    size = pick.choice([4090, 4094, 4095, 4096, 4097, 8192, 65536, 1048560, 1048576, 1500000])
    filler = pick.choice([" ", ",", "x", "0", "\t", "1,"])
    return pick.choice([
        "# %s\n" % (filler * size), "%s = %s111\n" % (key, filler * size),
        "%s = 111 %s\n" % (key, filler * size), "%s = 111%s\n" % (key, filler * size),
        "%s = 111 %s 5\n" % (key, filler * size), "%s%s = 111\n" % (filler * size, key),
    ])  # fmt: skip


# A pattern that leads through another directory and back: the model does not list directories.
DETOUR = re.compile(rb"[*?\[\\][^\n]*(/\.\./|\.//\.)")


def has_any(avoided, data):
    return isinstance(data, bytes) and any(lines.search(data) for lines in avoided)


def content(pick, avoided):
    data = some_content(pick)
    while has_any(avoided, data):
        data = some_content(pick)
    return data


def some_content(pick):
    if pick.random() < 0.04:
        return b""
    text = "".join(line(pick) for _ in range(pick.choice([1, 1, 2, 2, 3, 4, 6, 10])))
    if pick.random() < 0.02:
        text = text + long_line(pick) + line(pick)
    if pick.random() < 0.04:
        text = "\ufeff" + text
    data = text.replace("\u00a0", "\udca0").encode("utf-8", "surrogateescape")
    if pick.random() < 0.15:
        data = bytearray(data)
        for _ in range(pick.choice([1, 1, 2, 5])):
            at = pick.randrange(len(data) + 1)
            byte = pick.choice(b"\x00\x01\x07\n\r\t\x0b\x0c\x1b =-#;./*?[]{}\\\"'09ax\x7f\x80\xa0\xff")
            if pick.random() < 0.5:
                data.insert(at, byte)
            elif at < len(data):
                data[at] = byte
        data = bytes(data)
    return data


def make_tree(pick, avoided):
    tree = {}
    names = pick.sample(NAMES, pick.choice([1, 2, 3, 4, 8, 20]))
    for _ in range(pick.choice([1, 1, 2, 3, 4, 6, 12])):
        directory = pick.choice(DIRECTORIES[:1] * 2 + DIRECTORIES)
        path = directory + "/" + pick.choice(names)
        kind = pick.random()
        if kind < 0.85:
            tree[path] = content(pick, avoided)
        elif kind < 0.97:
            tree[path] = Link(pick.choice([
                "/dev/null", "../sysctl.conf", "/etc/sysctl.conf", "nowhere", "/etc/other/x.txt",
                os.path.basename(path), "10-a.conf", "/run/sysctl.d/50-x.conf", "/etc", "..",
            ]))  # fmt: skip
        else:
            tree[path] = DIRECTORY
    kind = pick.random()
    if kind < 0.45:
        tree["/etc/sysctl.conf"] = content(pick, avoided)
        if pick.random() < 0.5:
            tree["/etc/sysctl.d/99-sysctl.conf"] = Link("../sysctl.conf")
    elif kind < 0.5:
        tree["/etc/sysctl.conf"] = pick.choice(
            [DIRECTORY, Link("/dev/null"), Link("nowhere"), Link("other/x.txt")]
        )
    if any(isinstance(what, Link) and "other" in what.target for what in tree.values()):
        tree["/etc/other/x.txt"] = content(pick, avoided)
    if pick.random() < 0.03:
        tree = {path: what for path, what in tree.items() if not path.startswith("/etc/sysctl.d")}
        tree["/etc/sysctl.d"] = pick.choice([Link("other"), Link("nowhere"), b"x", Link("/run/sysctl.d")])
        if pick.random() < 0.7:
            tree["/etc/other/50-x.conf"] = content(pick, avoided)
    return tree


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--engine", action="append")
    parser.add_argument("--program", action="append", default=[], metavar="ENGINE=PATH")
    parser.add_argument("--only", type=int, help="this tree of the sequence alone, printed")
    parser.add_argument("--at-most", type=int, default=5, help="disagreements that are reduced")
    given = parser.parse_args()
    count = given.count or (2500 if os.environ.get("TEST_LENGTH") == "long" else 200)
    programs = oracle.programs(given.program)
    failures = 0

    with tempfile.TemporaryDirectory() as work, oracle.Oracle(work) as world:
        for engine in given.engine or sorted(programs):
            if engine not in programs:
                print("skip %s: it is not installed" % engine)
                continue
            program, wrong = programs[engine], 0
            older = oracle.differences(engine, program)
            avoided = [DETOUR] + [lines for lines, _ in older]
            for number in range(count) if given.only is None else [given.only]:
                pick = random.Random("%d %d" % (given.seed, number))
                tree = make_tree(pick, avoided)
                difference = world.compare(tree, engine, program)
                if given.only is not None:
                    print(oracle.show(tree), difference)
                if not difference:
                    continue
                wrong += 1
                if wrong > given.at_most:
                    continue
                disagrees = lambda other: (
                    not any(has_any(avoided, what) for what in other.values())
                    and world.compare(other, engine, program) != []
                )
                tree = oracle.reduce(tree, disagrees)
                print("# %s, seed %d, tree %d: key, program, model:" % (engine, given.seed, number))
                for item in world.compare(tree, engine, program):
                    print("#   %s %r %r" % item)
                print("# " + oracle.show(tree).replace("\n", "\n# "), flush=True)
            name = "%s: %d random trees (seed %d)" % (oracle.title(engine, program), count, given.seed)
            name += "".join("; lines left out: it %s" % why for _, why in older)
            print("not ok %s: %d differ" % (name, wrong) if wrong else "ok " + name, flush=True)
            failures += wrong
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except oracle.Skip as reason:
        print(reason)
        sys.exit(77)
