#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Golden hosts: the trees of tests/roots, audited, changed and changed back.

roots.py [--update] [NAME...]     all trees, or some; --update rewrites NAME.audit.txt,
                                  NAME.audit.json, NAME.diff.txt, NAME.limits.txt and
                                  NAME.explain.txt (read what changed!)

Each tree is copied, because git cannot hold everything and apply writes. NAME.verdicts was written
by hand (tests/roots/README.md says why each verdict is what it is) and is never rewritten. Runs as
an ordinary user; root becomes one.
"""

import difflib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import strace  # noqa: E402, beside this file

SRCDIR = Path(os.environ.get("SRCDIR", Path(__file__).resolve().parents[2]))
KEELTUNE = Path(os.environ.get("KEELTUNE", SRCDIR / "build/keeltune"))
ROOTS = SRCDIR / "tests/roots"
SCHEMA_CHECK = SRCDIR / "tests/golden/schema-check"
SCHEMAS = SRCDIR / "packaging/schemas"
CAPTURE = SRCDIR / "tools/capture-root"
STATE = "var/lib/keeltune"
UNIT_DIRECTORIES = ["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"]
NOBODY = 65534
AS_USER = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}

passed = failed = 0


def result(name, good, why=""):
    global passed, failed
    if good:
        passed += 1
        print(f"ok {name}")
        return
    failed += 1
    for line in str(why).splitlines():
        print(f"# {line!a}" if "\x1b" in line else f"# {line}")
    print(f"not ok {name}")


def same(name, want, got, wanted="wanted", found="found"):
    diff = difflib.unified_diff(want.splitlines(), got.splitlines(), wanted, found, lineterm="")
    result(name, want == got, "\n".join(diff) or "they differ in line ends")


# ---- where everything happens --------------------------------------------------------------


class Lab:
    """A directory with the program, the shipped profiles and copies of trees."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="roots."))
        self.path.chmod(0o755)
        # The program finds the profiles beside its build directory.
        (self.path / "build").mkdir()
        shutil.copy(KEELTUNE, self.path / "build/keeltune")
        shutil.copytree(SRCDIR / "profiles", self.path / "profiles")
        shutil.copy(CAPTURE, self.path / "capture-root")  # a checkout may lie in a closed directory
        self.documents = self.path / "documents"
        self.documents.mkdir()
        self.give(self.path)

    def close(self):
        for directory in self.path.rglob("*"):
            if directory.is_dir() and not directory.is_symlink():
                directory.chmod(0o755)
        shutil.rmtree(self.path)

    def give(self, top):
        """To the ordinary user, with the modes of a fresh checkout."""
        for path in [top, *top.rglob("*")]:
            if AS_USER:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)

    def copy(self, tree, name):
        shutil.copytree(ROOTS / tree, self.path / name, symlinks=True)
        self.give(self.path / name)
        return self.path / name

    def run(self, *command, trace=None, input=b""):
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": str(self.path),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            **{k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS")},
        }
        if trace:
            command = ["strace", "-f", "-y", "-e", strace.TRACED, "-o", str(trace), *command]
        return subprocess.run(
            [str(word) for word in command], cwd=self.path, env=environment, timeout=120,
            input=input, capture_output=True, check=False, umask=0o022, **AS_USER)

    def keeltune(self, root, command, *arguments, trace=None):
        """ROOT is a name in the lab: the output then does not depend on where the lab is."""
        return self.run(self.path / "build/keeltune", command, "--root", root,
                        "--profile-dir" if command in ("audit", "diff", "apply") else "--color",
                        "profiles" if command in ("audit", "diff", "apply") else "never",
                        *arguments, trace=trace)

    def json(self, root, command, *arguments):
        """Status and document; the document is kept for the check against its schema."""
        run = self.keeltune(root, command, "--format", "json", *arguments)
        number = len(list(self.documents.iterdir()))
        (self.documents / f"{number:03}-{root}-{command}.json").write_bytes(run.stdout)
        return run.returncode, json.loads(run.stdout), run


