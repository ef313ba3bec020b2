#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""watch-terminal.py KEELTUNE ARG...: runs `keeltune sockets --watch 1 ARG...` on a terminal of its own.

Result lines for tests/run: the page and its size before and after a change of the window, what is
written in one go, Ctrl-C, Ctrl-Z, and a terminal that goes away.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

failures = 0
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"


def check(name, good, what=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} {name}")
    if not good:
        print(f"# {str(what)[:1500]}")


class Terminal:
    def __init__(self, lines, columns):
        self.master, slave = pty.openpty()
        self.size(lines, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [sys.argv[1], "sockets", "--watch", "1", *sys.argv[2:]], stdin=slave, stdout=slave,
            stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
            preexec_fn=self.own, close_fds=True)

    def own(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds):
        """What comes until nothing has for SECONDS / 4, for SECONDS at most, in its pieces."""
        pieces, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    pieces.append(os.read(self.master, 65536))
                except OSError:
                    break
        return pieces

    def until(self, pattern, seconds=10):
        data, end = b"", time.monotonic() + seconds
        while not re.search(pattern, data, re.S) and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    data += os.read(self.master, 65536)
                except OSError:
                    break
        return data

    def end(self, seconds=5):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "still there"


def widest(frame):
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", frame)
    return max(len(line.decode("utf-8", "replace")) for line in text.replace(b"\r", b"").split(b"\n"))


def lines(frame):
    return frame.count(b"\n") + 1


def main():
    terminal = Terminal(24, 80)
    first = terminal.until(rb"sample 1 .*\x1b\[J")
    check("the other screen, and no cursor", first.startswith(ENTER), first)
    check("80 columns at most", widest(first) <= 80, first)
    second = terminal.until(rb"sample 2 .*\x1b\[J")
    check("drawn over, not cleared", second.startswith(b"\x1b[H") and b"\x1b[2J" not in second,
          second)
    check("24 lines at most", lines(second) <= 24, second)
    terminal.size(6, 40)
    small = terminal.until(rb"\x1b\[H.*\x1b\[H", 3).split(b"\x1b[H")[1]
    check("a smaller window: columns", widest(small) <= 40, small)
    check("a smaller window: lines", lines(small) <= 6, small)
    terminal.size(50, 132)
    time.sleep(0.2)
    terminal.read(1.5)
    os.write(terminal.master, b"\x1a")  # Ctrl-Z
    stopped = terminal.until(re.escape(LEAVE), 3)
    check("Ctrl-Z gives the screen back", LEAVE in stopped, stopped)
    time.sleep(0.3)
    os.kill(terminal.process.pid, signal.SIGCONT)
    again = terminal.until(re.escape(ENTER), 3)
    check("and it comes again", ENTER in again, again)
    os.write(terminal.master, b"\x03")  # Ctrl-C
    last = terminal.until(re.escape(LEAVE) + rb".*sample", 3)
    check("Ctrl-C ends it with 0", terminal.end() == 0, terminal.process.returncode)
    check("the screen is given back, the last page stays", LEAVE in last and b"CLOSE_WAIT" in
          last.split(LEAVE)[-1] + b"".join(terminal.read(0.5)), last)
    check("the terminal is as before", termios.tcgetattr(terminal.slave) == terminal.before)
    check("and nothing was complained of", terminal.process.stderr.read() == b"")

    terminal = Terminal(24, 80)
    terminal.until(rb"sample 1 ")
    os.close(terminal.slave)
    os.close(terminal.master)
    check("a terminal that goes away ends it", terminal.end() == 0, terminal.process.returncode)

    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen([sys.argv[1], "sockets", "--watch", "1"],
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(number)
        check(f"{number.name} ends the lines with 0", process.wait(5) == 0, process.returncode)
    sys.exit(1 if failures else 0)


main()
