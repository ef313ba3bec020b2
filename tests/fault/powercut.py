# SPDX-License-Identifier: MIT
"""Power cuts. The calls that a command made are replayed on a model of a disk that keeps its promises and
nothing else: what was not fsynced may be there, not be there, or be there in part, in any combination.

- the content, owner and attributes of a file: those of its last fsync(2), half of what was written since, or all;
- an entry of a directory: what it was at the directory's last fsync(2), or any later one, each for itself: of
  a rename, the new name without the loss of the old one, or the other way round; an exchange is two of them.

At each cut the distinct disks are unpacked, some at random where there are many, and the real `keeltune
--root DISK rollback` runs on them. Kernel values are lost; so is the boot id. Run by powercut.sh."""

import errno
import hashlib
import os
import random
import stat
import sys

import fault_host
from fault_host import comparable, different, interrupted, journal_states, run, said
from faults import APPLY, LONG, SEED, TRACE, Case, Wrong, apply_earlier, apply_new, killed_at, must

RANDOM = random.Random(SEED)
DISK = os.environ["TMPDIR"] + "/disk"
PATHS = fault_host.TARGETS + [fault_host.STATE]
RANDOM_DISKS = 60 if LONG else 6 # for each cut


class Node:
    """A file or directory: what it is, and what the disk has of it for sure."""

    def __init__(self, about, entries=None, durable=None):
        self.about = about      # (kind, mode, uid, gid, xattrs, content) as in fault_host.look
        self.durable = durable  # the same as of the last fsync, or None
        self.entries = entries  # of a directory: name -> [durable child, later child, ...]; None: no such


