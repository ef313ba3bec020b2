#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""relief_cases.py KEELTUNE SCHEMA_CHECK [CASE...]: `keeltune sockets relieve` on real programs, as result lines.

Run by relief.sh on a private copy of the host. A case is a function.
"""

import ctypes
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

from relief_world import (KEELTUNE, OFF, SANITIZED, STATE, Server, can_raise, check, filtered, history, relieve, report, run,
                          run_cases)


def keepalive():
    server = Server()
    server.connect(5)
    server.ask("set 0 1 600")
    before = server.all()
    files = sorted(os.listdir(STATE)) if os.path.isdir(STATE) else []
    dry = relieve(server, "--keepalive", "300:15:3", "--dry-run")
    check("a dry run says what would be set", dry["sockets"]["set"] == 6 and dry["dry_run"], dry)
    check("and sets nothing", server.all() == before, server.all())
    check("and writes nothing", files == (sorted(os.listdir(STATE)) if os.path.isdir(STATE) else []))
    done = relieve(server, "--keepalive", "300:15:3")
    check("five sockets and the listener are set", done["exit"] == 0 and done["sockets"]["set"] == 6
          and done["sockets"]["listeners"] == 1, done)
    check("they have it", all(s == [1, 300, 15, 3] for s in server.all()), server.all())
    server.connect(2)
    check("what is accepted later inherits it", server.all()[-1] == [1, 300, 15, 3], server.all())
    text = run("history", "show", done["rollback"]).stdout
    check("the history says what was there", "off:7200:75:9 (5 sockets), on:600:75:9 (1 socket)" in text
          and "on:300:15:3" in text, text)
    report("history", "show", done["rollback"])
    again = relieve(server, "--keepalive", "300:15:3")
    check("again: nothing to change, no rollback file", again["sockets"]["already"] == 8
          and again["rollback"] is None, again)
    server.ask("close 4")
    server.ask("set 1 1 1234")
    undone = report("rollback")
    check("rollback puts them back", undone["exit"] == 0, undone)
    after = server.all()
    check("socket by socket", after[0] == OFF and after[1] == [1, 600, 75, 9] and after[3:5] == [OFF, OFF], after)
    check("one that the program changed since is left alone", after[2] == [1, 1234, 15, 3], after)
    check("one that was accepted since keeps what it inherited", after[-1] == [1, 300, 15, 3], after)
    server.end()


def after_the_end():
    server = Server()
    server.connect(3)
    relieve(server, "--keepalive", "60:10:3", "--nofile", "2000")
    server.end()
    shown = run("rollback", "--dry-run").stdout
    check("a process that has ended takes its sockets along", "the process has ended" in shown, shown)
    undone = report("rollback")
    check("and its rollback has nothing to do", undone["exit"] == 0, undone)


def several_kinds():
    for family in "46":
        server = Server(family=family)
        server.connect(2)
        done = relieve(server, "--keepalive", "32767:32767:127")
        check(f"IPv{family}, the highest numbers", done["exit"] == 0 and
              all(s == [1, 32767, 32767, 127] for s in server.all()), done)
        report("rollback")
        check(f"IPv{family}, and back", all(s == OFF for s in server.all()), server.all())
        server.end()
    # Other descriptors: unconnected and UDP and Unix sockets, pipes, the same socket twice.
    program = subprocess.Popen(["/usr/bin/python3", "-c", """
import socket, os, sys
l = socket.create_server(("127.0.0.1", 0)); u = socket.socket(type=socket.SOCK_DGRAM); n = socket.socket()
a, b = socket.socketpair(); twice = os.dup(l.fileno()); os.pipe()
print("ready", flush=True); sys.stdin.readline()
print(l.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), n.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    program.stdout.readline()
    done = relieve(program.pid, "--keepalive", "300:15:3")
    check("one socket with two descriptors is one change", done["sockets"]["set"] == 1, done)
    check("sockets that are not connected are left alone", program.communicate("\n")[0].split() == ["1", "0"])


