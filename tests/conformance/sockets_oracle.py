# SPDX-License-Identifier: MIT
"""What ss and lsof say about the TCP sockets of a namespace, in the terms of `keeltune sockets`, and
small things that processes made for tests need."""

import collections
import ctypes
import json
import os
import re
import signal
import subprocess
import time

KEELTUNE = os.environ["KEELTUNE"]
LIBC = ctypes.CDLL(None, use_errno=True)
STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "CLOSE"}
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15

failures = 0


def result(passed, name, why=""):
    global failures
    print(("ok " if passed else "not ok ") + name, flush=True)
    if not passed:
        failures += 1
        for line in str(why).splitlines()[:40]:
            print(f"# {line}")
    return passed


def prctl(option, argument):
    if LIBC.prctl(option, argument, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def enter_netns(pid):
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if LIBC.setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def new_netns():
    if LIBC.unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def fork(name, work):
    """A child that does WORK and then sleeps until it is killed; returns its pid when the work is done."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid:
        os.close(done)
        answer = os.read(ready, 1)
        os.close(ready)
        if answer != b"+":
            raise RuntimeError(f"{name} failed")
        return pid
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NAME, name.encode())
        os.close(ready)
        work()
        os.write(done, b"+")
        os.close(done)
        while True:
            signal.pause()
    finally:
        os._exit(1)


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        os.waitpid(pid, 0)


def output(*command, netns=None):
    if netns:
        command = ("nsenter", f"--net=/proc/{netns}/ns/net", *command)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False)
    return done.stdout.decode(errors="replace")


def keeltune(*options):
    command = [KEELTUNE, "sockets", "-f", "json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{command} exited {done.returncode}: {done.stderr.decode()}")
    return json.loads(done.stdout)


Socket = collections.namedtuple("Socket", "state unread local peer inode timer holders")


def ss(netns=None):
    """All TCP sockets, with their holders as (pid, fd)."""
    found = []
    text = output("ss", "-HOtanpeo", netns=netns).strip()
    # A name of a process may have a line feed, which ss prints as it is.
    for line in re.split(r"\n(?=[A-Z0-9-]+ +[0-9]+ +[0-9]+ )", text) if text else []:
        state, receive, _, local, peer, *rest = line.split(None, 5)
        rest = rest[0] if rest else ""
        inode = re.search(r"\bino:(\d+)", rest)
        timer = re.search(r"\btimer:\((\w+)", rest)
        found.append(Socket(STATES.get(state, state.replace("-", "_")), int(receive), local, peer,
                            int(inode[1]) if inode else 0, timer[1] if timer else "",
                            frozenset((int(pid), int(fd)) for pid, fd in
                                      re.findall(r",pid=(\d+),fd=(\d+)\)", rest))))
    return found


def histogram(sockets):
    return dict(collections.Counter(socket.state for socket in sockets))


def canonical(states):
    """FIN_WAIT_1 and FIN_WAIT1 are the same; a state without sockets need not be named."""
    return {state.replace("WAIT_", "WAIT"): count for state, count in states.items() if count}


def owners(sockets):
    """{pid: what keeltune should say of it}, from the sockets in CLOSE_WAIT."""
    table = {}
    for socket in sockets:
        if socket.state != "CLOSE_WAIT":
            continue
        pids = {pid for pid, _ in socket.holders}
        for pid in pids:
            row = table.setdefault(pid, collections.Counter())
            row["close_wait"] += 1
            row["unread_bytes"] += max(0, socket.unread - 1)
            row["shared"] += len(pids) > 1
            row["on"] += socket.timer == "keepalive"
            row["off"] += socket.timer == ""
    return {pid: dict(row) for pid, row in table.items()}


def relation(pid):
    """Where a process belongs, for the report of a failure."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        parent = stat.read().rpartition(")")[2].split()[1]
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as cgroups:
        own = [line.strip() for line in cgroups if line.startswith("0::")]
    return f"pid {pid}: parent {parent}, cgroup {own}"


def lsof_owners():
    """{pid: number of its sockets in CLOSE_WAIT}; lsof says d and the inode for each descriptor."""
    table, pid = collections.defaultdict(set), 0
    for line in output("lsof", "-nP", "-w", "-iTCP", "-sTCP:CLOSE_WAIT", "-Fpfd").splitlines():
        if line[:1] == "p":
            pid = int(line[1:])
        elif line[:1] == "d":
            table[pid].add(line[1:])
    return {pid: len(inodes) for pid, inodes in table.items()}


def reported(report):
    """The same as owners(), from keeltune's JSON."""
    return {process["pid"]: {"close_wait": process["close_wait"],
                             "unread_bytes": process["unread_bytes"], "shared": process["shared"],
                             "on": process["keepalive"]["on"], "off": process["keepalive"]["off"]}
            for process in report["processes"] if process["close_wait"]}


def wait_until(true, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
