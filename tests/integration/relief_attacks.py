#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""relief_attacks.py KEELTUNE SCHEMA_CHECK [CASE...]: what a program may do to `keeltune sockets relieve`, as result lines.

Run by relief.sh on a private copy of the host: descriptors that are shared, passed on, used again and closed while
relief runs; threads with tables of their own; programs that are stopped, end, become another, or are in a container.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from relief_world import KEELTUNE, OFF, SANITIZED, STATE, Server, can_raise, check, history, relieve, report, run, run_cases

ON = [1, 300, 15, 3]
KEEPALIVE = ("--keepalive", "300:15:3")
KILL_AT = os.environ.get("BUILDDIR", "build") + "/tests/kill-at"


def scratch(name):
    return os.path.join(os.environ.get("TMPDIR", "/tmp"), name)


class Program:
    """A program in Python that has T, of(SOCKET) and a pair() of sockets that are connected, says "ready", and then
    evaluates what it is asked."""

    HEAD = """
import ctypes, fcntl, json, os, resource, select, socket, sys, threading, time
T = socket.IPPROTO_TCP
resource.setrlimit(7, (1000, 4000))
def of(s):
    return [s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *(s.getsockopt(T, n) for n in (4, 5, 6))]
def pair():
    l = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(l.getsockname()); return c, l.accept()[0], l
def serve():
    for line in sys.stdin:
        print(json.dumps(eval(line)), flush=True)
"""
    TAIL = """
print("ready", flush=True)
serve()
"""

    def __init__(self, text, prefix=(), tail=TAIL, environment=()):
        self.process = subprocess.Popen([*prefix, "/usr/bin/python3", "-c", self.HEAD + text + tail],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **dict(environment)})
        self.pid = self.process.pid
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("a program of the test does not begin")

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.wait()


def waiting_connections():
    """What waits to be accepted when its listener is set has no descriptor, and does not inherit."""
    server = Server()
    os.kill(server.pid, signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)
    server.clients += [socket.create_connection(server.address) for _ in range(5)]
    done = relieve(server, *KEEPALIVE)
    check("a stopped server: its listener is set, what waits is named", done["exit"] == 1 and done["result"] == "differs"
          and done["sockets"]["waiting"] >= 4 and done["sockets"]["set"] >= 1
          and "waiting" in [n["id"] for n in done["notes"]], done)
    os.kill(server.pid, signal.SIGCONT)
    server.connect(1)
    check("the last one inherits", server.all()[-1] == ON, server.all())
    again = relieve(server, *KEEPALIVE)
    check("again, when they are accepted", again["exit"] == 0 and all(s == ON for s in server.all()), (again, server.all()))
    report("rollback")
    report("rollback")
    check("both are undone", server.all()[:-1] == [OFF] * 6, server.all())
    server.end()
    server = Server(soft=24, hard=4096)
    for _ in range(40):
        server.clients.append(socket.create_connection(server.address))
    time.sleep(0.3)
    done = relieve(server, *KEEPALIVE, "--nofile", "1000")
    check("a server at its limit accepts, and what waited is set as well", done["exit"] == 0
          and len(server.all()) == 41 and all(s == ON for s in server.all()), (done, len(server.all())))
    undone = report("rollback")
    check("it is one transaction", undone["rolled_back"] == done["rollback"] and server.all() == [OFF] * 41, undone)
    server.end()


def multipath():
    """Programs in Go listen with MPTCP."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
    except OSError:
        print("skip MPTCP sockets: this kernel has none")
        return
    program = Program("""
l = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); l.bind(("127.0.0.1", 0)); l.listen(9)
def connect(protocol):
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol); c.connect(l.getsockname()); return c, l.accept()[0]
socks = [l, *connect(0), *connect(262), *connect(262)]
socks[5].setsockopt(1, 9, 1)
""")
    before = program.ask("[of(s) for s in socks]")
    done = relieve(program, *KEEPALIVE)
    check("MPTCP: listener and connections are set", done["exit"] == 0 and done["sockets"]["set"] == 7 and
          program.ask("[of(s) for s in socks]") == [ON] * 7, (done, program.ask("[of(s) for s in socks]")))
    check("MPTCP: what is accepted then inherits it", program.ask("[of(s) for p in (0, 262) for s in [connect(p)[1]]]") == [ON] * 2)
    program.ask("socks[3].setsockopt(1, 9, 0)")
    report("rollback")
    after = program.ask("[of(s) for s in socks]")
    check("MPTCP: and back, each its own", after[:3] + after[4:] == before[:3] + before[4:], (before, after))
    program.end()


UNSHARED = """
mine, ready, go = {}, threading.Event(), threading.Event()
def apart():
    assert not ctypes.CDLL(None, use_errno=True).unshare(0x400)
    mine["pair"] = pair()
    while not ready.set() and go.wait():
        go.clear()
        mine["of"] = [of(s) for s in mine["pair"]]
thread = threading.Thread(target=apart, daemon=True); thread.start(); ready.wait(); ready.clear()
common = pair()
def look():
    ready.clear(); go.set(); ready.wait(); return [of(s) for s in common] + mine["of"]
"""


def has_thread_pidfd():
    """Since Linux 6.9."""
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups())) >= (6, 9)


def vanished_machine():
    """A peer in a namespace behind a cable that is pulled: read() fails after TIME + INTVL * PROBES, not before relief."""
    program = Program("""
l = socket.create_server(("10.203.0.1", 0)); kept = []
threading.Thread(target=lambda: [kept.append(l.accept()[0]) for _ in range(2)], daemon=True).start()
def ending(s, seconds):
    s.settimeout(seconds)
    try: return len(s.recv(1))
    except TimeoutError as error: return error.errno
""", prefix=("unshare", "--net", "sh", "-ec", '''ip link set lo up; ip link add near type veth peer name far
        unshare --net sleep 60 & far=$!; while [ /proc/$far/ns/net -ef /proc/self/ns/net ]; do sleep 0.01; done
        ip link set far netns $far; ip addr add 10.203.0.1/24 dev near; ip link set near up
        nsenter --net=/proc/$far/ns/net sh -c "ip addr add 10.203.0.2/24 dev far; ip link set far up; ip link show far" |
            sed -n "s:.*link/ether \\\\([^ ]*\\\\).*:ip neigh replace 10.203.0.2 lladdr \\\\1 dev near nud permanent:p" | sh
        echo $far >"$FAR"; exec "$@"''', "sh"), environment={"FAR": scratch("far")})
    far = open(scratch("far")).read().strip()
    peer = subprocess.Popen(["nsenter", f"--net=/proc/{far}/ns/net", "/usr/bin/python3", "-c", f"""
import socket, time
kept = [socket.create_connection(("10.203.0.1", {program.ask("l.getsockname()[1]")})) for _ in range(2)]
print("ready", flush=True); time.sleep(60)"""], stdout=subprocess.PIPE, text=True)
    peer.stdout.readline()
    subprocess.run(["nsenter", f"--net=/proc/{far}/ns/net", "ip", "link", "set", "far", "down"], check=True)
    check("a machine that vanished is not noticed", program.ask("ending(kept[0], 2.5)") is None)
    done = relieve(program, "--keepalive", "1:1:2")
    check("and is after relief: ETIMEDOUT", done["exit"] == 0 and program.ask("[ending(s, 9) for s in kept]") == [110, 110], done)
    peer.kill()
    peer.wait()
    program.end()
    os.kill(int(far), signal.SIGKILL)


def thread_tables():
    program = Program(UNSHARED)
    done = relieve(program, *KEEPALIVE)
    if has_thread_pidfd():
        check("a thread with a table of its own: its sockets are set, too", done["exit"] == 0 and
              done["sockets"]["set"] == 6 and program.ask("look()") == [ON] * 6, (done, program.ask("look()")))
    else:
        check("a thread with a table of its own is said to be out of reach", done["exit"] == 1 and
              done["sockets"]["thread_tables"] == 1 and done["sockets"]["set"] == 3, done)
    report("rollback")
    program.end()
    # The thread that began the process ends; the others go on, with their descriptors.
    program = Program("""
