# SPDX-License-Identifier: MIT
"""The private host that the fault tests work on: what keeltune may change, as one value that can be compared
and put back, and keeltune runs on it. Only inside ns.sh (there /etc, /var and the keys below are private)."""

import json
import os
import re
import shutil
import stat
import subprocess

KEELTUNE = os.environ["KEELTUNE"]
VARIANT = os.environ.get("KEELTUNE_VARIANT", "release")
ASAN, COVERAGE, RELEASE = (VARIANT == name for name in ("asan", "coverage", "release"))
TESTS = os.environ["BUILDDIR"] + "/tests"
ID = re.compile(rb"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9_.+-]*")
STATE = "/var/lib/keeltune"
JOURNAL = STATE + "/rollback"
TARGETS = ["/etc/sysctl.conf", "/etc/sysctl.d", "/etc/security", "/etc/pam.d"]
KEYS = {"net/ipv4/tcp_keepalive_time": "7200", "net/ipv4/tcp_keepalive_intvl": "75", "net/ipv4/tcp_keepalive_probes": "9",
        "net/ipv4/tcp_fin_timeout": "60", "net/ipv4/ip_local_port_range": "32768\t60999", "fs/file-max": "9223372036854775807"}

PROFILES = {
    # What an apply may do: kernel values of one and of two numbers, drop-ins, a PAM line.
    "new": """
        sysctl "net.ipv4.tcp_keepalive_time"   { value = 1800 at_most = 1800 }
        sysctl "net.ipv4.tcp_keepalive_intvl"  { value = 15 at_most = 15 }
        sysctl "net.ipv4.tcp_keepalive_probes" { value = 3 at_least = 2 at_most = 5 }
        sysctl "net.ipv4.ip_local_port_range"  { value = "1024 65535" }
        sysctl "fs.file-max"                   { value = 65536 }
        limits "*" { item "nofile" { soft = 4096 hard = 4096 } }
        pam "login" { module = "pam_limits.so" }""",
    # What it releases: a key, a limit, a PAM line of its own.
    "earlier": """
        sysctl "net.ipv4.tcp_fin_timeout" { value = 30 }
        sysctl "net.ipv4.tcp_keepalive_time" { value = 3600 }
        limits "root" { item "nofile" { soft = 8192 hard = 8192 } }
        pam "other" { module = "pam_limits.so" }""",
    "keys": """
        sysctl "net.ipv4.tcp_keepalive_time"   { value = 1800 at_most = 1800 }
        pam "login" { module = "pam_limits.so" }""",
}


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)


def set_up():
    """The host that all cases begin with; limits.d does not exist yet, and an admin's line wins over keeltune's."""
    for path in TARGETS + [STATE, "/etc/keeltune", "/run/sysctl.d"]:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
    put("/etc/sysctl.conf", "# local\nkernel.panic = 10\n")
    put("/etc/sysctl.d/zz-admin.conf", "# mine\nnet.ipv4.tcp_keepalive_probes = 8\nvm.swappiness = 10\n", 0o640)
    put("/etc/security/limits.conf", "# <domain> <type> <item> <value>\n")
    put("/etc/pam.d/login", "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_unix.so\n", 0o604)
    put("/etc/pam.d/other", "session optional pam_permit.so\n")
    os.chown("/etc/pam.d/login", 0, 1)
    os.symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf")
    for path in ["/etc/pam.d/login", "/etc/sysctl.d/zz-admin.conf"]:
        try:
            os.setxattr(path, "user.note", b"kept\0")
        except OSError:
            pass  # not every file system has them
    for name, text in PROFILES.items():
        put(f"/etc/keeltune/profiles/{name}.conf", f'format = 1\nname = "{name}"\n{text}\n')
    os.makedirs(STATE, exist_ok=True)
    for key, value in KEYS.items():
        put_key(key, value)


def put_key(key, value):
    with open("/proc/sys/" + key, "w") as file:
        file.write(value + "\n")


def get_key(key):
    with open("/proc/sys/" + key) as file:
        return "\t".join(file.read().split())


# ---- trees as values


