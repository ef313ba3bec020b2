#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Ansible modules without Ansible: what they run, what they return, what they say of foreign answers.

The modules are loaded with a stand-in for ansible.module_utils.basic. They drive the real keeltune on
copies of trees of tests/roots (--root), and programs that answer otherwise. Every host tree is hashed:
check mode writes nothing, and its diff is what apply then writes. tests/slow/fleet-ansible.sh has Ansible
itself. Runs as an ordinary user.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import yaml

sys.dont_write_bytecode = True
SRCDIR = Path(os.environ.get("SRCDIR", Path(__file__).resolve().parents[2]))
KEELTUNE = os.environ.get("KEELTUNE", str(SRCDIR / "build/keeltune"))
COLLECTION = SRCDIR / "packaging/ansible"
WORK = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
failures = 0


def result(name, good, why=""):
    global failures
    if not good:
        failures += 1
        for line in str(why).splitlines()[:20]:
            print(f"# {line[:300]}")
    print(f"{'ok' if good else 'not ok'} {name}")


def equal(name, want, got):
    result(name, want == got, f"wanted {want!r}\nfound  {got!r}")


# ---- a stand-in for Ansible ----------------------------------------------------------------------------

class Exit(Exception):
    def __init__(self, failed, values):
        super().__init__()
        self.values = {**values, "failed": failed}


class AnsibleModule:
    """As much of the real one as the modules use; parameters are checked as strictly."""

    task = None  # (parameters, check mode, diff mode)

    def __init__(self, argument_spec, supports_check_mode=False):
        given, self.check_mode, self._diff = AnsibleModule.task
        AnsibleModule.spec = argument_spec
        names = {alias: name for name, row in argument_spec.items() for alias in [name, *row.get("aliases", [])]}
        self.params = {name: row.get("default") for name, row in argument_spec.items()}
        for name, value in given.items():
            self.params[names[name]] = value
        assert supports_check_mode
        self.warnings = []

    def get_bin_path(self, name, required):
        return shutil.which(name) or self.fail_json(msg=f"Failed to find required executable {name}")

    def run_command(self, argv, expand_user_and_vars=True):
        assert isinstance(argv, list) and all(isinstance(word, str) for word in argv) and not expand_user_and_vars
        AnsibleModule.argv = argv
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def warn(self, text):
        self.warnings.append(text)

    def exit_json(self, **values):
        json.dumps(values)
        raise Exit(False, {**values, "warnings": self.warnings})

    def fail_json(self, msg, **values):
        json.dumps(values)
        raise Exit(True, {**values, "msg": msg})


def load(name, file):
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


for package in ("ansible", "ansible.module_utils", "ansible_collections", "ansible_collections.keeltune",
                "ansible_collections.keeltune.host", "ansible_collections.keeltune.host.plugins",
                "ansible_collections.keeltune.host.plugins.module_utils"):
    sys.modules[package] = types.ModuleType(package)
basic = sys.modules["ansible.module_utils.basic"] = types.ModuleType("ansible.module_utils.basic")
basic.AnsibleModule = AnsibleModule
logic = load("ansible_collections.keeltune.host.plugins.module_utils.keeltune", COLLECTION / "plugins/module_utils/keeltune.py")
MODULES = {name: load(name, COLLECTION / f"plugins/modules/{name}.py") for name in ("profile", "profile_info")}


def task(module="profile", check=False, diff=False, **params):
    AnsibleModule.task = (params, check, diff)
    AnsibleModule.argv = None
    try:
        MODULES[module].main()
    except Exit as end:
        return end.values
    return None


# ---- documentation -------------------------------------------------------------------------------------