def snapshot(top):
    """Everything below TOP but keeltune's own state: type, mode and content."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if name == STATE or name.startswith(STATE + "/") or STATE.startswith(name + "/"):
            continue
        mode = path.lstat().st_mode
        content = None
        if stat.S_ISLNK(mode):
            content, mode = os.readlink(path), stat.S_IFLNK
        elif stat.S_ISREG(mode):
            content = path.read_bytes()
        found[name] = (stat.filemode(mode), path.lstat().st_uid, content)
    return found


def difference(before, after):
    return "\n".join(f"{name}: {before.get(name)} -> {after.get(name)}"
                     for name in sorted(before.keys() | after.keys())
                     if before.get(name) != after.get(name))


# ---- what the verdicts should be -----------------------------------------------------------


def read_verdicts(tree):
    """NAME.verdicts: "COMMAND STATUS" or "ID VERDICT VALUE FILE:LINE [ACCOUNT=VALUE]..." """
    statuses, findings = {}, {}
    for line in (ROOTS / f"{tree}.verdicts").read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) == 2:
            statuses[words[0]] = int(words[1])
        else:
            words[2] = words[2].replace("_", " ")
            findings[words[0]] = " ".join(words[1:])
    return statuses, findings


def verdict_of(finding):
    boot, origin = finding["layers"]["boot"], finding["origin"]
    place = "-"
    if origin:
        place = origin["file"] + (f":{origin['line']}" if origin["line"] else "")
    others = [f"{d['who'].removeprefix('account ')}={d['value']}" for d in finding["deviations"]]
    value = "-" if boot is None else str(boot)
    return " ".join([finding["verdict"], value, place, *others])


MASKS = [(re.compile(rb'("version": )"[^"]*"'), rb'\1"VERSION"'),
         (re.compile(rb'("time": )"[^"]*"'), rb'\1"TIME"')]


def golden(tree, suffix, data, update):
    for pattern, mask in MASKS:
        data = pattern.sub(mask, data)
    text = data.decode()
    path = ROOTS / f"{tree}.{suffix}"
    if update:
        path.write_text(text)
    want = path.read_text() if path.exists() else ""
    same(f"{tree}: {suffix}", want, text, path.name)


def check_audit(lab, tree, update):
    lab.copy(tree, tree)
    statuses, wanted = read_verdicts(tree)
    before = snapshot(lab.path / tree)

    text = lab.keeltune(tree, "audit")
    status, document, run = lab.json(tree, "audit")
    found = {finding["id"]: verdict_of(finding) for finding in document["findings"]}
    update = update and found == wanted  # what is wrong is not recorded
    same(f"{tree}: verdicts as found by hand",
         "\n".join(f"{k} {v}" for k, v in wanted.items()),
         "\n".join(f"{k} {v}" for k, v in found.items()))
    result(f"{tree}: audit exits {statuses['audit']}",
           text.returncode == status == document["exit"] == statuses["audit"],
           f"text {text.returncode}, json {status}: {text.stderr.decode()}")
    result(f"{tree}: audit says nothing to stderr", not text.stderr and not run.stderr,
           text.stderr.decode())
    golden(tree, "audit.txt", text.stdout, update)
    golden(tree, "audit.json", run.stdout, update)

    diff = lab.keeltune(tree, "diff")
    result(f"{tree}: diff exits {statuses['diff']}", diff.returncode == statuses["diff"],
           f"{diff.returncode}: {diff.stderr.decode()}")
    golden(tree, "diff.txt", diff.stdout, update)
    lab.json(tree, "diff")
    dry = lab.keeltune(tree, "apply", "--dry-run")
    result(f"{tree}: apply --dry-run is diff",
           (dry.returncode, dry.stdout) == (diff.returncode, diff.stdout))
    after = snapshot(lab.path / tree)
    result(f"{tree}: audit and diff change nothing",
           before == after and not (lab.path / tree / STATE).exists(), difference(before, after))


def check_limits(lab, tree, update):
    """All accounts as a person sees them; each alone gets the same, and audit says so, too."""
    text = lab.keeltune(tree, "limits")
    golden(tree, "limits.txt", text.stdout, update)
    status, everybody, run = lab.json(tree, "limits")
    result(f"{tree}: limits exits 0", text.returncode == status == 0 and not run.stderr,
           f"text {text.returncode}, json {status}: {run.stderr.decode()}")
    numbers = {}
    for group in everybody["groups"]:
        for name in group["accounts"]:
            _, alone, _ = lab.json(tree, "limits", name)
            numbers[name] = {limit["item"]: limit for limit in alone["limits"]}
            result(f"{tree}: limits of {name} alone", alone["login"] == group["login"] and
                   [(i["item"], i["soft"], i["hard"]) for i in alone["limits"]] ==
                   [(i["item"], i["soft"], i["hard"]) for i in group["limits"]], alone)
    _, audit, _ = lab.json(tree, "audit")
    for finding in audit["findings"]:
        words = finding["id"].split(":")
        boot = finding["layers"]["boot"]
        if words[0] == "limit" and words[1] in numbers and boot not in ("no session", None):
            found = numbers[words[1]][words[2]]
            result(f"{tree}: audit and limits agree about {finding['id']}",
                   found[words[3]] == boot, f"{boot}, {found}")


def check_explain(lab, tree, update):
    """PAM services, limits and the units of a tree; the JSON says the same and fits its schema."""
    root = lab.path / tree
    units = {path.name for top in UNIT_DIRECTORIES for path in (root / top).glob("*.service")
             if "@." not in path.name}
    things = ["pam:login", "pam:sshd", "limit:root:nofile", "limit:*:nofile", *sorted(units)]
    text = lab.keeltune(tree, "explain", *things)
    golden(tree, "explain.txt", text.stdout, update)
    status, document, run = lab.json(tree, "explain", *things)
    result(f"{tree}: explain exits 0", text.returncode == status == 0 and not run.stderr,
           f"text {text.returncode}, json {status}: {run.stderr.decode()}")
    _, limits, _ = lab.json(tree, "limits", "root")
    numbers = {i["item"]: (i["soft"], i["hard"]) for i in limits["limits"]}
    root_nofile = document["settings"][2]
    result(f"{tree}: explain and limits agree about root",
           (root_nofile["soft"]["value"], root_nofile["hard"]["value"]) == numbers["nofile"],
           root_nofile)
    too_wide = [line for line in text.stdout.decode().splitlines()
                if len(line) > 80 and len(line.split()) > 4 and "printf" not in line]
    result(f"{tree}: explain keeps to 80 columns", not too_wide, "\n".join(too_wide))


# ---- apply, and back -----------------------------------------------------------------------


def check_patch(lab, name, tree, diff, applied):
    """patch(1) makes of the diff what apply made of the plan."""
    copy = lab.copy(tree, f"{name}.patch")
    run = lab.run("patch", "-p1", "-s", "-d", copy, input=diff)
    files = {k: v[2] for k, v in snapshot(copy).items()}
    want = {k: v[2] for k, v in applied.items()}
    result(f"{name}: patch(1) with the diff makes the same files",
           run.returncode == 0 and files == want,
           run.stdout.decode() + run.stderr.decode() + difference(want, files))


def check_apply(lab, name, tree, *options):
    statuses, _ = read_verdicts(tree)
    wanted = statuses["apply" if not options else "apply" + "".join(options)]
    root = f"{name}.apply"
    copy = lab.copy(tree, root)
    before = snapshot(copy)
    diff = lab.keeltune(root, "diff", *options)

    status, document, run = lab.json(root, "apply", *options)
    applied = snapshot(copy)
    changed = bool(document["changes"])
    result(f"{name}: apply exits {wanted}", status == wanted,
           f"{status}: {run.stderr.decode()}{document['error']}\n{document['remaining']}")
    if wanted > 1:
        result(f"{name}: refused, and nothing changed", before == applied and
               document["rollback"] is None, difference(before, applied))
        return
    result(f"{name}: apply changes something exactly when it says so",
           (before != applied) == changed == document["changed"] ==
           (document["rollback"] is not None), difference(before, applied))
    if changed:
        # A diff has "ID" where an apply has the id of its rollback file.
        mark = b"# keeltune " + document["rollback"].encode() + b": "
        check_patch(lab, name, tree, diff.stdout.replace(b"# keeltune ID: ", mark), applied)
    else:
        result(f"{name}: a compliant host gets no write", not (copy / "var").exists())
    _, audit, _ = lab.json(root, "audit")
    result(f"{name}: the audit agrees", audit["exit"] == wanted, audit["exit"])

    everything = {p: p.lstat().st_mtime_ns for p in copy.rglob("*")}
    status, document, run = lab.json(root, "apply", *options)
    result(f"{name}: a second apply changes nothing", status == wanted and not document["changed"]
           and not document["changes"] and document["rollback"] is None and
           everything == {p: p.lstat().st_mtime_ns for p in copy.rglob("*")},
           f"{status} {document['changes']}")

    _, history, _ = lab.json(root, "history")
    states = [(entry["state"], entry["profiles"]) for entry in history["entries"]]
    result(f"{name}: history", states == [("applied", document["profiles"])] * changed, states)
    status, document, run = lab.json(root, "rollback", "--dry-run")
    result(f"{name}: rollback --dry-run changes nothing",
           status == 0 and snapshot(copy) == applied and bool(document["changes"]) == changed,
           run.stderr.decode())
    status, document, run = lab.json(root, "rollback")
    after = snapshot(copy)
    result(f"{name}: rollback leaves the tree as it was",
           status == 0 and before == after and bool(document["rolled_back"]) == changed,
           f"{status}: {run.stderr.decode()}{difference(before, after)}")
    status, document, run = lab.json(root, "rollback")
    result(f"{name}: nothing is left to undo", status == 0 and document["rolled_back"] is None and
           snapshot(copy) == before, run.stderr.decode())
    _, history, _ = lab.json(root, "history")
    result(f"{name}: history after rollback", [entry["state"] for entry in history["entries"]] ==
           ["rolled-back"] * changed, history["entries"])


def check_conflict(lab):
    """What somebody changed after us is not overwritten, unless told to."""
    copy = lab.copy("debian12", "conflict")
    before = snapshot(copy)
    lab.json("conflict", "apply")
    dropin = copy / "etc/sysctl.d/99-zz-keeltune.conf"
    ours = dropin.read_bytes()
    dropin.write_bytes(ours + b"net.core.somaxconn = 4096\n")
    changed = snapshot(copy)
    status, document, _ = lab.json("conflict", "rollback")
    result("conflict: rollback refuses and names the file", status == 1 and
           snapshot(copy) == changed and
           [c["path"] for c in document["conflicts"]] == ["/etc/sysctl.d/99-zz-keeltune.conf"],
           document["conflicts"])
    status, document, run = lab.json("conflict", "rollback", "--force")
    result("conflict: --force puts the old state back", status == 0 and snapshot(copy) == before,
           run.stderr.decode() + difference(before, snapshot(copy)))


def check_release(lab):
    """Another set of profiles puts back what it does not name; each apply can be undone in turn."""
    copy = lab.copy("debian12", "release")
    (lab.path / "small.conf").write_text(
        'format = 1\nname = "small"\nsysctl "net.ipv4.tcp_keepalive_time" { value = 900 }\n')
    lab.give(lab.path / "small.conf")
    before = snapshot(copy)
    lab.json("release", "apply")
    first = snapshot(copy)
    status, document, run = lab.json("release", "apply", "./small.conf")
    second = snapshot(copy)
    dropin = "etc/sysctl.d/99-zz-keeltune.conf"
    lines = [line for line in second[dropin][2].decode().splitlines() if line and line[0] != "#"]
    result("release: only what the new profile names is left", status == 0 and
           lines == ["net.ipv4.tcp_keepalive_time = 900"] and
           difference(before, second).count("\n") == 0,
           f"{status} {lines} {run.stderr.decode()}\n{difference(before, second)}")
    result("release: one drop-in is changed, the other removed",
           {change["path"]: change["after"] is None for change in document["changes"]} ==
           {"/" + dropin: False, "/etc/security/limits.d/99-zz-keeltune.conf": True},
           document["changes"])
    lab.json("release", "rollback")
    result("release: the first rollback restores the first apply", snapshot(copy) == first,
           difference(first, snapshot(copy)))
    lab.json("release", "rollback")
    result("release: the second rollback restores the host", snapshot(copy) == before,
           difference(before, snapshot(copy)))


def check_interrupted(lab):
    """A rollback file in state prepared: said once, undone by rollback, and by apply first."""
    for command in ("rollback", "apply"):
        root = f"interrupted-{command}"
        copy = lab.copy("debian12", root)
        before = snapshot(copy)
        _, document, _ = lab.json(root, "apply")
        applied, name = snapshot(copy), document["rollback"]
        manifest = copy / STATE / "rollback" / name / "manifest.json"
        text = manifest.read_text()
        manifest.write_text(text.replace('"applied"', '"prepared"', 1))
        status, document, run = lab.json(root, "audit")
        result(f"interrupted: audit says it once ({command})", '"applied"' in text and
               document["interrupted"] == name and
               run.stderr.decode().count("interrupted") == 1, run.stderr.decode())
        quiet = lab.keeltune(root, "audit", "--quiet")
        result(f"interrupted: nothing with -q ({command})", not quiet.stderr + quiet.stdout)
        status, document, run = lab.json(root, command)
        want = before if command == "rollback" else applied
        result(f"interrupted: {command} undoes it", status == 0 and snapshot(copy) == want and
               document["interrupted"] in (name, None),
               run.stderr.decode() + difference(want, snapshot(copy)))
        _, document, _ = lab.json(root, "history")
        states = [entry["state"] for entry in document["entries"]]
        result(f"interrupted: history after {command}", document["interrupted"] is None and
               states == ["rolled-back", "applied"][:1 + (command == "apply")], states)


# ---- what is opened ------------------------------------------------------------------------

def check_trace(lab, tree):
    root = f"{tree}.trace"
    copy = lab.copy(tree, root)
    trace = lab.path / "documents" / "trace"

    for command in ("audit", "diff", "history", "rollback --dry-run"):
        lab.keeltune(root, *command.split(), trace=trace)
        lines = strace.read_trace(trace)
        result(f"{tree}: {command} opens nothing for writing",
               any("openat2(" in line for line in lines) and
               not any(strace.WRITES.search(line) for line in lines),
               "\n".join(line for line in lines if strace.WRITES.search(line)) or "nothing was traced")
        away = list(strace.strays(lines, copy))
        result(f"{tree}: {command} opens nothing outside the tree", not away, "\n".join(away))
        trace.unlink()
    for command in ("apply", "rollback"):
        run = lab.keeltune(root, command, trace=trace)
        lines = strace.read_trace(trace)
        away = list(strace.strays(lines, copy))
        result(f"{tree}: {command} opens nothing outside the tree", not away, "\n".join(away))
        if command == "apply" and run.returncode <= 1 and (copy / STATE).exists():
            result(f"{tree}: the trace shows what apply writes",
                   any(strace.WRITES.search(line) for line in lines))
        trace.unlink()


# ---- what git cannot hold ------------------------------------------------------------------


def clean(name, run, document):
    """Neither text nor JSON hand on what a terminal would obey."""
    text = run.stdout.decode()
    bad = {c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160}
    result(f"{name}: the text has no control characters", not bad, f"{bad!a}\n{text}")
    json.dumps(document).encode()


def check_hostile(lab):
    """Fifos, names with control characters and other than UTF-8, a line of megabytes."""
    copy = lab.copy("broken", "hostile")
    sysctl, limits = copy / "etc/sysctl.d", copy / "etc/security/limits.d"
    os.mkfifo(sysctl / "80-fifo.conf")
    os.mkfifo(limits / "50-fifo.conf")
    (sysctl / "82-huge.conf").write_bytes(
        b"#" + b"x" * (3 << 20) + b"\nnet.ipv4.tcp_keepalive_time = 600\n")
    (sysctl / "83-\x1b[31mred\n.conf").write_text("net.ipv4.tcp_keepalive_intvl = 600\n")
    with open(os.fsencode(sysctl) + b"/84-\xff\xfe.conf", "wb") as file:
        file.write(b"net.ipv4.tcp_keepalive_probes = 20\n")
    (limits / "60-\x1b]0;title\x07.conf").write_text("* soft nofile 1\n")
    (copy / "etc/hostname").write_bytes(b"evil\x1b[2J\xff\n")
    lab.give(copy)

    run = lab.keeltune("hostile", "audit")
    status, document, _ = lab.json("hostile", "audit")
    found = {f["id"]: (f["verdict"], f["layers"]["boot"]) for f in document["findings"]}
    want = {"sysctl:net.ipv4.tcp_keepalive_time": ("differs", 7200),
            "sysctl:net.ipv4.tcp_keepalive_intvl": ("differs", 600),
            "sysctl:net.ipv4.tcp_keepalive_probes": ("differs", 20),
            "sysctl:fs.file-max": ("ok", 100000),
            "limit:*:nofile:soft": ("differs", "no session")}
    result("hostile: verdicts", found | want == found, f"{found}")
    result("hostile: audit exits 1", run.returncode == status == 1, (run.returncode, status))
    clean("hostile", run, document)


def check_unreadable(lab):
    """What this user may not read is unknown: no verdict is made up, and apply refuses."""
    for name, path, ids in (
            ("sysctl.d file", "etc/sysctl.d/98-secret.conf", "sysctl:"),
            ("sysctl.d", "etc/sysctl.d", "sysctl:"),
            ("limits.d file", "etc/security/limits.d/98-secret.conf", "limit:"),
            ("limits.d", "etc/security/limits.d", "limit:"),
            ("limits.conf", "etc/security/limits.conf", "limit:"),
            ("pam.d file", "etc/pam.d/sshd", "pam:sshd")):
        root = "unreadable-" + name.replace(" ", "-")
        copy = lab.copy("compliant", root)
        if not (copy / path).exists():
            (copy / path).write_text("# nothing in it\n")
            lab.give(copy)
        before = snapshot(copy)
        (copy / path).chmod(0)
        status, document, run = lab.json(root, "audit")
        unknown = {f["id"] for f in document["findings"] if f["verdict"] == "unknown"}
        want = {f["id"] for f in document["findings"] if f["id"].startswith(ids)}
        reasons = [f["reason"] for f in document["findings"] if f["verdict"] == "unknown"]
        result(f"unreadable {name}: unknown, exit 2", status == 2 and unknown == want and
               all(Path(path).name in (reason or "") for reason in reasons),
               f"{status} {unknown} {reasons} {run.stderr.decode()}")
        status, document, run = lab.json(root, "apply")
        (copy / path).chmod(0o755 if (copy / path).is_dir() else 0o644)
        result(f"unreadable {name}: apply refuses", status == 2 and not document["changes"] and
               snapshot(copy) == before, f"{status} {run.stderr.decode()}")


def check_renames(lab):
    """openat2(2) gives up with EAGAIN when anything on the machine is renamed while it follows "..":
    that says nothing about the tree."""
    copy = lab.copy("compliant", "renames")
    (copy / "srv").mkdir()
    (copy / "srv/comment").write_text("# nothing\n")
    for number in range(300):
        (copy / f"etc/sysctl.d/20-{number}.conf").symlink_to("../../srv/../srv/../srv/comment")
    lab.give(copy)
    (lab.path / "a").touch()
    lab.give(lab.path / "a")
    loop = "import os\nwhile True: os.rename('a', 'b'); os.rename('b', 'a')"
    with subprocess.Popen(["/usr/bin/python3", "-c", loop], cwd=lab.path, **AS_USER) as renamer:
        runs = [lab.keeltune("renames", "audit") for _ in range(80)]
        renamer.terminate()
    bad = [run for run in runs if run.returncode]
    result("a tree is read while files are renamed elsewhere", not bad,
           f"{len(bad)} of 80 audits:\n{bad[0].stdout.decode()}" if bad else "")


def check_capture(lab):
    """tools/capture-root keeps everything that the verdicts depend on."""
    for tree in ("debian12", "debian13", "rhel9", "suse", "alpine", "overridden", "broken"):
        root = f"{tree}.captured"
        run = lab.run(lab.path / "capture-root", "--root", tree, lab.path / root)
        if run.returncode:
            result(f"{tree}: capture-root", False, run.stderr.decode())
            continue
        (_, want, _), (_, found, _) = lab.json(tree, "audit"), lab.json(root, "audit")
        # No limits line names carol: she becomes a number.
        same(f"{tree}: a captured tree has the same verdicts",
             *("\n".join(f"{f['id']} {verdict_of(f)}" for f in document["findings"])
               .replace("carol=", "u1002=") for document in (want, found)))
        result(f"{tree}: nothing identifies the host", found["host"]["name"] == root and
               found["host"]["machine_id"] != want["host"]["machine_id"], found["host"])


def check_documents(lab):
    """Every JSON document of this run against its schema; and the schemas are strict."""
    files = sorted(str(path) for path in lab.documents.glob("*.json"))
    run = subprocess.run([str(SCHEMA_CHECK), *files], capture_output=True, check=False, text=True)
    commands = {json.loads(Path(f).read_text())["schema"].split("/")[1] for f in files}
    result(f"schemas: {len(files)} documents of {len(commands)} commands are valid",
           run.returncode == 0 and len(files) > 20 and
           commands >= {path.stem for path in SCHEMAS.glob("*.json")} -
           {"common", "fleet", "sockets", "sockets-relieve", "sockets-watch"},  # not of a tree
           run.stdout + run.stderr)

    document = json.loads(Path(files[0]).read_text())
    for name, change in {
            "an unknown member": {"surprise": 1},
            "a missing member": {"notes": ...},
            "a wrong type": {"exit": "0"},
            "another schema": {"schema": "keeltune/diff/1"}}.items():
        altered = {k: v for k, v in {**document, **change}.items() if v is not ...}
        path = lab.documents / "altered"
        path.write_text(json.dumps(altered))
        run = subprocess.run([str(SCHEMA_CHECK), str(path)], capture_output=True, check=False)
        result(f"schemas: {name} is refused", run.returncode == 1, run.stdout.decode())
        path.unlink()


def check_profiles(lab):
    names = sorted(path.stem for path in (SRCDIR / "profiles").glob("*.conf"))
    for arguments in (("list",), ("show", *names[:1]), ("show", "close-wait-relief"),
                      ("check", *(f"profiles/{name}.conf" for name in names))):
        status, _, run = lab.json("debian12", "profile", *arguments)
        result(f"profile {arguments[0]} as JSON", status == 0, run.stderr.decode())
    broken = lab.path / "broken.conf"
    broken.write_text('format = 1\nname = "broken"\nsysctl "fs.file-max" { value = -5 }\n')
    for command in ("audit", "diff", "apply"):
        status, document, _ = lab.json("debian12", command, "./broken.conf")
        result(f"{command} with a bad profile", status == 2 and document["error"] and
               document["notes"][0]["line"] == 3, document)
    status, document, _ = lab.json("debian12", "profile", "check", "./broken.conf")
    result("profile check of a bad profile", status == 2 and document["valid"] == [], document)
    for profile in names:
        status, _, run = lab.json("debian12", "audit", profile)
        result(f"audit with {profile}", status in (0, 1), run.stderr.decode())


def check_engines(lab):
    """The same files, another program at boot, another winner; explain has them side by side."""
    key = "net.ipv4.tcp_keepalive_time"
    status, explained, _ = lab.json("overridden", "explain", key)
    engines = explained["settings"][0]["engines"]
    for engine, want in (("systemd", 7200), ("procps", 1800), ("procps3", 1800), ("busybox", 1800)):
        _, document, _ = lab.json("overridden", "audit", "--engine", engine)
        found = {f["id"]: f["layers"]["boot"] for f in document["findings"]}
        result(f"overridden: --engine {engine} leaves {want}",
               document["engine"]["name"] == engine and status == 0 and
               found[f"sysctl:{key}"] == engines[engine]["value"] == want, (found, engines))
    status, document, _ = lab.json("overridden", "explain", "no such key")
    result("explain what is no key", status == 2 and not document["settings"], document)


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    names = [name for name in arguments if name != "--update"]
    trees = names or sorted(path.name for path in ROOTS.iterdir() if path.is_dir())
    lab = Lab()
    try:
        for tree in trees:
            check_audit(lab, tree, update)
            check_limits(lab, tree, update)
            check_explain(lab, tree, update)
            check_apply(lab, tree, tree)
        if os.environ.get("KEELTUNE_VARIANT") == "asan":
            pass  # its runtime opens files of its own, and no leak check works under strace
        elif shutil.which("strace"):
            for tree in trees:
                check_trace(lab, tree)
        else:
            print("skip what is opened: no strace")
        if not names:
            check_apply(lab, "overridden--override", "overridden", "--override")
            check_apply(lab, "units--override", "units", "--override")
            check_engines(lab)
            check_conflict(lab)
            check_release(lab)
            check_interrupted(lab)
            check_hostile(lab)
            check_unreadable(lab)
            check_renames(lab)
            check_profiles(lab)
            check_capture(lab)
            check_documents(lab)
    finally:
        lab.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
