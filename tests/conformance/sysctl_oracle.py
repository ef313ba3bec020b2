# SPDX-License-Identifier: MIT
"""For sysctl-cases.py and sysctl-random.py: lets the real programs apply a tree of sysctl files and
asks the model what they would do.

A tree is a dict: path -> bytes, Link(target) or DIRECTORY. The programs run in private mount and
network namespaces: etc, run, usr/local/lib and usr/lib/sysctl.d of the tree lie over those of the
host, everything of /proc/sys but net/ is read-only, and each run gets a fresh network namespace, so
that what the kernel then holds there is the truth.
"""

import ctypes
import glob
import os
import pickle
import re
import shutil
import signal
import stat
import subprocess
import sys

DIRECTORY = object()
BUILD = os.environ.get("BUILDDIR", "build")
MODEL = os.path.join(BUILD, "tests", "boot-values")

KEYS = [
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.ip_local_port_range",
    "net.core.somaxconn",
]
LAID_OVER = ["etc", "run", "usr/local/lib", "usr/lib/sysctl.d"]


class Link:
    def __init__(self, target):
        self.target = target

    def __repr__(self):
        return "Link(%r)" % self.target


class Skip(Exception):
    pass


# ---- the programs


def output_of(command):
    try:
        return subprocess.run(command, capture_output=True, timeout=20).stdout.decode()
    except OSError:
        return ""


def programs(given=()):
    """engine -> command; GIVEN are ENGINE=PATH."""
    found = {}
    for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"):
        if os.path.exists(path):
            found["systemd"] = path
            break
    version = output_of(["sysctl", "--version"])
    if "procps-ng 4" in version:
        found["procps"] = shutil.which("sysctl")
    elif "procps-ng 3" in version:
        found["procps3"] = shutil.which("sysctl")
    if shutil.which("busybox") and "sysctl" in output_of(["busybox", "--list"]).split():
        found["busybox"] = shutil.which("busybox")
    for item in given:
        engine, path = item.split("=", 1)
        found[engine] = os.path.abspath(path)
    return found


