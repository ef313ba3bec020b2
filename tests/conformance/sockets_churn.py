# SPDX-License-Identifier: MIT
"""`keeltune sockets`, ss and lsof in turn while sockets and processes come and go. What is leaked and stays
must be attributed exactly, and nothing ever to a process that does not hold it:

- leakers with sockets of their own, and a family that shares some;
- churners that connect, leak, fork, share and exit at random;
- a pid that is used again at once, by processes that leak (comm "leaky") and by others that never held
  a socket in CLOSE_WAIT (comm "clean").

    sockets_churn.py [--seconds N] [--seed N]

Run by sockets.sh inside namespaces of its own."""

import argparse
import ctypes
import os
import random
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True

import sockets_oracle as oracle

CLONE3 = 435
PR_SET_PDEATHSIG = 1
KEPT = []  # sockets that a process holds as long as it lives


def listen():
    listener = socket.socket(random.choice([socket.AF_INET, socket.AF_INET6]))
    listener.bind(("127.0.0.1" if listener.family == socket.AF_INET else "::1", 0))
    listener.listen(128)
    return listener


def pair(listener):
    client = socket.socket(listener.family)
    client.connect(listener.getsockname())
    return client, listener.accept()[0]


def leak(listener):
    client, server = pair(listener)
    client.send(b"x")
    client.close()
    return server


def leaker(count):
    listener = listen()
    KEPT.extend([listener, *(leak(listener) for _ in range(count))])


def family():
    leaker(20)
    for _ in range(2):
        oracle.fork("family", lambda: None)


def churner(seed):
    pick = random.Random(seed)

    def work():
        listener, kept = listen(), []
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            choice = pick.randrange(10)
            if choice < 4:
                kept.append(leak(listener))
            elif choice < 6:
                kept += pair(listener)
            elif choice < 7 and os.fork() == 0:
                oracle.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                time.sleep(pick.random() / 50)
                os._exit(0)
            elif choice < 9:
                time.sleep(pick.random() / 200)
            if len(kept) > 200 or choice == 9:
                for end in kept[:pick.randrange(len(kept) + 1)]:
                    end.close()
                    kept.remove(end)

    return background("churner", work)


def background(name, work):
    """A child at work until it is killed."""
    pid = os.fork()
    if pid:
        return pid
    try:
        oracle.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        oracle.prctl(oracle.PR_SET_NAME, name.encode())
        work()
    finally:
        os._exit(1)


def fork_as(pid):
    """fork(2) with a pid of our choice; 0 in the child, None when it cannot be had."""
    wanted = ctypes.c_int(pid)
    arguments = struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0,
                            ctypes.addressof(wanted), 1, 0)
    child = oracle.LIBC.syscall(CLONE3, arguments, len(arguments))
    return None if child < 0 else child


def one_life(name, seconds, make):
    oracle.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    oracle.prctl(oracle.PR_SET_NAME, name)
    listener = listen()
    kept = [make(listener) for _ in range(20)]
    time.sleep(seconds)
    os._exit(0 if kept else 1)


def reincarnation(seed, pid):
    pick = random.Random(seed)

    def work():
        while True:
            leaky = pick.random() < 0.5
            child = fork_as(pid)
            if child == 0:
                try:
                    one_life(b"leaky" if leaky else b"clean", pick.random() / 8,
                             leak if leaky else pair)
                finally:
                    os._exit(1)
            if child is None:
                os._exit(2)
            os.waitpid(child, 0)

    return background("spawner", work)


def judge(report, stable):
    """What is wrong in REPORT."""
    wrong = []
    seen = {process["pid"]: process for process in report["processes"] if process["close_wait"]}
    for pid, (count, shared) in stable.items():
        process = seen.get(pid, {"close_wait": 0, "shared": 0})
        if (process["close_wait"], process["shared"]) != (count, shared):
            wrong.append(f"pid {pid} has {count} ({shared} shared), reported are "
                         f"{process['close_wait']} ({process['shared']} shared)")
    for pid, process in seen.items():
        if process["comm"] not in ("leaker", "family", "churner", "leaky"):
            wrong.append(f"pid {pid}, {process['comm']!r}: holds none, reported are "
                         f"{process['close_wait']}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    signal.alarm(120 + int(options.seconds))
    random.seed(options.seed)

    stable = {oracle.fork("leaker", lambda count=count: leaker(count)): (count, 0)
              for count in (1, 40, 300)}
    head = oracle.fork("family", family)
    members = [pid for pid in oracle.owners(oracle.ss()) if pid not in stable]
    stable.update({pid: (20, 20) for pid in members})
    oracle.result(len(members) == 3 and head in members, "a family of three shares its sockets", members)

    busy = [churner(f"{options.seed}/{index}") for index in range(3)]
    spawner = reincarnation(options.seed, 30000)
    wrong, runs, lives = [], 0, 0
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        report = oracle.keeltune()
        runs += 1
        lives += any(p["pid"] == 30000 and p["close_wait"] for p in report["processes"])
        wrong += judge(report, stable)
        if runs % 8 == 0:
            for name, table in (("ss", oracle.owners(oracle.ss())),
                                ("lsof", {pid: {"close_wait": count} for pid, count in
                                          oracle.lsof_owners().items()})):
                wrong += [f"{name} says {table.get(pid)} of {pid}" for pid, (count, _) in stable.items()
                          if table.get(pid, {}).get("close_wait") != count]
    oracle.result(os.waitpid(spawner, os.WNOHANG) == (0, 0), "the pid is used again and again")
    oracle.end(busy + [spawner])
    oracle.result(not wrong, f"{options.seconds:g} s of churn, {runs} reports: nothing missed, nobody "
                  "blamed", "\n".join(wrong[:10] + [f"--seed {options.seed}"]))
    print(f"# the pid that was used again was seen leaking {lives} times")
    return bool(oracle.failures)


if __name__ == "__main__":
    sys.exit(main())