for name, module in MODULES.items():
    documented = yaml.safe_load(module.DOCUMENTATION)
    task(name, executable="/bin/false")
    equal(f"{name}: the options that are documented are those it takes", set(AnsibleModule.spec), set(documented["options"]))
    for option, row in AnsibleModule.spec.items():
        text = documented["options"][option]
        equal(f"{name}: {option} is documented as it is",
              {key: row.get(key) for key in ("type", "choices", "default", "elements", "aliases")},
              {key: text.get(key) for key in ("type", "choices", "default", "elements", "aliases")})
    examples = yaml.safe_load(module.EXAMPLES)
    used = {key for example in examples for key in example.get(f"keeltune.host.{name}") or {}}
    result(f"{name}: the examples use its options", used <= set(documented["options"]) and len(examples) > 1, used)
    RETURNED = set(yaml.safe_load(module.RETURN))
    result(f"{name}: the members it returns are documented", len(RETURNED) > 5)

for file in sorted([*COLLECTION.rglob("*.yml"), *COLLECTION.rglob("*.yaml")]):
    try:
        result(f"{file.relative_to(SRCDIR)} is YAML", bool(yaml.safe_load(file.read_text())))
    except yaml.YAMLError as error:
        result(f"{file.relative_to(SRCDIR)} is YAML", False, error)

# ---- the real program on trees -------------------------------------------------------------------------


def tree(name):
    root = WORK / f"{name}-{len(list(WORK.iterdir()))}"
    shutil.copytree(SRCDIR / "tests/roots" / name, root, symlinks=True)
    return root


