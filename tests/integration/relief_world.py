# SPDX-License-Identifier: MIT
"""What the cases of `keeltune sockets relieve` share: servers in Python that say on request what keepalive their own
sockets have, and reports, which are validated at the end."""

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

KEELTUNE, SCHEMA_CHECK = sys.argv[1:3]
SANITIZED = os.environ.get("KEELTUNE_VARIANT") == "asan"
STATE = "/var/lib/keeltune/rollback"
failures = 0
reports = tempfile.mkdtemp()
number = 0

SERVER = r"""
import json, os, resource, socket, sys, threading, time
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
family = socket.AF_INET6 if len(sys.argv) > 3 and sys.argv[3] == "6" else socket.AF_INET
listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0),
                                family=family, backlog=4096)
kept, errors = [], []
def loop():
    while True:
        try:
            kept.append(listener.accept()[0])
        except OSError as error:
            errors.append(error.errno)
            time.sleep(0.05)
threading.Thread(target=loop, daemon=True).start()
def of(s):
    T = socket.IPPROTO_TCP
    return [s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), s.getsockopt(T, socket.TCP_KEEPIDLE),
            s.getsockopt(T, socket.TCP_KEEPINTVL), s.getsockopt(T, socket.TCP_KEEPCNT)]
print(listener.getsockname()[1], flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "show":
        answer = {"listener": of(listener), "kept": [of(s) for s in list(kept)], "errors": len(errors),
                  "limit": resource.getrlimit(resource.RLIMIT_NOFILE)}
    elif words[0] == "set": # INDEX ON TIME
        s = kept[int(words[1])]
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(words[2]))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(words[3]))
        answer = of(s)
    elif words[0] == "close":
        kept[int(words[1])].close(); del kept[int(words[1])]
        answer = len(kept)
    elif words[0] == "read": # how the connection ends
        s = kept[int(words[1])]
        s.settimeout(float(words[2]))
        try:
            answer = len(s.recv(100))
        except TimeoutError as error:
            answer = "ETIMEDOUT" if error.errno == 110 else "still open"
    print(json.dumps(answer), flush=True)
"""


def check(name, good, what=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} {name}", flush=True)
    if not good:
        print("# " + str(what)[:1500].replace("\n", "\n# "), flush=True)


def run(*args, prefix=(), **more):
    result = subprocess.run([*prefix, KEELTUNE, *map(str, args)], capture_output=True, text=True,
                            timeout=120, check=False, **more)
    result.stderr = result.stderr.replace("\nkeeltune:   ", " ")  # where a line ends is no matter
    return result


def report(*args, prefix=(), **more):
    """The report as JSON, which is kept to be validated."""
    global number
    result = run(*args, "-f", "json", prefix=prefix, **more)
    number += 1
    with open(f"{reports}/{number}.json", "w") as file:
        file.write(result.stdout)
    found = json.loads(result.stdout)
    found["stderr"] = result.stderr
    return found


class Server:
    def __init__(self, soft=1024, hard=4096, family="4", prefix=()):
        self.process = subprocess.Popen([*prefix, "/usr/bin/python3", "-c", SERVER, str(soft), str(hard), family],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = ("::1" if family == "6" else "127.0.0.1", self.port)
        self.clients = []
        self.pid = self.process.pid

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def connect(self, count):
        for _ in range(count):
            self.clients.append(socket.create_connection(self.address))
        end = time.monotonic() + 5
        while len(self.ask("show")["kept"]) < len(self.clients) and time.monotonic() < end:
            time.sleep(0.02)

    def all(self):
        shown = self.ask("show")
        return [shown["listener"], *shown["kept"]]

    def end(self):
        self.process.kill()
        self.process.wait()
        for client in self.clients:
            client.close()


def can_raise():
    """Some containers have no CAP_SYS_RESOURCE, whatever root does."""
    for line in open("/proc/self/status"):
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & 1 << 24)
    return False


def history():
    return report("history")


def relieve(server, *args, **more):
    return report("sockets", "relieve", "--pid", getattr(server, "pid", server), *args, **more)


OFF = [0, 7200, 75, 9]


# FILTER ERRNO CALL PROGRAM...: forbids a system call, then becomes the program.
FILTER = r"""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def op(code, jt, jf, k): return struct.pack("HBBI", code, jt, jf, k)
program = (op(0x20, 0, 0, 0) + op(0x15, 0, 1, int(sys.argv[2])) + op(0x06, 0, 0, 0x50000 | int(sys.argv[1])) +
           op(0x06, 0, 0, 0x7fff0000))
buffer = ctypes.create_string_buffer(program, len(program))
class Prog(ctypes.Structure): _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
prog = Prog(len(program) // 8, ctypes.addressof(buffer))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(prog)): sys.exit("no seccomp")
os.execv(sys.argv[3], sys.argv[3:])
"""


def filtered(errno, call):
    """A prefix for a command that runs without this system call."""
    return ("/usr/bin/python3", "-c", FILTER, str(errno), str(call))


def run_cases(functions, chosen):
    """All FUNCTIONS, or those that are CHOSEN. The exit status."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("100 s")))
    for function in functions:
        if not chosen or function.__name__ in chosen:
            signal.alarm(100) # of a case that waits for ever
            try:
                function()
            except Exception: # pylint: disable=broad-except
                check(f"{function.__name__} comes to its end", False, traceback.format_exc())
            signal.alarm(0)
    if not number:
        return 1 if failures else 0
    found = subprocess.run([SCHEMA_CHECK, *(f"{reports}/{n}" for n in os.listdir(reports))], capture_output=True,
                           text=True, check=False)
    check(f"{number} reports are valid", found.returncode == 0, found.stdout)
    return 1 if failures else 0