mine = pair()
threading.Thread(target=lambda: (time.sleep(0.3), print("ready", flush=True), serve())).start()
""", tail="ctypes.CDLL(None).syscall(60, 0)\n")
    done = relieve(program, *KEEPALIVE, "--nofile", "2000")
    if has_thread_pidfd():
        check("a process whose first thread has ended", done["exit"] == 0 and program.ask("[of(s) for s in mine]") == [ON] * 3
              and program.ask("resource.getrlimit(7)[0]") == 2000, done)
        report("rollback")
        check("and back", program.ask("[of(s) for s in mine]") == [OFF] * 3)
    else:
        check("a process whose first thread has ended is out of reach, and that is said", done["exit"] == 1 and
              done["sockets"]["thread_tables"] >= 1, done)
        report("rollback")
    program.end()


def shared():
    """Descriptors that are there twice, that were passed on, and sockets that workers share."""
    program = Program("""
a = pair(); twice = [a[0].dup() for _ in range(3)]
r, w = socket.socketpair(); socket.send_fds(w, [b"x"], [a[1].fileno()]) # in flight
child = os.fork()
if not child:
    time.sleep(300); os._exit(0)
""")
    child = program.ask("child")
    done = relieve(program, *KEEPALIVE)
    check("sockets that are there several times count once", done["exit"] == 0 and done["sockets"]["set"] == 3
          and done["sockets"]["gone"] == 0, done["sockets"])
    other = relieve(child, *KEEPALIVE)
    check("and are set for the worker that shares them", other["sockets"]["set"] == 0 and other["rollback"] is None
          and other["sockets"]["already"] >= 3, other)
    program.ask("twice[0].setsockopt(T, 4, 77)")
    text = run("rollback").stdout
    check("one that the program changed is left, once", "2 sockets set back, 1 left alone" in text, text)
    check("and only that one", program.ask("[of(s) for s in a]") == [[1, 77, 15, 3], OFF, OFF])
    os.kill(child, signal.SIGKILL)
    program.end()


def flags():
    """Neither flags nor epoll nor data nor the end of a connection are touched."""
    program = Program("""
c, s, l = pair(); s.setblocking(False); fcntl.fcntl(c, fcntl.F_SETFL, fcntl.fcntl(c, fcntl.F_GETFL) | os.O_ASYNC)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\x1e\\0\\0\\0")
e = select.epoll(); e.register(s, select.EPOLLIN | select.EPOLLET); e.register(l)
c.send(b"unread")
def state():
    return [[fcntl.fcntl(f, n) for n in (1, 3)] for f in (c, s, l)] + [s.recv(100, socket.MSG_PEEK).decode(), of(s)[0]]