def limits():
    server = Server(soft=40, hard=4096)
    for _ in range(60):
        server.clients.append(socket.create_connection(server.address))
    time.sleep(0.5)
    stuck = server.ask("show")
    check("a server at EMFILE accepts no more", stuck["errors"] > 0 and len(stuck["kept"]) < 50, stuck["errors"])
    done = relieve(server, "--nofile", "2048")
    check("its limit is raised", done["exit"] == 0 and server.ask("show")["limit"] == [2048, 4096], done)
    server.connect(1)
    check("and it accepts again", len(server.ask("show")["kept"]) == 61, len(server.ask("show")["kept"]))
    for bad, why in (("1024", "nothing is lowered"), ("4000:4095", "nothing is lowered"),
                     ("99999999", "fs.nr_open"), ("3000:2000", "above the hard"), ("0", "SOFT"), ("-1", "SOFT"),
                     ("12x", "SOFT"), ("unlimited", "SOFT"), ("", "SOFT"), ("99999999999999999999", "SOFT")):
        result = run("sockets", "relieve", "--pid", server.pid, "--nofile", bad)
        check(f"--nofile '{bad}' is refused", result.returncode == 2 and why in result.stderr, result)
    report("rollback")
    check("rollback lowers it again", server.ask("show")["limit"] == [40, 4096])
    if can_raise():
        done = relieve(server, "--nofile", "5000:6000")
        check("the hard one, too", server.ask("show")["limit"] == [5000, 6000], done)
        report("rollback")
    else:
        print("note raising a hard limit was not tried: root has no CAP_SYS_RESOURCE here")
    done = relieve(server, "--nofile", "3000")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3500, 4096))
    undone = report("rollback")
    check("changed since by somebody else: a conflict", undone["exit"] == 1 and len(undone["conflicts"]) == 1, undone)
    undone = report("rollback", "--force")
    check("--force puts it back", server.ask("show")["limit"] == [40, 4096], undone)
    server.end()


def arguments():
    server = Server()
    for bad in ("0:15:3", "300:0:3", "300:15:0", "32768:15:3", "300:32768:3", "300:15:128", "300:15", "300",
                "300:15:3:4", "-1:15:3", "a:b:c", "", "300:15:3x", " 300:15:3", "+300:15:3", "0300:15:3"):
        result = run("sockets", "relieve", "--pid", server.pid, "--keepalive", bad)
        check(f"--keepalive '{bad}' is refused", result.returncode == 2 and "TIME:INTVL:PROBES" in result.stderr, result)
    for args, why in ((["--pid", server.pid], "needs --keepalive"), (["--keepalive", "1:1:1"], "--pid PID"),
                      (["--pid", "x", "--nofile", "5000"], "number"), (["--pid", "0", "--nofile", "5000"], "number"),
                      (["--pid", 4194305, "--nofile", "5000"], "no process"),
                      (["--pid", server.pid, "--nofile", "5000", "--netns", "x"], "takes --pid"),
                      (["--pid", server.pid, "--nofile", "5000", "--root", "/"], "running system")):
        result = run("sockets", "relieve", *args)
        check(f"refused: {' '.join(map(str, args))[:50]}", result.returncode == 2 and why in result.stderr, result)
    thread = [t for t in os.listdir(f"/proc/{server.pid}/task") if int(t) != server.pid][0]
    result = run("sockets", "relieve", "--pid", thread, "--nofile", "5000")
    check("a thread is not a process", result.returncode == 2 and "thread" in result.stderr, result)
    for args in (["--keepalive", "1:1:1"], ["--nofile", "5"], ["--dry-run"], ["--comment", "x"]):
        check(f"{args[0]} without relieve", run("sockets", *args).returncode == 2)
    check("nothing was set", server.all() == [OFF])
    server.end()


def privileges():
    unprivileged = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    own = Server(prefix=unprivileged)
    own.connect(2)
    others = Server()
    dry = relieve(own, "--keepalive", "300:15:3", "--nofile", "4096", "--dry-run", prefix=unprivileged)
    check("an own process, without privilege: a dry run", dry["exit"] == 0 and dry["sockets"]["set"] == 3, dry)
    for what in (["--keepalive", "300:15:3"], ["--nofile", "4096"]):
        result = run("sockets", "relieve", "--pid", others.pid, *what, "--dry-run", prefix=unprivileged)
        check(f"another user's is refused: {what[0]}", result.returncode == 2 and "root" in result.stderr, result)
    result = run("sockets", "relieve", "--pid", own.pid, "--keepalive", "300:15:3", prefix=unprivileged)
    check("the change itself needs root, for its record", result.returncode == 2 and "needs root" in result.stderr, result)
    result = run("sockets", "relieve", "--pid", own.pid, "--keepalive", "300:15:3",
                 prefix=("setpriv", "--bounding-set", "-sys_ptrace"))
    check("root without CAP_SYS_PTRACE", result.returncode == 2 and "CAP_SYS_PTRACE" in result.stderr, result)
    result = run("sockets", "relieve", "--pid", others.pid, "--nofile", "5000:5000",
                 prefix=("setpriv", "--bounding-set", "-sys_resource") if can_raise() else ())
    check("root without CAP_SYS_RESOURCE", result.returncode == 2 and "CAP_SYS_RESOURCE" in result.stderr, result)
    for errno in (1, 38):
        for call, number in (("pidfd_getfd", 438), ("pidfd_open", 434)):
            result = run("sockets", "relieve", "--pid", others.pid, "--keepalive", "300:15:3", prefix=filtered(errno, number))
            check(f"a filter forbids {call} with errno {errno}", result.returncode == 2 and "seccomp" in result.stderr
                  and call in result.stderr, result)
    if not SANITIZED:  # a sanitizer asks for limits itself
        result = run("sockets", "relieve", "--pid", others.pid, "--nofile", "4096", prefix=filtered(1, 302))
        check("a filter forbids prlimit", result.returncode == 2 and ("seccomp" in result.stderr or
              not can_raise() and "CAP_SYS_RESOURCE" in result.stderr), result)
    check("nothing was set", own.all() == [OFF] * 3 and others.all() == [OFF])
    own.end()
    others.end()