def version_of(engine, program):
    """As numbers: (252,), (4, 0, 2), (1, 37, 0)."""
    text = output_of([program] if engine == "busybox" else [program, "--version"])
    found = re.search(r"(?:systemd |procps-ng |BusyBox v)([0-9]+(?:\.[0-9]+)*)", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def title(engine, program):
    return " ".join([engine, ".".join(str(part) for part in version_of(engine, program))]).strip()


# What the model does not follow: engine, the version from which it is as the model says, lines that
# older ones take in another way, what that way is.
OLDER = [
    ("systemd", (252,), re.compile(rb"/\.\.|\.\./|\.//|//\."), "follows '..' in a name"),
    ("busybox", (1, 35), re.compile(rb"\.[^=\n]*/"), "finds names with a '/' behind a '.'"),
]

def differences(engine, program):
    """[(pattern of lines, reason)] that hold for the version of PROGRAM."""
    version = version_of(engine, program)
    return [(lines, why) for name, since, lines, why in OLDER if name == engine and () < version < since]


# What main/openrc/sysctl.initd of Alpine does, with the program as $0.
ALPINE = r"""
for f in /usr/lib/sysctl.d/*.conf; do
    [ -f "/etc/sysctl.d/${f##*/}" ] && continue
    [ -f "/run/sysctl.d/${f##*/}" ] && continue
    [ -f "$f" ] && "$0" sysctl -q -p "$f"
done
for f in /etc/sysctl.d/*.conf; do
    [ -f "/run/sysctl.d/${f##*/}" ] && continue
    [ -f "$f" ] && "$0" sysctl -q -p "$f"
done
[ -f /etc/sysctl.conf ] && "$0" sysctl -q -p /etc/sysctl.conf
for f in /run/sysctl.d/*.conf; do
    [ -f "$f" ] && "$0" sysctl -q -p "$f"
done
"""


def command_of(engine, program):
    if engine == "systemd":
        return [program]
    if engine == "busybox":
        return ["/bin/sh", "-c", ALPINE, program]
    return [program, "-q", "--system"]


# ---- the sandbox

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def must(result, what):
    if result != 0:
        raise Skip("%s: %s" % (what, os.strerror(ctypes.get_errno())))


def make_private():
    """No mount of ours may reach another namespace."""
    if libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0:
        return
    # In a chroot the root is no mount point. Then none of what is mounted there may be shared.
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as table:
        if any(" shared:" in line for line in table):
            raise Skip("the root is no mount point and mounts here are shared")


def mount(source, target, kind, flags):
    encode = lambda text: text.encode() if text else None
    must(libc.mount(encode(source), target.encode(), encode(kind), flags, None), "mount " + target)


def read_key(key):
    with open("/proc/sys/" + key.replace(".", "/")) as file:
        return " ".join(file.read().split())


class Oracle:
    """A context manager, for a process of its own: it moves to private namespaces."""

    def __init__(self, work):
        if os.geteuid() != 0:
            raise Skip("needs root")
        if not os.path.exists(MODEL):
            raise Skip("%s is not built" % MODEL)
        self.root = os.path.join(os.path.abspath(work), "tree")
        must(libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
        make_private()
        os.makedirs(self.root)
        mount("tmpfs", self.root, "tmpfs", 0)
        for name in LAID_OVER:
            os.makedirs(os.path.join(self.root, name))
        os.symlink("usr/lib", self.root + "/lib")
        mount("/proc/sys/net", "/proc/sys/net", None, MS_BIND)
        mount("/proc/sys", "/proc/sys", None, MS_BIND | MS_REC)
        mount(None, "/proc/sys", None, MS_BIND | MS_REMOUNT | MS_RDONLY)
        for name in LAID_OVER:
            os.makedirs("/" + name, exist_ok=True)
            mount(os.path.join(self.root, name), "/" + name, None, MS_BIND)
        with open("/proc/sys/net/ipv4/tcp_keepalive_time", "w") as file:
            file.write("7200\n")
        try:
            open("/proc/sys/vm/swappiness", "w").close()
        except OSError:
            return
        raise Skip("/proc/sys could not be made read-only")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in LAID_OVER:
            libc.umount2(("/" + name).encode(), 2)
        libc.umount2(self.root.encode(), 2)

    def plant(self, tree):
        for name in LAID_OVER:
            top = os.path.join(self.root, name)
            for entry in os.listdir(top):
                path = os.path.join(top, entry)
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)
        for path, what in tree.items():
            place = self.root + os.fsdecode(path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            if what is DIRECTORY:
                os.makedirs(place, exist_ok=True)
            elif isinstance(what, Link):
                os.symlink(what.target, place)
            else:
                with open(place, "wb") as file:
                    file.write(what)

    def run_program(self, engine, program):
        """The values of KEYS after ENGINE has applied the planted tree, and before."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(reader)
                must(libc.unshare(CLONE_NEWNET), "unshare")
                before = {key: read_key(key) for key in KEYS}
                subprocess.run(
                    command_of(engine, program),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_LOG_TARGET": "null"},
                    timeout=30,
                )
                after = {key: read_key(key) for key in KEYS}
                with os.fdopen(writer, "wb") as file:
                    pickle.dump((before, after), file)
                status = 0
            finally:
                os._exit(status)
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            answer = file.read()
        os.waitpid(child, 0)
        if not answer:
            raise RuntimeError("%s did not run" % program)
        return pickle.loads(answer)

    def ask_model(self, engine, model=MODEL):
        text = subprocess.run(
            [model, self.root, engine] + KEYS, stdout=subprocess.PIPE, check=True, timeout=60
        ).stdout.decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def compare(self, tree, engine, program):
        """[] when they agree, else [(key, the program's value, the model's)]."""
        self.plant(tree)
        before, real = self.run_program(engine, program)
        model = self.ask_model(engine)
        return [
            (key, real[key], model[key])
            for key in KEYS
            if real[key] != (before[key] if model[key] == "-" else model[key])
        ]


def reduce(tree, disagrees):
    """The smallest tree found for which DISAGREES(tree) still holds."""
    changed = True
    while changed:
        changed = False
        for path in list(tree):
            smaller = {other: tree[other] for other in tree if other != path}
            if disagrees(smaller):
                tree, changed = smaller, True
        for path, what in list(tree.items()):
            if not isinstance(what, bytes):
                continue
            size = max(len(what) // 2, 1)
            while size:
                at = 0
                while at < len(tree[path]):
                    smaller = dict(tree)
                    smaller[path] = tree[path][:at] + tree[path][at + size :]
                    if disagrees(smaller):
                        tree, changed = smaller, True
                    else:
                        at += size
                size //= 2
    return tree


def show(tree):
    return "{\n" + "".join("    %r: %r,\n" % item for item in sorted(tree.items())) + "}"