""")
    before = program.ask("state()")
    done = relieve(program, *KEEPALIVE)
    after = program.ask("state()")
    check("flags and data are as they were", done["exit"] == 0 and before[:-1] == after[:-1] and after[-1] == 1, (before, after))
    check("epoll tells of it", program.ask("len(e.poll(2))") == 1)
    check("a close is a close", program.ask("(s.recv(100), s.close(), c.settimeout(2), len(c.recv(1)))[3]") == 0)
    report("rollback")
    program.end()


def one_copy():
    """No more than one copy of a descriptor at a time, closed before the next is taken; nothing else is done to it."""
    server = Server()
    server.connect(40)
    trace = tempfile.mkstemp()[1]
    asan = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    for command in (("sockets", "relieve", "--pid", str(server.pid), *KEEPALIVE), ("rollback",)):
        subprocess.run(["strace", "-qq", "-o", trace, KEELTUNE, *command], stdout=subprocess.DEVNULL, env=asan, check=False)
        copies, calls, wrong = 0, {}, []
        held = None
        for line in open(trace, encoding="utf-8", errors="replace"):
            name, number = (re.match(r"(\w+)\((\d*)", line) or re.match("()()", "")).groups()
            taken = re.match(r"pidfd_getfd\(.*\)\s+= (\d+)$", line)
            if taken:
                wrong += [line] if held else []
                held, copies = taken[1], copies + 1
            elif held and number == held:
                calls[name] = calls.get(name, 0) + 1
                held = None if name == "close" else held
        check(f"{command[0]}: one copy at a time, {copies} in all", copies >= 41 and not wrong and held is None, (wrong, held))
        check(f"{command[0]}: only looked at, set, and closed", set(calls) <= {"fstat", "newfstatat", "getsockopt", "setsockopt", "close"}
              and calls.get("close") == copies and calls.get("setsockopt") == 41 * 4, calls)
    os.unlink(trace)
    check("and all is as it was", server.all() == [OFF] * 41)
    server.end()


def another_proc():
    """pids of one namespace with the /proc of another: the wrong process is not to be met."""
    server = Server()
    for pid in (server.pid, 1, 2):
        result = run("sockets", "relieve", "--pid", pid, *KEEPALIVE, prefix=("unshare", "--pid", "--fork", "--kill-child"))
        check(f"a /proc that shows another process {pid}", result.returncode == 2 and
              ("another pid namespace" in result.stderr or "no process" in result.stderr or pid == 1), result)
    if not SANITIZED:  # a sanitizer reads /proc itself
        result = run("sockets", "relieve", "--pid", server.pid, *KEEPALIVE,
                     prefix=("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"))
        check("no /proc at all", result.returncode == 2 and "/proc" in result.stderr, result)
    check("nothing was set", server.all() == [OFF])
    server.end()


def not_for_relief():
    result = run("sockets", "relieve", "--pid", "1", "--nofile", "1:1", "--dry-run")
    check("process 1: nothing is lowered", result.returncode == 2 and "nothing is lowered" in result.stderr, result)
    program = Program("gone = os.fork()\nif not gone: os._exit(0)\ntime.sleep(0.1)\n")
    result = run("sockets", "relieve", "--pid", program.ask("gone"), *KEEPALIVE)
    check("a process that has ended and is not waited for", result.returncode == 2 and "no process" in result.stderr, result)
    program.end()
    server = Server(soft=1000, hard=2000)
    limit = tempfile.NamedTemporaryFile("w", suffix=".nr_open")
    limit.write("1500\n")
    limit.flush()
    mounted = ("unshare", "--mount", "sh", "-c", f'mount --bind {limit.name} /proc/sys/fs/nr_open && exec "$@"', "sh")
    result = run("sockets", "relieve", "--pid", server.pid, "--nofile", "1400", prefix=mounted)
    check("a hard limit above fs.nr_open: the kernel would take none", result.returncode == 2 and
          "above fs.nr_open" in result.stderr, result)
    result = run("sockets", "relieve", "--pid", server.pid, "--nofile", "1000", prefix=mounted)
    check("the limit that it has is no change", result.returncode == 0 and "nothing to change" in result.stdout, result)
    server.end()


def user_namespaces():
    # Not in a chroot: to enter the own mount namespace leads out of it.
    inside = ("nsenter", "--mount=/proc/self/ns/mnt", "unshare", "--user", "--map-root-user", "--fork", "--kill-child")
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        print("skip user namespaces: not allowed here")
        return
    server = Server(soft=1000, hard=2000, prefix=inside)
    child = int(open(f"/proc/{server.pid}/task/{server.pid}/children").read().split()[0])
    enter = ("nsenter", "--user", "--preserve-credentials", "--target", str(child))
    result = run("sockets", "relieve", "--pid", child, *KEEPALIVE, "--nofile", "2000", prefix=enter)
    check("root of a user namespace, what is allowed there", result.returncode == 0 and server.all() == [ON], result)
    run("rollback", prefix=enter)
    check("and back", server.all() == [OFF] and server.ask("show")["limit"] == [1000, 2000], server.ask("show"))
    result = run("sockets", "relieve", "--pid", child, "--nofile", "3000", prefix=enter)
    check("a higher hard limit is not, and that is said", result.returncode in (2, 3) and "CAP_SYS_RESOURCE" in result.stderr
          and "container" in result.stderr and server.ask("show")["limit"] == [1000, 2000], result)
    outside = Server()
    result = run("sockets", "relieve", "--pid", outside.pid, *KEEPALIVE, prefix=enter)
    check("a process outside of it neither", result.returncode == 2 and "user namespace" in result.stderr, result)
    outside.end()
    server.end()


def protected():
    """PR_SET_DUMPABLE 0, as of programs that were set-user-ID: for its own user it is out of reach."""
    unprivileged = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
    program = Program("mine = pair(); ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n", prefix=unprivileged)
    result = run("sockets", "relieve", "--pid", program.pid, *KEEPALIVE, "--dry-run", prefix=unprivileged)
    check("a protected process, for its own user", result.returncode == 2 and "protected" in result.stderr, result)
    done = relieve(program, *KEEPALIVE)
    check("for root", done["exit"] == 0 and program.ask("[of(s) for s in mine]") == [ON] * 3, done)
    report("rollback")
    program.end()


def becomes_another():
    """exec() keeps pid and start time: the limit can go back, sockets that were kept, too."""
    program = Program("""