class Disk:
    """The disk of a host that runs keeltune."""

    def __init__(self, tree):
        self.root = Node((stat.S_IFDIR, 0o755, 0, 0, ()), {})
        self.root.durable = self.root.about
        for path, about in sorted(tree.items()):
            for parent in [path[:i] for i, c in enumerate(path) if c == "/" and i]:
                if self.find(parent) is None: # not of the tree, and not changed
                    self.add(parent, (stat.S_IFDIR, 0o755, 0, 0, ()))
            self.add(path, about)

    def add(self, path, about):
        node = Node(about, {} if about[0] == stat.S_IFDIR else None, about)
        self.find(os.path.dirname(path)).entries[os.path.basename(path)] = [node]

    def find(self, path):
        node = self.root
        for name in path.split("/")[1:]:
            if name:
                node = node.entries.get(name, [None])[-1] if node and node.entries is not None else None
        return node

    def enter(self, path, node):
        self.find(os.path.dirname(path)).entries.setdefault(os.path.basename(path), [None]).append(node)

    def do(self, call, path, more):
        """One line of a trace."""
        if path.startswith("/proc/") or not any((path + "/").startswith(known + "/") or (known + "/").startswith(path + "/")
                                                for known in PATHS):
            return
        node = self.find(path)
        if call == "open" and node is None:
            self.enter(path, Node((stat.S_IFREG, 0o600, 0, 0, (), b"")))
        elif call == "mkdir":
            self.enter(path, Node((stat.S_IFDIR, int(more, 8) & ~0o022, 0, 0, ()), {}))
        elif call == "write":
            node.about = node.about[:5] + (node.about[5] + bytes.fromhex(more),)
        elif call == "fchmod":
            node.about = node.about[:1] + (int(more, 8),) + node.about[2:]
        elif call == "fchown":
            node.about = node.about[:2] + tuple(int(word) for word in more.split()) + node.about[4:]
        elif call == "fsetxattr":
            name, value = more.split(" ")
            node.about = node.about[:4] + (node.about[4] + ((name, bytes.fromhex(value)),),) + node.about[5:]
        elif call == "rename":
            self.enter(path, self.find(more))
            self.enter(more, None)
        elif call == "exchange":
            old = self.find(more)
            self.enter(more, node)
            self.enter(path, old)
        elif call in ("unlink", "rmdir"):
            self.enter(path, None)
        elif call == "fsync":
            node.durable = node.about
            for name, versions in (node.entries or {}).items():
                node.entries[name] = versions[-1:]

    def doubts(self):
        """Everything that a power cut may decide: (node, name or None, number of possibilities)."""
        found, seen = [], set()

        def visit(node):
            if node is None or id(node) in seen:
                return
            seen.add(id(node))
            if node.durable != node.about:
                found.append((node, None, 3 if node.entries is None and node.about[5] else 2))
            for name, versions in (node.entries or {}).items():
                if len(versions) > 1:
                    found.append((node, name, len(versions)))
                for child in versions:
                    visit(child)

        visit(self.root)
        return found

    def after(self, decisions):
        """The tree that is there after a power cut. DECISIONS: (id of a node, name or None) -> a number, 0: the least."""
        tree = {}

        def content(node):
            choice = decisions.get((id(node), None), 2)
            least = node.durable or node.about[:1] + (0o600, 0, 0, ()) + ((b"",) if node.entries is None else ())
            if node.durable == node.about or choice == 0:
                return least
            if choice == 1 and node.entries is None:
                return node.about[:5] + (node.about[5][:len(node.about[5]) // 2],)
            return node.about

        def visit(path, node):
            if path:
                tree[path] = content(node)
            for name, versions in (node.entries or {}).items():
                child = versions[min(decisions.get((id(node), name), len(versions) - 1), len(versions) - 1)]
                if child:
                    visit(f"{path}/{name}", child)

        visit("", self.root)
        return {path: about for path, about in tree.items() if any(path == known or path.startswith(known + "/") for known in PATHS)}

    def cuts(self):
        """Some of the trees that a power cut may leave now: the extremes, each doubt by itself, and some at random."""
        doubts = self.doubts()
        keys = [((id(node), name), number) for node, name, number in doubts]
        least, most = {key: 0 for key, _ in keys}, {key: number - 1 for key, number in keys}
        yield self.after(least)
        yield self.after(most)
        for key, number in keys:
            for choice in range(number):
                yield self.after({**least, key: choice})
                yield self.after({**most, key: choice})
        for _ in range(RANDOM_DISKS if len(keys) > 2 else 0):
            yield self.after({key: RANDOM.randrange(number) for key, number in keys})


def unpack(tree):
    os.makedirs(DISK, exist_ok=True)
    for path in ["/etc", "/var/lib"] + sorted({os.path.dirname(path) for path in tree if tree[path]}):
        if path not in tree:
            os.makedirs(DISK + path, exist_ok=True)
    fault_host.remake(tree, PATHS, DISK)


def packed():
    return fault_host.tree_of(PATHS, DISK)


def targets(tree):
    return {path: about for path, about in comparable(tree).items() if not path.startswith(fault_host.STATE)}


def check(tree, old, new, undone, earlier):
    """A host that comes up with TREE. OLD, NEW, UNDONE: before, after the command, and after a rollback.
    EARLIER: the states before."""
    states = journal_states(tree)
    litter = [path for path in tree if "keeltune-new" in path and not path.startswith(fault_host.STATE)]
    unpack(tree)
    if not interrupted(states):
        must(not litter, f"nobody knows of {litter}")
        must(targets(tree) in (old, new), "neither old nor new: " + "; ".join(different(targets(tree), new)))
        if old == undone and "applied" in earlier.values() and states == earlier:
            return # a rollback would undo what is well
    result = run("--root", DISK, "rollback")
    must(result.returncode == 0, f"rollback exits {result.returncode}: {said(result)}")
    after = packed()
    must(targets(after) == undone, "not undone: " + "; ".join(different(targets(after), undone)))
    litter = [path for path in after if "keeltune-new" in path]
    must(not litter, f"left lying about: {litter}")
    must(set(journal_states(after).values()) <= {"rolled-back", "applied"}, f"recorded as {journal_states(after)}")


def replay(case):
    old, new, undone = targets(case.old.targets), targets(case.new.targets), targets(case.undone.targets)
    disk = Disk({**case.old.targets, **case.old.journal})
    seen, wrong, cuts = set(), [], 0
    with open(TRACE, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    for number, call, path, more, outcome in lines:
        if outcome == "ok":
            disk.do(call, path, more)
        cuts += 1
        for tree in disk.cuts():
            digest = hashlib.sha256(repr(sorted(tree.items())).encode()).digest()
            if digest in seen:
                continue
            seen.add(digest)
            try:
                check(tree, old, new, undone, case.old.states())
            except Wrong as error:
                wrong.append(f"after {number} {call} {path}: {error}")
    # The model must end where the disk did, or it would prove nothing.
    end = disk.after({})
    must(comparable(end) == comparable({**case.new.targets, **case.new.journal}),
         "the model differs: " + "; ".join(different(comparable(end), comparable({**case.new.targets, **case.new.journal}))))
    if wrong or len(seen) < 20:
        print(f"not ok {case.name}, power cuts\n# {len(wrong)} of {len(seen)} disks are wrong (seed {SEED})")
        for text in wrong[:6]:
            print(f"#   {text[:400]}")
    else:
        print(f"ok {case.name}, power cuts: {cuts} cuts, {len(seen)} different disks")
    sys.stdout.flush()
    return len(seen)


def main():
    unpack({})
    if os.path.exists("/etc/machine-id"):
        with open("/etc/machine-id", encoding="utf-8") as file:
            fault_host.put(DISK + "/etc/machine-id", file.read())
    disks = replay(Case("apply", APPLY, lambda: None))
    with open(TRACE, encoding="utf-8") as file:
        staged = [line.split("\t")[0] for line in file if "\t/etc/pam.d/.login.keeltune-new\t" in line]
    disks += replay(Case("apply without room", APPLY, lambda: None, f"once {staged[2]} {errno.ENOSPC}"))
    disks += replay(Case("apply over an earlier one", APPLY, apply_earlier))
    disks += replay(Case("rollback", ["rollback"], apply_new))
    for fraction in (0.6, 0.8, 0.95):
        disks += replay(Case(f"rollback of an apply killed at {fraction:.0%}", ["rollback"], killed_at(fraction, APPLY, lambda: None)))
    print(f"note {disks} disks after a power cut were tried, with seed {SEED} (FAULT_SEED)")


try:
    main()
except Wrong as problem:
    print(f"not ok the tests can go on\n# {problem}")
