#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fixed cases of what the next boot leaves: the model against this table, and the table against every
program that is installed here.

    sysctl-cases.py [--program ENGINE=PATH]...

T, I, P are tcp_keepalive_time, _intvl, _probes (7200, 75, 9 when nothing sets them). Columns: procps3
(3.3.17), procps (4.0.2), systemd (252), busybox (1.37 in Alpine's order); one value for all, or one for
each. tests/slow/sysctl.sh names the programs of other releases.
"""

import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True

import sysctl_oracle as oracle
from sysctl_oracle import DIRECTORY, Link

T, I, P = "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"
ETC, RUN, LOCAL, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"
CONF = "/etc/sysctl.conf"
COLUMNS = ["procps3", "procps", "systemd", "busybox"]
DEFAULTS = {"T": "7200", "I": "75", "P": "9"}
NAMES = {"T": T, "I": I, "P": P}
SLASHED = T.replace(".", "/")
TIME = b"net.ipv4.tcp_keepalive_time"
GLOB = b"net.ipv4.tcp_keepalive_*"


def t(value):
    return b"%s = %d\n" % (TIME, value)


def x(text):
    """One file: T, I and P at the beginning of a line or behind a '-' stand for the keys."""
    out = []
    for line in text.split("\n"):
        for letter, name in NAMES.items():
            for sign in ("", "-", "--", "- "):
                if line.startswith(sign + letter + " "):
                    line = sign + name + line[len(sign) + 1 :]
        out.append(line)
    return {ETC + "50-x.conf": "\n".join(out).encode("latin-1") + b"\n"}


# id, tree, what is left: a dict for all columns or four of them ({}: the defaults)
ALL = lambda **left: [left] * 4
CASES = [
    # which files, which order
    ("sysctl.conf against a later name", {CONF: t(222), ETC + "99-zzz.conf": t(111)},
     [dict(T=222), dict(T=222), dict(T=111), dict(T=222)]),
    ("linked sysctl.conf against an earlier name",
     {CONF: t(222), ETC + "99-sysctl.conf": Link("../sysctl.conf"), ETC + "60-x.conf": t(111)}, ALL(T=222)),
    ("linked sysctl.conf against a letter",
     {CONF: t(222), ETC + "99-sysctl.conf": Link("../sysctl.conf"), ETC + "local.conf": t(111)},
     [dict(T=222), dict(T=222), dict(T=111), dict(T=222)]),
    ("sysctl.conf alone", {CONF: t(222)}, [dict(T=222), dict(T=222), {}, dict(T=222)]),
    ("same name in etc and run", {ETC + "50-a.conf": t(111), RUN + "50-a.conf": t(222)},
     [dict(T=111), dict(T=111), dict(T=111), dict(T=222)]),
    ("same name in usr/local/lib and usr/lib", {LOCAL + "50-a.conf": t(333), LIB + "50-a.conf": t(444)},
     [dict(T=333), dict(T=333), dict(T=333), dict(T=444)]),
    ("names go before directories", {ETC + "10-a.conf": t(111), LIB + "99-b.conf": t(222)},
     [dict(T=222), dict(T=222), dict(T=222), dict(T=111)]),
    ("a copy in etc hides the whole file", {ETC + "50-a.conf": x("I = 22")[ETC + "50-x.conf"], LIB + "50-a.conf": t(444)},
     ALL(I=22)),
    ("masked by /dev/null", {ETC + "50-a.conf": Link("/dev/null"), LIB + "50-a.conf": t(444)}, [{}, {}, {}, dict(T=444)]),
    ("masked by an empty file", {ETC + "50-a.conf": b"", LIB + "50-a.conf": t(444)}, ALL()),
    ("masked by a dangling link", {ETC + "50-a.conf": Link("nowhere"), LIB + "50-a.conf": t(444)},
     [{}, {}, {}, dict(T=444)]),
    ("masked by a directory", {ETC + "50-a.conf": DIRECTORY, LIB + "50-a.conf": t(444)}, [{}, {}, {}, dict(T=444)]),
    ("99-sysctl.conf is /dev/null", {ETC + "99-sysctl.conf": Link("/dev/null"), CONF: t(222), ETC + "10-a.conf": t(111)},
     [dict(T=222), dict(T=222), dict(T=111), dict(T=222)]),
    ("byte order of names", {ETC + "10-a.conf": t(1), ETC + "2-b.conf": t(2), ETC + "99-c.conf": t(3)}, ALL(T=3)),
    ("capitals go before small letters", {ETC + "Z.conf": t(1), ETC + "_.conf": t(2), ETC + "a.conf": t(3)}, ALL(T=3)),
    ("hidden file", {ETC + ".90-h.conf": t(111)}, [dict(T=111), dict(T=111), {}, {}]),
    ("a file named .conf", {ETC + ".conf": t(111)}, [dict(T=111), dict(T=111), {}, {}]),
    ("other suffixes", {ETC + "a.conf.bak": t(1), ETC + "b.CONF": t(2), ETC + "c": t(3)}, ALL()),
    ("name with a bracket", {ETC + "10-[a].conf": t(111), ETC + "10-a.conf": x("I = 22")[ETC + "50-x.conf"]},
     [dict(I=22), dict(I=22), dict(T=111, I=22), dict(T=111, I=22)]),
    ("name with a bracket that matches nothing", {ETC + "10-[a].conf": t(111)}, ALL(T=111)),
    ("name with braces", {ETC + "{a,b}.conf": t(111), ETC + "b.conf": t(222)},
     [dict(T=222), dict(T=222), dict(T=111), dict(T=111)]),
    ("name with a star reads a masked file", {ETC + "*.conf": t(111), ETC + "50-x.conf": t(222)},
     [dict(T=222), dict(T=222), dict(T=222), dict(T=222)]),
    ("link to a name without .conf", {ETC + "a.conf": Link("../other/x.txt"), "/etc/other/x.txt": t(111)}, ALL(T=111)),
    ("sysctl.d is a link", {"/etc/sysctl.d": Link("other"), "/etc/other/a.conf": t(111)}, ALL(T=111)),
    ("sysctl.conf is a directory", {CONF: DIRECTORY, ETC + "a.conf": t(111)}, ALL(T=111)),
    ("sysctl.conf is /dev/null", {CONF: Link("/dev/null"), ETC + "a.conf": t(111)}, ALL(T=111)),
    ("sysctl.conf is a link", {CONF: Link("other/x"), "/etc/other/x": t(222), ETC + "a.conf": t(111)},
     [dict(T=222), dict(T=222), dict(T=111), dict(T=222)]),
    ("a link to itself", {ETC + "a.conf": Link("a.conf"), ETC + "b.conf": t(111)}, ALL(T=111)),
    # names
    ("slashes", x(SLASHED + " = 111"), ALL(T=111)),
    ("leading slash", x("/" + SLASHED + " = 111"), [dict(T=111), dict(T=111), dict(T=111), {}]),
    ("absolute path", x("/proc/sys/" + SLASHED + " = 111"), [{}, {}, {}, dict(T=111)]),
    ("mixed, dot first", x("net.ipv4/tcp_keepalive_time = 111"), ALL()),
    ("mixed, slash first", x("net/ipv4.tcp_keepalive_time = 111"), [{}, {}, {}, dict(T=111)]),
    ("doubled dots", x("net..ipv4.tcp_keepalive_time = 111"), ALL(T=111)),
    ("trailing dot", x(T + ". = 111"), [{}, {}, dict(T=111), {}]),
    ("a dot part", x("net/./ipv4/tcp_keepalive_time = 111"), ALL(T=111)),
    ("up and down again", x("net/core/../ipv4/tcp_keepalive_time = 111"), [dict(T=111), dict(T=111), {}, dict(T=111)]),
    ("capitals", x(T.upper() + " = 111"), ALL()),
    ("a group of keys", x("net.ipv4 = 5\nI = 22"), ALL(I=22)),
    # signs
    ("unknown key", x("net.ipv4.nothing = 5\nI = 22"), ALL(I=22)),
    ("refused value", x("T = abc\nI = 22"), [dict(I=22), dict(I=22), dict(I=22), {}]),
    ("refused value, forgiven", x("-T = abc\nI = 22"), ALL(I=22)),
    ("-KEY = VALUE", x("-T = 111"), [dict(T=111), dict(T=111), dict(T=111), {}]),
    ("- KEY = VALUE", x("- T = 111"), [{}, {}, dict(T=111), {}]),
    ("--KEY = VALUE", x("--T = 111"), [{}, dict(T=111), {}, {}]),
    ("-KEY after the key", {ETC + "10.conf": t(111), ETC + "20.conf": b"-" + TIME},
     [dict(T=111), dict(T=111), {}, dict(T=111)]),
    ("-KEY before the key", {ETC + "20.conf": t(111), ETC + "10.conf": b"-" + TIME}, ALL(T=111)),
    ("valid, then refused", {ETC + "10.conf": t(111), ETC + "20.conf": TIME + b"=abc"},
     [dict(T=111), dict(T=111), {}, dict(T=111)]),
    ("twice", x("T = 111\nT = 222"), ALL(T=222)),
    ("twice, spelled differently", x("T = 111\n" + SLASHED + " = 222"), ALL(T=222)),
    # patterns
    ("star", {ETC + "a.conf": GLOB + b" = 50"}, [{}, dict(T=50, I=50, P=50), dict(T=50, I=50, P=50), {}]),
    ("key, then pattern", {ETC + "a.conf": t(111), ETC + "b.conf": GLOB + b" = 50"},
     [dict(T=111), dict(T=111, I=50, P=50), dict(T=111, I=50, P=50), dict(T=111)]),
    ("pattern, then key", {ETC + "b.conf": t(111), ETC + "a.conf": GLOB + b" = 50"},
     [dict(T=111), dict(T=111, I=50, P=50), dict(T=111, I=50, P=50), dict(T=111)]),
    ("two patterns", {ETC + "a.conf": b"net.ipv4.*_keepalive_time = 60\n" + GLOB + b" = 50"},
     [{}, dict(T=50, I=50, P=50), dict(T=50, I=50, P=50), {}]),
    ("a pattern again", {ETC + "a.conf": GLOB + b"=50\nnet.ipv4.*_keepalive_time = 60\n" + GLOB + b"=50"},
     [{}, dict(T=50, I=50, P=50), dict(T=60, I=50, P=50), {}]),
    ("a pattern again, other value", {ETC + "a.conf": GLOB + b"=50\nnet.ipv4.*_keepalive_time = 60\n" + GLOB + b"=55"},
     [{}, dict(T=55, I=55, P=55), dict(T=55, I=55, P=55), {}]),
    ("excluded key", {ETC + "a.conf": GLOB + b" = 50\n-" + TIME}, [{}, dict(I=50, P=50), dict(I=50, P=50), {}]),
    ("excluded by a pattern", {ETC + "a.conf": GLOB + b" = 50\n-net.ipv4.*_keepalive_time"},
     [{}, dict(T=50, I=50, P=50), dict(T=50, I=50, P=50), {}]),
    ("the pattern itself excluded", {ETC + "a.conf": GLOB + b" = 50\n-" + GLOB}, [{}, dict(T=50, I=50, P=50), {}, {}]),
    ("pattern refused for one key", {ETC + "a.conf": GLOB + b" = 300"}, [{}, dict(T=300, I=300), dict(T=300, I=300), {}]),
    ("braces with a star", {ETC + "a.conf": b"net.ipv4.tcp_keepalive_{time,intvl}* = 50"},
     [{}, {}, dict(T=50, I=50), {}]),
    ("braces alone", {ETC + "a.conf": b"net.ipv4.tcp_keepalive_{time,intvl} = 50"}, ALL()),
    ("pattern spelled with two slashes beats the key", {ETC + "a.conf": t(111) + b"/net/ipv4/tcp_keepalive_t* = 50"},
     [dict(T=111), dict(T=50), dict(T=111), dict(T=111)]),
    ("quoted slash in a pattern", {ETC + "a.conf": b"net\\/ipv4/tcp_keepalive_t* = 50"}, [{}, dict(T=50), dict(T=50), {}]),
    # values
    ("comment behind a blank", x("T = 111 # note"), ALL(T=111)),
    ("comment without a blank", x("T = 111# note\nI = 22"), [dict(I=22), dict(I=22), dict(I=22), {}]),
    ("quotes", x('T = "111"\nI = 22'), [dict(I=22), dict(I=22), dict(I=22), {}]),
    ("hexadecimal", x("T = 0x50"), ALL(T=80)),
    ("octal", x("T = 0100"), ALL(T=64)),
    ("not octal", x("T = 0080"), ALL()),
    ("plus", x("T = +111"), ALL()),
    ("unit", x("T = 2h"), ALL()),
    ("fraction", x("T = 111.5"), ALL()),
    ("two equals signs", x("T == 111"), ALL()),
    ("no value", x("T ="), ALL()),
    ("no value, next line", x("T =\nI = 22"), ALL(I=22)),
    ("CRLF", x("T = 111\r\nI = 22\r"), ALL(T=111, I=22)),
    ("CR only", {ETC + "a.conf": TIME + b" = 111\rnet.ipv4.tcp_keepalive_intvl = 22\r"},
     [dict(T=111), {}, dict(T=111, I=22), {}]),
    ("byte order mark on a setting", {ETC + "a.conf": b"\xef\xbb\xbf" + t(111)}, ALL()),
    ("byte order mark on a comment", {ETC + "a.conf": b"\xef\xbb\xbf# c\n" + t(111)}, ALL(T=111)),
    ("no final newline", {ETC + "a.conf": TIME + b" = 111"}, ALL(T=111)),
    ("no equals sign", x("T 111"), ALL()),
    ("a command", {ETC + "a.conf": b"sysctl -w " + TIME + b"=111"}, ALL()),
    ("a section", x("[section]\nT = 111"), ALL(T=111)),
    ("joined lines", x("T = \\\n111"), [{}, {}, {}, dict(T=111)]),
    ("5000 blanks", x("T = " + " " * 5000 + "111"), ALL(T=111)),
    ("a line of 1.5 MiB", x("# " + "x" * 1500000 + "\nT = 111"), [dict(T=111), dict(T=111), {}, dict(T=111)]),
    ("NUL in a value", x("T = 1\0 11"), ALL(T=1)),
    ("NUL ends a line for systemd", x("T = 1\0" + I + " = 22"), [dict(T=1), dict(T=1), dict(T=1, I=22), dict(T=1)]),
    ("no-break space of Latin-1", x("T = \xa0111"), ALL(T=111)),
    ("out of the safe range", x("T = 32768\nI = 0\nP = 128"), ALL(T=32768, I=0, P=128)),
    ("negative", x("T = -1\nP = -0"), ALL(T=-1)),
    ("largest", x("T = 8589934\nP = 255"), ALL(T=8589934, P=255)),
    ("too large", x("T = 8589935\nP = 256"), ALL()),
    ("twenty digits", x("T = 00000000000000000060"), ALL(T=48)),
    ("twenty-one digits", x("T = 000000000000000000060"), ALL()),
    ("4095 bytes are looked at", x("T = 111" + "," * 5000), [dict(), dict(), {}, {}]),
    ("refused, then in pieces", x("T = 111," + "x" * 5000), [dict(T=111), dict(T=111), {}, {}]),
]  # fmt: skip

# What an older program leaves instead, see oracle.OLDER.
OLDER = {
    ("systemd", "up and down again"): dict(T=111),
    ("busybox", "mixed, dot first"): dict(T=111),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", action="append", default=[], metavar="ENGINE=PATH")
    programs = oracle.programs(parser.parse_args().program)
    titles = {engine: oracle.title(engine, program) for engine, program in programs.items()}
    older = {engine: oracle.differences(engine, program) for engine, program in programs.items()}
    failures = 0

    with tempfile.TemporaryDirectory() as work, oracle.Oracle(work) as world:
        for name, tree, columns in CASES:
            world.plant(tree)
            wrong, remark = [], ""
            for engine, left in zip(COLUMNS, columns):
                said = [("model", left, world.ask_model(engine))]
                if engine in programs:
                    if (engine, name) in OLDER and older[engine]:
                        left = OLDER[engine, name]
                        remark = "; %s %s" % (titles[engine], older[engine][0][1])
                    said.append((titles[engine], left, world.run_program(engine, programs[engine])[1]))
                for who, left, answer in said:
                    want = dict(DEFAULTS, **{letter: str(value) for letter, value in left.items()})
                    got = {letter: answer[NAMES[letter]] for letter in NAMES}
                    if got != want:
                        wrong.append("%s, %s: %s, not %s" % (engine, who, got, want))
            print("%s %s%s" % ("not ok" if wrong else "ok", name, remark))
            for text in wrong:
                print("# " + text)
            failures += bool(wrong)
        print("# compared with the programs of: " + ", ".join(sorted(titles.values())))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except oracle.Skip as reason:
        print(reason)
        sys.exit(77)