mine = pair(); mine[0].set_inheritable(True)
def become():
    os.execv("/usr/bin/python3", ["python3", "-c", HEAD + "print('[]', flush=True); s = socket.socket(fileno=%d); serve()" % mine[0].fileno()])
""".replace("HEAD", repr(Program.HEAD.replace("resource.setrlimit(7, (1000, 4000))", ""))))
    done = relieve(program, *KEEPALIVE, "--nofile", "2000")
    check("a program before exec()", done["exit"] == 0 and done["sockets"]["set"] == 3, done)
    program.ask("become()")
    check("a socket that is kept keeps it", program.ask("of(s)") == ON)
    undone = report("rollback")
    check("after exec() it is undone", undone["exit"] == 0 and program.ask("of(s)") == OFF and
          program.ask("resource.getrlimit(7)[0]") != 2000, undone)
    program.end()


def states():
    """Every state that a socket with a descriptor can be in, and what is no TCP socket."""
    program = Program("""
c, s, l = pair()
wait = socket.socket(); wait.setblocking(False); wait.connect_ex(("203.0.113.1", 9)) # nobody answers
half, peer, l2 = pair(); peer.close()
closing, reader, l3 = pair(); closing.shutdown(1)
repaired, other, l4 = pair()
try: repaired.setsockopt(T, 19, 1)
except OSError: pass
dead, reset, l5 = pair(); reset.setsockopt(1, 13, b"\\1\\0\\0\\0\\0\\0\\0\\0"); reset.close(); time.sleep(0.05)
both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
mapped = socket.create_connection(("127.0.0.1", both.getsockname()[1])); six = both.accept()[0]
udp = socket.socket(type=socket.SOCK_DGRAM); unix = socket.socketpair(); raw = socket.socket(16, 3, 0); idle = socket.socket()
bound = socket.socket(); bound.bind(("127.0.0.1", 0))
live = [c, s, l, half, l2, closing, reader, l3, repaired, other, l4, dead, l5, both, mapped, six]
alive = [x for x in live if x.getsockopt(T, 11, 8)[0] != 7] + ([wait] if wait.getsockopt(T, 11, 8)[0] == 2 else [])
quiet = [x.getsockopt(1, 9) for x in (udp, idle, bound)]
""", prefix=("unshare", "--net", "sh", "-c", 'ip link set lo up; ip route add default dev lo; exec "$@"', "sh"))
    count = program.ask("len(alive)")
    done = relieve(program, *KEEPALIVE)
    check(f"{count} sockets in every state", done["exit"] == 0 and done["sockets"]["set"] == count and
          program.ask("[of(s) for s in alive]") == [ON] * count, (done["sockets"], count))
    check("what is closed, not connected or no TCP is left", program.ask("[x.getsockopt(1, 9) for x in (udp, idle, bound)]") == [0] * 3)
    report("rollback")
    check("and back", program.ask("[of(s) for s in alive]") == [OFF] * count)
    program.end()


def numbers_used_again():
    """Connections that end and descriptors whose numbers are another's at once, while relief runs again and again: each
    connection carries its bytes and is closed when the program closes it."""
    program = Program("""