def contents(root):
    """Every path with kind, mode, owner, times and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        content = os.readlink(path) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(root))] = (about.st_mode, about.st_uid, about.st_gid, about.st_mtime_ns, about.st_ctime_ns, content)
    return found


def files(root):
    return {name: row[-1] for name, row in contents(root).items() if row[-1] and not name.startswith("var/lib/keeltune/")}


def on(root, **params):
    return task(executable=KEELTUNE, root=str(root), **params)


known = yaml.safe_load(MODULES["profile"].RETURN)


def documented(name, state, values):
    extra = set(values) - set(known) - {"changed", "failed", "msg", "warnings", "diff"}
    missing = {member for member, row in known.items() if state in row["returned"] or "always" in row["returned"]} - set(values)
    equal(f"{name}: returns what is documented", (set(), set()), (extra, missing))


root = tree("debian12")
before = contents(root)
got = on(root)
documented("audited", "audited", got)
result("audited: nothing is changed, three settings and two soft limits differ",
       not got["failed"] and not got["changed"] and not got["compliant"] and got["exit"] == 1 and got["summary"]["differs"] == 5, got)
result("audited: every finding is returned", len(got["findings"]) == sum(got["summary"].values()))
result("audited: no diff, though it is asked for", "diff" not in on(root, diff=True, profile=["baseline"]))

planned = on(root, state="applied", check=True, diff=True)
documented("applied in check mode", "applied", planned)
result("check mode: would change, would comply, and says that nothing was changed",
       planned["changed"] and planned["compliant"] and planned["rollback"] is None and planned["msg"] == "2 places would be changed", planned["msg"])
equal("check mode: not a byte, mode, owner or time of the tree is other than before", before, contents(root))
for entry in planned["diff"]:
    result(f"check mode: {entry['before_header']} was not there",
           entry["before"] == "" and entry["before_header"].endswith(" (absent)") and entry["after"], entry)

done = on(root, state="applied", diff=True, comment="change 4711; $HOME `id` \"x\"")
documented("applied", "applied", done)
result("applied: changed, complies", done["changed"] and done["compliant"] and not done["failed"] and done["rollback"], done)
equal("applied: the diff is that of check mode", planned["diff"], done["diff"])
equal("applied: the changes are those of check mode", planned["changes"], done["changes"])
for entry in done["diff"]:
    equal(f"applied: {entry['after_header']} has the bytes of the diff", entry["after"], (root / entry["after_header"][1:]).read_text())
equal("applied: what the diff does not name is as before",
      {name for name in files(root) if files(root)[name] != before.get(name, ("",))[-1]},
      {entry["after_header"][1:] for entry in done["diff"]})
result("applied: findings are those of the host as it is now", done["summary"]["differs"] == 0)
result("contents of files are in the diff only", "diff" not in on(root, state="applied") and "after" not in json.dumps(done["changes"]))

held = contents(root)
got = on(root, state="applied", diff=True)
result("applied again: nothing changed, nothing to show",
       not got["changed"] and got["compliant"] and got["rollback"] is None and got["diff"] == [] and got["msg"] == "nothing to change", got)
equal("applied again: nothing was touched but what a lock is", {k: v[:3] + v[5:] for k, v in held.items()},
      {k: v[:3] + v[5:] for k, v in contents(root).items()})

got = task("profile_info", executable=KEELTUNE, root=str(root), profile=["baseline"])
result("info: history with the comment as it was given, profiles, settings",
       not got["changed"] and [row["state"] for row in got["history"]] == ["applied"]
       and got["history"][0]["by"]["comment"] == "change 4711; $HOME `id` \"x\""
       and "baseline" in [row["name"] for row in got["profiles"]] and "limit:*:nofile:soft" in [row["id"] for row in got["settings"]], got)
result("info: every member is documented",
       set(got) - set(yaml.safe_load(MODULES["profile_info"].RETURN)) <= {"changed", "failed", "warnings", "msg"}, set(got))

held = contents(root)
planned = on(root, state="rolled_back", rollback=done["rollback"], check=True, diff=True)
documented("rolled back in check mode", "rolled_back", planned)
result("check mode of rolled back: would change", planned["changed"] and planned["undone"] == [] and planned["rolled_back"] is None, planned)
equal("check mode of rolled back: nothing was written", held, contents(root))
got = on(root, state="rolled_back", rollback="")
result("an empty id undoes nothing", not got["changed"] and not got["failed"] and held == contents(root), got)
got = on(root, state="rolled_back", rollback_id=done["rollback"], diff=True)
documented("rolled back", "rolled_back", got)
result("rolled back: by its id", got["changed"] and got["undone"] == [done["rollback"]] and got["left"] == [], got)
equal("rolled back: the diff is that of check mode", planned["diff"], got["diff"])
equal("rolled back: every file is as before", {name: row[-1] for name, row in before.items() if row[-1]}, files(root))
for word, params in (("the newest", {}), ("all", {"all": True})):
    got = on(root, state="rolled_back", **params)
    result(f"rolled back again, {word}: nothing to undo", not got["changed"] and not got["failed"] and got["msg"] == "nothing to undo", got)
result("rolled back without a history", not on(tree("debian12"), state="rolled_back")["failed"])
got = on(root, state="rolled_back", rollback="20200101T000000Z-x-000000")
result("an id that is not there fails by its name", got["failed"] and "20200101T000000Z-x-000000" in got["msg"], got)

# Somebody changed it since.
on(root, state="applied")
dropin = root / "etc/sysctl.d/99-zz-keeltune.conf"
dropin.write_text("# mine\n")
got = on(root, state="rolled_back")
documented("conflict", "rolled_back", got)
result("a conflict fails, names the place and what helps, and changes nothing",
       got["failed"] and not got["changed"] and "/etc/sysctl.d/99-zz-keeltune.conf was changed since by somebody else" in got["msg"]
       and "force: true" in got["msg"] and dropin.read_text() == "# mine\n", got)
got = on(root, state="rolled_back", force=True)
result("force undoes it all the same", got["changed"] and not dropin.exists(), got)

# An administrator's line wins.
root = tree("debian12")
(root / "etc/sysctl.d/zzz-admin.conf").write_text("net.ipv4.tcp_keepalive_time = 7000 # d\u00e9j\u00e0\n")
planned = on(root, state="applied", check=True)
got = on(root, state="applied")
for name, values in (("check mode", planned), ("applied", got)):
    result(f"an obstacle, {name}: no failure, not compliant, named with file and line",
           not values["failed"] and values["changed"] and not values["compliant"] and values["exit"] == 1
           and [row["id"] for row in values["remaining"]] == ["sysctl:net.ipv4.tcp_keepalive_time"]
           and any("/etc/sysctl.d/zzz-admin.conf:1" in text for text in values["warnings"]), values)
got = on(root, state="applied")
result("an obstacle, again: changed is false, still reported", not got["changed"] and not got["compliant"] and got["warnings"], got)
planned = on(root, state="applied", override=True, check=True, diff=True)
got = on(root, state="applied", override=True, diff=True)
result("override takes the line away", got["changed"] and got["compliant"] and "# keeltune " in (root / "etc/sysctl.d/zzz-admin.conf").read_text(), got)
equal("override: the diff of check mode, with ID for the id",
      json.dumps(planned["diff"]).replace("keeltune ID:", f"keeltune {got['rollback']}:"), json.dumps(got["diff"]))

# Planes.
root = tree("debian12")
got = on(root, runtime=True, persistent=True)
result("persistent and runtime exclude each other, in keeltune's words", got["failed"] and "--persistent" in got["msg"], got)
got = on(root, state="rolled_back", rollback="X", all=True)
result("all and an id exclude each other, in keeltune's words", got["failed"] and "takes no ID" in got["msg"], got)
got = on(root, state="applied", persistent=True)
result("persistent", got["changed"] and got["compliant"] and "--persistent" in AnsibleModule.argv, got)
got = on(root, state="applied", runtime=True)
result("runtime of a tree is refused in keeltune's words", got["failed"] and "--runtime" in got["msg"] and not got["changed"], got)

# ---- bad profiles --------------------------------------------------------------------------------------

root = tree("debian12")
bad = WORK / "bad.conf"
bad.write_text('format = 1\nname = "bad"\nsysctl "net.ipv4.tcp_keepalive_time" { value = 0 }\n')
for state in ("audited", "applied"):
    got = on(root, state=state, profile=[str(bad)])
    result(f"{state}: a bad profile fails with file and line", got["failed"] and f"{bad}:3:" in got["msg"] and not got["changed"], got)
    got = on(root, state=state, profile=["no-such", "baseline"])
    result(f"{state}: an unknown profile is named", got["failed"] and 'no profile "no-such"' in got["msg"], got)
    got = on(root, state=state, profile=["--help"])
    result(f"{state}: a profile that looks like an option is a profile", got["failed"] and "--help" in got["msg"], got)
    got = on(root, state=state, profile=[""])
    result(f"{state}: an empty name is an error, not the default", got["failed"] and "not the name of a profile" in got["msg"], got)
mine = WORK / "profiles"
mine.mkdir()
(mine / "mine.conf").write_text('format = 1\nname = "mine"\nsysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 }\n')
got = on(root, state="applied", profile=["baseline", "mine"], profile_dir=str(mine))
result("several profiles, one of a directory of ours", got["changed"] and "600" in (root / "etc/sysctl.d/99-zz-keeltune.conf").read_text(), got)
result("info: a bad profile fails with file and line",
       f"{bad}:3:" in task("profile_info", executable=KEELTUNE, root=str(root), profile=[str(bad)])["msg"])

# ---- what the command line is --------------------------------------------------------------------------

everything = {"profile": ["a", "b"], "rollback": "X", "all": False, "force": True, "override": True, "comment": "c d", "runtime": True,
              "persistent": False, "live": True, "root": "/r", "profile_dir": "/p", "engine": "procps", "netns": "blue", "wait": 3,
              "executable": "/bin/echo"}
common = ["--profile-dir=/p", "--engine=procps", "--netns=blue"]
for state, check, want in (
        ("audited", False, ["audit", "--format=json", "--root=/r", *common, "--runtime", "--live", "--", "a", "b"]),
        ("applied", True, ["diff", "--format=json", "--root=/r", *common, "--runtime", "--override", "--", "a", "b"]),
        ("applied", False, ["apply", "--format=json", "--root=/r", *common, "--comment=c d", "--wait=3", "--runtime", "--override", "--", "a", "b"]),
        ("rolled_back", False, ["rollback", "--format=json", "--root=/r", "--wait=3", "--force", "--", "X"]),
        ("rolled_back", True, ["rollback", "--format=json", "--root=/r", "--wait=3", "--force", "--dry-run", "--", "X"])):
    got = task(state=state, check=check, **everything)
    equal(f"the command line of {state}{', check mode' if check else ''}", ["/bin/echo", *want], AnsibleModule.argv)
    result("... and what is no JSON is no answer", got["failed"] and "printed no JSON" in got["msg"] and "0.1.0 or later" in got["msg"], got)

# ---- other programs ------------------------------------------------------------------------------------

answers = WORK / "answers"
answers.mkdir()


def program(script):
    path = answers / f"keeltune-{len(list(answers.iterdir()))}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


report = {"schema": "keeltune/audit/1", "tool": {"name": "keeltune", "version": "0.1.0"}, "result": "ok", "exit": 0, "notes": [],
          "findings": [], "summary": {"ok": 1, "differs": 0}}
for name, script, said in (
        ("nothing at all", "exit 0", "printed nothing and exited with 0"),
        ("an error of its own", "echo 'keeltune: no option --format' >&2; exit 2", "keeltune: no option --format"),
        ("text", "echo '{ not json'; exit 1", "printed no JSON"),
        ("half a report", f"printf '%s' '{json.dumps(report)[:-9]}'", "printed no JSON"),
        ("a list", "echo '[1]'", "of the schema null"),
        ("another schema", "echo '" + json.dumps({**report, "schema": "keeltune/audit/2"}) + "'", 'of the schema "keeltune/audit/2"'),
        ("no findings", "echo '" + json.dumps({**report, "findings": None}) + "'", 'without a proper "findings"'),
        ("two statuses", "echo '" + json.dumps(report) + "'; exit 2", "reported the status 0 and exited with 2"),
        ("a signal", "kill -9 $$", "was ended by signal 9")):
    got = task(executable=program(script))
    result(f"a program that answers {name} fails the task: {said}", got["failed"] and said in got["msg"], got["msg"])
got = task(executable=program("echo '" + json.dumps(report) + "'; echo 'keeltune: look here' >&2"))
result("what an answer came with is a warning", not got["failed"] and got["warnings"] == ["keeltune: look here"], got)

changed = {"schema": "keeltune/apply/1", "tool": {}, "result": "trouble", "notes": [], "changed": False, "changes": [], "remaining": []}
for status, want in ((2, False), (3, False), (4, True)):
    values = {**changed, "exit": status, "error": f"failed so {status}", "rollback": "X" if status == 4 else None}
    got = task(executable=program("echo '" + json.dumps(values) + f"'; exit {status}"), state="applied")
    result(f"apply that exits {status} fails, changed is {want}",
           got["failed"] and got["changed"] is want and f"failed so {status}" in got["msg"] and got["exit"] == status
           and not got["compliant"] and got["rollback"] == values["rollback"], got)
unknown = {**report, "result": "trouble", "exit": 2, "error": None, "findings": [
    {"id": "sysctl:x.y", "verdict": "unknown", "reason": "this kernel has no such key", "origin": None}]}
got = task(executable=program("echo '" + json.dumps(unknown) + "'; exit 2"))
result("what could not be judged fails an audit and is named, with the findings",
       got["failed"] and got["msg"] == "could not be judged: sysctl:x.y: this kernel has no such key" and len(got["findings"]) == 1, got)

os.environ["PATH"] = str(answers)
result("without the program the task says so", "Failed to find required executable keeltune" in task()["msg"])

shutil.rmtree(WORK, ignore_errors=True)
sys.exit(1 if failures else 0)