def elsewhere():
    # Strict seccomp: after it only read, write and exit are left to the process.
    program = subprocess.Popen(["/usr/bin/python3", "-c", """
import ctypes, os, resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 4000))
l = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(l.getsockname()); a = l.accept()[0]
os.write(1, b"ready\\n")
ctypes.CDLL(None).prctl(22, 1, 0, 0, 0)
os.read(0, 1)
os.write(1, b"lives\\n")
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    program.stdout.readline()
    time.sleep(0.2)
    done = relieve(program.pid, "--keepalive", "300:15:3", "--nofile", "3000")
    check("a process under strict seccomp", done["exit"] == 0 and done["sockets"]["set"] == 3, done)
    program.stdin.write(b"x")
    program.stdin.flush()
    check("lives on", program.stdout.readline() == b"lives\n")
    report("rollback")
    program.kill()
    program.wait()
    server = Server(prefix=("unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c",
                            'ip link set lo up; exec "$@"', "sh"))
    child = int(open(f"/proc/{server.pid}/task/{server.pid}/children").read().split()[0])
    done = relieve(child, "--keepalive", "300:15:3", "--nofile", "4096")
    check("a process of another network and pid namespace", done["exit"] == 0 and server.all() == [[1, 300, 15, 3]], done)
    report("rollback")
    check("and back", server.all() == [OFF] and server.ask("show")["limit"] == [1024, 4096], server.all())
    server.end()


def half_open():
    """The peer is gone without a word: keepalive tells the server after TIME + INTVL * PROBES."""
    server = Server()
    client = socket.create_connection(server.address)
    server.clients.append(client)
    time.sleep(0.2)
    # A filter of the socket that drops everything: nobody answers, as with a machine that lost its power.
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    client.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(drop)))
    check("a half-open peer is not noticed", server.ask("read 0 3") == "still open")
    relieve(server, "--keepalive", "1:1:2")
    ending = server.ask("read 0 12")
    check("and is after relief", ending == "ETIMEDOUT", ending)
    report("rollback")
    server.end()


def races():
    # Connections that come while relief runs: none is without keepalive afterwards.
    server = Server(soft=20000, hard=20000)
    stop = threading.Event()

    def come_and_go(keep):
        mine = []
        while not stop.is_set():
            try:
                mine.append(socket.create_connection(server.address))
            except OSError:
                continue
            if not keep or len(mine) > 2000:
                mine.pop(0).close()
        server.clients += mine
    threads = [threading.Thread(target=come_and_go, args=(keep,)) for keep in (True, False)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    done = relieve(server, "--keepalive", "300:15:3")
    time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join()
    time.sleep(0.5)
    left = [s for s in server.all() if s != [1, 300, 15, 3]]
    check("connections that come while relief runs get it, too", done["exit"] == (done["sockets"]["waiting"] > 0) and not left,
          (done["sockets"], len(left), left[:3]))
    undone = report("rollback")
    check("one rollback takes all back", undone["rolled_back"] == done["rollback"] and
          [e["profiles"] for e in history()["entries"] if e["state"] != "rolled-back"].count(f"relieve-{server.pid}") == 0,
          undone)
    check("the listener is as before", server.all()[0] == OFF, server.all()[0])
    back = sum(s == OFF for s in server.all()[1:])
    check("and what was set, in all looks", back >= done["sockets"]["set"] - done["sockets"]["gone"] - 1 - 2000, (back, done["sockets"]))
    server.end()
    # Processes that end at any moment of a relief.
    outcomes = set()
    for turn in range(30):
        server = Server()
        server.connect(20)
        threading.Timer(turn * 0.002, server.process.kill).start()
        result = relieve(server, "--keepalive", "300:15:3", "--nofile", "3000")
        outcomes.add(result["exit"])
        if result["exit"] not in (0, 2, 3):
            check("a process that ends while relief runs", False, result)
        server.end()
        if result["rollback"]:
            report("rollback")
    check("processes that end while relief runs: done, refused or put back", outcomes <= {0, 2, 3}, outcomes)
    check("nothing is left interrupted", history()["interrupted"] is None)


def reused_pid():
    """Another process with the same pid is never touched: the start time is not the same."""
    def with_pid(pid):
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(pid - 1))
        return Server()
    first = with_pid(20000)
    relieve(first, "--keepalive", "300:15:3", "--nofile", "3000")
    first.end()
    second = with_pid(20000)
    check("the pid is used again", second.pid == 20000 == first.pid, (first.pid, second.pid))
    undone = report("rollback")
    check("rollback leaves the other process alone", undone["exit"] == 0 and second.all() == [OFF] and
          second.ask("show")["limit"] == [1024, 4096], undone)
    second.end()


def interrupted():
    """Killed between the first change and the record: rollback puts back what was set."""
    server = Server(soft=10000, hard=20000)
    server.connect(3000)
    seen = 0
    for turn in range(12):
        process = subprocess.Popen([KEELTUNE, "sockets", "relieve", "--pid", str(server.pid), "--keepalive", "300:15:3",
                                    "--nofile", "15000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.01 + turn * 0.006)
        process.kill()
        process.wait()
        found = history()
        seen += found["interrupted"] is not None
        while any(e["state"] != "rolled-back" for e in history()["entries"]):
            undone = report("rollback")
            if undone["exit"]:
                check("an interrupted relief is undone", False, undone)
                break
    shown = server.ask("show")
    wrong = [s for s in server.all() if s != OFF]
    check(f"killed at any moment ({seen} times in between): all is as before", not wrong and
          shown["limit"] == [10000, 20000], (len(wrong), wrong[:3], shown["limit"]))
    server.end()


def many():
    server = Server(soft=20000, hard=20000)
    server.connect(8000)
    start = time.monotonic()
    done = relieve(server, "--keepalive", "300:15:3")
    took = time.monotonic() - start
    size = os.path.getsize(f"{STATE}/{done['rollback']}/manifest.json")
    check("8,000 sockets", done["sockets"]["set"] == 8001, done["sockets"])
    check("take a small manifest", size < 120000, size)
    print(f"# {took:.2f} s, a manifest of {size} bytes")
    report("rollback")
    check("and back", all(s == OFF for s in server.all()))
    server.end()


def pruned():
    """A rollback file stays while it is the way back, and may go with its process."""
    server = Server()
    kept = relieve(server, "--keepalive", "300:15:3")["rollback"]
    found = report("history", "prune", "--keep", "0", "--dry-run")
    check("prune leaves what a living process has to go back to", kept in [e["id"] for e in found["kept"]], found)
    server.end()
    found = report("history", "prune", "--keep", "0")
    check("and removes it with the process", kept in found["removed"], found)


def forged():
    """What a manifest says is not believed: no place but a process's, no value that is none."""
    server = Server()
    server.connect(1)
    name = relieve(server, "--keepalive", "300:15:3", "--nofile", "3000")["rollback"]
    path = f"{STATE}/{name}/manifest.json"
    with open(path) as file:
        good = file.read()
    for old, new in (("/nofile", "/../nofile"), ("/keepalive", "/nofile"), ("process/", "/etc/"),
                     ("1024:4096", "4096:1024"), ("off:7200:75:9", "off:7200:75"), ("on:300:15:3", "on:0:15:3"),
                     ("on:300:15:3", "off:300:15:3"), ("@", "@0"), (f"/{server.pid}@", "/-1@")):
        with open(path, "w") as file:
            file.write(good.replace(old, new, 1))
        result = run("rollback", name)
        check(f"forged: {old} to {new}", result.returncode == 2 and "not one that keeltune makes" in result.stderr
              or "of the same path" in result.stderr, result)
    check("and nothing is set by it", all(s == [1, 300, 15, 3] for s in server.all()))
    with open(path, "w") as file:
        file.write(good)
    report("rollback")
    server.end()


def no_copy_is_held():
    """While a copy of a descriptor is held close() sends no FIN: after relief the peer sees it at once."""
    server = Server()
    server.connect(1)
    relieve(server, "--keepalive", "300:15:3")
    server.ask("close 0")
    server.clients[0].settimeout(2)
    check("a close() sends its FIN", server.clients[0].recv(1) == b"")
    report("rollback")
    server.end()


CASES = [keepalive, after_the_end, several_kinds, limits, arguments, privileges, elsewhere, half_open, races, interrupted,
         many, pruned, forged, no_copy_is_held]
sys.exit(run_cases([reused_pid] if sys.argv[3:] == ["reused_pid"] else CASES, sys.argv[3:]))