def look(path, tree):
    """Adds what stands at PATH and below to TREE: path -> everything about it but times."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    if kind == stat.S_IFLNK:
        tree[path] = (kind, os.readlink(path))
        return
    about = (kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid,
             tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path))))
    if kind == stat.S_IFDIR:
        tree[path] = about
        for name in sorted(os.listdir(path)):
            look(os.path.join(path, name), tree)
    else:
        with open(path, "rb") as file:
            tree[path] = about + (file.read(),)


def tree_of(paths, root=""):
    tree = {}
    for path in paths:
        if os.path.lexists(root + path):
            look(root + path, tree)
    return tree if not root else {path[len(root):]: about for path, about in tree.items()}


def remake(tree, paths, root=""):
    """Makes what stands at PATHS be TREE again; what is so already is not touched."""
    now = tree_of(paths, root)
    for path in sorted(now, reverse=True):
        if path not in tree or (now[path] != tree[path] and tree[path][0] != stat.S_IFDIR):
            (os.rmdir if now[path][0] == stat.S_IFDIR else os.unlink)(root + path)
    for path, about in sorted(tree.items()):
        if now.get(path) == about:
            continue
        if about[0] == stat.S_IFLNK:
            os.symlink(about[1], root + path)
            continue
        if about[0] == stat.S_IFDIR:
            os.makedirs(root + path, exist_ok=True)
        else:
            with open(root + path, "wb") as file:
                file.write(about[5])
        os.chown(root + path, about[2], about[3])
        os.chmod(root + path, about[1])
        for name, value in about[4]:
            os.setxattr(root + path, name, value)


class Host:
    """Everything as it is now."""

    def __init__(self):
        self.targets = tree_of(TARGETS)
        self.journal = tree_of([STATE])
        self.keys = {key: get_key(key) for key in KEYS}

    def again(self):
        remake(self.targets, TARGETS)
        remake(self.journal, [STATE])
        for key, value in self.keys.items():
            if get_key(key) != value:
                put_key(key, value)

    def difference(self, other):
        """What of the targets differs, temporary files apart, as text; "" when nothing does."""
        found = [f"{key} is {self.keys[key]}, not {other.keys[key]}" for key in KEYS if self.keys[key] != other.keys[key]]
        found += different(comparable(self.targets), comparable(other.targets))
        return "; ".join(found)

    def states(self):
        return journal_states(self.journal)

    def litter(self):
        return [path for path in list(self.targets) + list(self.journal) if "keeltune-new" in path]

    def litter_of_targets(self):
        return [path for path in self.targets if "keeltune-new" in path]


def comparable(tree):
    """TREE without temporary files, and without the id that a line of an --override names."""
    return {path: tuple(ID.sub(b"ID", part) if isinstance(part, bytes) else part for part in about)
            for path, about in tree.items() if "keeltune-new" not in path}


def different(a, b):
    return [f"{path}: {str(a.get(path))[:120]}, not {str(b.get(path))[:120]}"
            for path in sorted(set(a) | set(b)) if a.get(path) != b.get(path)]


def journal_states(tree):
    """id -> state; "?" of what has no manifest, or half of one."""
    states = {}
    for path, about in tree.items():
        if os.path.dirname(path) == JOURNAL and not os.path.basename(path).startswith("."):
            manifest = tree.get(path + "/manifest.json")
            try:
                states[os.path.basename(path)] = json.loads(manifest[5])["state"] if manifest else "?"
            except ValueError:
                states[os.path.basename(path)] = "?"
    return states


def interrupted(states):
    return [name for name, state in states.items() if state in ("prepared", "recovering")]


# ---- keeltune

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}


def run(*arguments, fault=None, memory=None, trace=None, count=None, meanwhile=None):
    """keeltune, with a fault ("once 17 28") or without. A CompletedProcess."""
    environment = dict(PLAIN)
    preloads = []
    if fault or trace:
        preloads.append(TESTS + "/fault-preload.so")
        environment["KEELTUNE_FAULT"] = fault or "none 0"
    if meanwhile:
        environment["KEELTUNE_FAULT_MEANWHILE"] = meanwhile
    if trace:
        environment["KEELTUNE_FAULT_TRACE"] = trace
    if memory and RELEASE:
        preloads.append(TESTS + "/memory-preload.so")
        environment["KEELTUNE_MEMORY"] = memory
    if count:
        environment["KEELTUNE_MEMORY_COUNT"] = count
    if preloads:
        environment["LD_PRELOAD"] = ":".join(preloads)
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return subprocess.run([KEELTUNE, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)


def said(result):
    return result.stderr.decode(errors="replace").strip()
