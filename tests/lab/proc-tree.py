#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""proc-tree.py DIR COUNT REAL [PID...]

A tree in DIR that looks like /proc with COUNT processes, every hundredth of them broken in some way:
names and numbers that are none, files that are empty, endless or garbage. What is not a process, and the
processes PID, are those of REAL, another mount of the real thing (mount(2) needs root; the caller binds
DIR over /proc in a namespace of its own)."""

import os
import random
import subprocess
import sys

STAT = "1 (many) S 1 1 1 0 -1 4194304 100 0 0 0 5 5 0 0 20 0 1 0 {} 10000000 500 18446744073709551615 " \
       + "1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
FILES = {
    "comm": "many\n",
    "stat": STAT.format(12345),
    "status": "Name:\tmany\nState:\tS (sleeping)\nTgid:\t1\nPid:\t1\nPPid:\t1\nUid:\t65534\t65534\t65534\t65534\n"
              "Gid:\t65534\t65534\t65534\t65534\nFDSize:\t64\nVmSize:\t100 kB\nThreads:\t1\n",
    "limits": "Limit                     Soft Limit           Hard Limit           Units     \n"
              "Max open files            1024                 524288               files     \n",
    "cgroup": "0::/system.slice/many.service\n",
    "cmdline": "many\0--of\0them\0",
}
BROKEN = [b"", b"\n", b"\0" * 100, b"(" * 3000, b")" * 3000, b"x" * 1000000, b"\xff\xfe\x1b[31m\n" * 50,
          b"1 (a) b) S -9 99999999999999999999 x y z\n", b"Max open files  -1 99999999999999999999999 files\n",
          b"0::" + b"/a" * 100000 + b"\n", b"Max open files\n", b"0::/\x1b]0;title\x07.service\n"]
ODD_NAMES = ["0", "-1", "00012", "1e5", "4194305", "99999999999999999999", "12x", " 7", "\x1b[31m", "a\nb"]
ODD_FDS = ["-1", "x", "999999999999999999", "007", "\x1b[31m"]


def process(directory, pick, number, shared):
    os.mkdir(directory)
    os.mkdir(directory + "/fd")
    broken = number % 100 == 0
    for name, source in shared.items():
        if not broken or pick.random() < 0.7:
            os.link(source, f"{directory}/{name}")
        else:
            with open(f"{directory}/{name}", "wb") as file:
                file.write(pick.choice(BROKEN))
    for fd in range(pick.randrange(1, 6)):
        target = pick.choice(["/dev/null", f"socket:[{pick.randrange(1, 200000)}]", "pipe:[7]"])
        os.symlink(target, f"{directory}/fd/{fd}")
    if broken:
        for fd in ODD_FDS:
            os.symlink("socket:[1]", f"{directory}/fd/{fd}")


def main():
    tree, count, real, *pids = sys.argv[1:]
    pick = random.Random(1)
    os.mkdir(f"{tree}/.shared")
    shared = {}
    for name, text in FILES.items():
        shared[name] = f"{tree}/.shared/{name}"
        with open(shared[name], "w", encoding="ascii") as file:
            file.write(text)
    for name in os.listdir(real):
        if not name.isdigit():
            os.symlink(f"{real}/{name}", f"{tree}/{name}")
    for number in range(1, int(count) + 1):
        if str(number) not in pids:
            process(f"{tree}/{number}", pick, number, shared)
    for name in ODD_NAMES:
        process(f"{tree}/{name}", pick, 100, shared)
    for pid in pids:
        os.mkdir(f"{tree}/{pid}")
        subprocess.run(["mount", "--bind", f"{real}/{pid}", f"{tree}/{pid}"], check=True)


if __name__ == "__main__":
    main()