wrong, turns, stop = [], 0, threading.Event()
def churn():
    global turns
    l = socket.create_server(("127.0.0.1", 0))
    while not stop.is_set():
        c = socket.create_connection(l.getsockname()); s = l.accept()[0]; c.settimeout(5)
        try:
            s.sendall(b"all of it"); s.close()
            got = b""
            while part := c.recv(100): got += part
            if got != b"all of it": wrong.append(repr(got))
        except OSError as error: wrong.append(str(error))
        c.close(); turns += 1
        os.close(os.open("/dev/null", os.O_RDONLY)); p = socket.socketpair(); p[0].close(); p[1].close()
threads = [threading.Thread(target=churn, daemon=True) for _ in range(4)]
for t in threads: t.start()
""")
    outcomes, ids = set(), []
    for turn in range(25):
        done = relieve(program, "--keepalive", f"{300 + turn}:15:3", "--nofile", str(2000 + turn))
        outcomes.add(done["exit"])
        ids.append(done["rollback"])
        if turn % 3 == 2:
            outcomes.add(report("rollback", "--all")["exit"])
    turns, wrong = program.ask("(stop.set(), [t.join() for t in threads], turns, wrong)[2:]")
    check(f"{turns} connections come and go while relief runs", not wrong and turns > 100 and outcomes <= {0, 1}, (wrong[:3], outcomes))
    report("rollback", "--all")
    check("nothing is left", history()["interrupted"] is None and all(e["state"] == "rolled-back" for e in history()["entries"]))
    program.end()


def at_once():
    """Two at the same time: one after the other, or one is refused."""
    server = Server(soft=5000, hard=9000)
    server.connect(300)
    both = [subprocess.Popen([KEELTUNE, "sockets", "relieve", "--pid", str(server.pid), "--keepalive", values, "--wait", "30"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for values in ("300:15:3", "400:16:4")]
    ends = [p.communicate() + (p.returncode,) for p in both]
    values = server.all()
    check("two at once, one after the other", [e[2] for e in ends] == [0, 0] and len(set(map(tuple, values))) == 1, ends)
    report("rollback", "--all")
    check("and both back", server.all() == [OFF] * 301)
    server.end()


def killed():
    """Dies at its Nth system call: at the first, around every one that changes something, and at some in between."""
    server = Server(soft=1000, hard=3000)
    server.connect(12)
    command = [KEELTUNE, "sockets", "relieve", "--pid", str(server.pid), *KEEPALIVE, "--nofile", "2000"]
    shutil.rmtree(STATE, ignore_errors=True)
    counted = subprocess.run([KILL_AT, "0", *command], capture_output=True, text=True, check=False)
    total = int(counted.stderr.split()[-1])
    report("rollback")
    wrong, interrupted, killed = [], 0, 0
    for number in range(1, total + 1, max(total // 160, 1)):
        died = subprocess.run([KILL_AT, str(number), *command], capture_output=True, check=False).returncode == 137
        killed += died
        found = history()
        interrupted += found["interrupted"] is not None
        undone = report("rollback", "--all")
        shown = server.ask("show")
        if undone["exit"] or server.all() != [OFF] * 13 or shown["limit"] != [1000, 3000] or history()["interrupted"]:
            wrong.append((number, undone["exit"], server.all(), shown["limit"]))
    check(f"killed at {killed} of {total} places, {interrupted} times in between", not wrong and killed > 50 and interrupted, wrong[:2])
    relieve(server, *KEEPALIVE, "--nofile", "2000")
    counted = subprocess.run([KILL_AT, "0", KEELTUNE, "rollback"], capture_output=True, text=True, check=False)
    total, wrong = int(counted.stderr.split()[-1]), []
    for number in range(1, total + 1, max(total // 60, 1)):
        relieve(server, *KEEPALIVE, "--nofile", "2000")
        subprocess.run([KILL_AT, str(number), KEELTUNE, "rollback"], capture_output=True, check=False)
        undone = report("rollback", "--all")
        if undone["exit"] or server.all() != [OFF] * 13 or server.ask("show")["limit"] != [1000, 3000]:
            wrong.append((number, undone["exit"], server.all()[:2], server.ask("show")["limit"]))
    check("a rollback that is killed is finished by the next", not wrong, wrong[:2])
    server.end()


def no_room():
    """A full disk: refused before anything is changed."""
    server = Server()
    server.connect(3)
    inside = ("unshare", "--mount", "sh", "-c", 'mkdir -p /var/lib/keeltune && mount -t tmpfs -o size=12k none /var/lib/keeltune && mkdir -m 700 '
              '/var/lib/keeltune/rollback && head -c 100k /dev/zero >/var/lib/keeltune/fill; exec "$@"', "sh")
    result = run("sockets", "relieve", "--pid", server.pid, *KEEPALIVE, prefix=inside)
    check("no room for the record", result.returncode == 2 and server.all() == [OFF] * 4, result)
    server.end()


def other_languages():
    """Servers in other languages: what they accept later inherits it."""
    servers = {
        "perl": ["-e", """use IO::Socket::INET; $| = 1; $l = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1");
                  print $l->sockport, "\\n"; while ($c = $l->accept) { push @a, $c }"""],
        "node": ["-e", """const s = require("net").createServer(c => c.on("error", () => 0));
                  s.listen(0, "127.0.0.1", () => console.log(s.address().port))"""],
        "ruby": ["-rsocket", "-e", """$stdout.sync = true; l = TCPServer.new("127.0.0.1", 0); puts l.addr[1]; a = []
                  loop { a << l.accept }"""],
    }
    for name, args in servers.items():
        path = shutil.which(name)
        if not path:
            continue
        program = subprocess.Popen([path, *args], stdout=subprocess.PIPE, text=True)
        address = ("127.0.0.1", int(program.stdout.readline()))
        clients = [socket.create_connection(address) for _ in range(3)]
        time.sleep(0.3)
        done = relieve(program.pid, *KEEPALIVE)
        clients += [socket.create_connection(address) for _ in range(2)]
        time.sleep(0.3)
        again = relieve(program.pid, *KEEPALIVE, "--dry-run")
        check(f"a server in {name}", done["exit"] == 0 and done["sockets"]["set"] == 4 and again["sockets"]["set"] == 0
              and again["sockets"]["already"] == 6, (done["sockets"], again["sockets"]))
        report("rollback")
        program.kill()
        program.wait()


def with_files():
    """rollback --all takes it back with what an apply did, in the right order."""
    server = Server()
    profile = tempfile.NamedTemporaryFile("w", suffix=".conf")
    profile.write('format = 1\nname = "relief"\nsysctl "net.ipv4.tcp_keepalive_time" { value = 1800 }\n')
    profile.flush()
    first = relieve(server, *KEEPALIVE)["rollback"]
    applied = report("apply", profile.name)["rollback"]
    last = relieve(server, "--keepalive", "60:10:3")["rollback"]
    check("an older one is built on: not out of turn", report("rollback", first)["exit"] == 1)
    undone = report("rollback", "--all")
    check("rollback --all", undone["undone"] == [last, applied, first] and server.all() == [OFF], undone)
    server.end()


CASES = [waiting_connections, vanished_machine, multipath, thread_tables, shared, flags, one_copy, another_proc, not_for_relief, user_namespaces,
         protected, becomes_another, states, numbers_used_again, at_once, killed, no_room, other_languages, with_files]
sys.exit(run_cases(CASES, sys.argv[3:]))
