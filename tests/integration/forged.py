#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forged.py [SEED [FIRST]]: rollback files that somebody forged, at random.

Started by forged.sh on a private copy of this host. A real rollback file is changed in one to four places:
in its JSON, in its bytes, in its copies. Then keeltune undoes it, with and without --force. What the program
opens for writing, creates, renames, removes or changes in mode or owner is read from strace: nothing of it may
lie outside the fixed list of targets and the rollback directory. FIRST skips cases before that number.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

STATE = Path("/var/lib/keeltune/rollback")
KEELTUNE = os.environ["KEELTUNE"]
TMP = Path(os.environ["TMPDIR"])
CASES = 150 if os.environ.get("TEST_LENGTH", "short") == "short" else 3000
TARGETS = ["/etc/sysctl.conf", "/etc/sysctl.d", "/etc/security", "/etc/pam.d"]
CANARIES = ["/home/victim", "/etc/cron.d/victim", "/etc/victim", "/root/victim"]

ALLOWED = re.compile(
    r"^(/etc/(sysctl\.d|security/limits\.d|pam\.d)/[^/]+"
    r"|/etc/(sysctl\.conf|\.sysctl\.conf\.keeltune-new)"
    r"|/etc/security/(limits\.conf|\.limits\.conf\.keeltune-new)"
    r"|/etc(/sysctl\.d|/security|/security/limits\.d|/pam\.d)?"  # directories of targets, made and removed
    r"|.*/\.ns/root/etc/pam\.d/[^/]+"  # what the child that tries libpam has mounted for itself
    r"|/proc/sys/.+|/run/keeltune\.lock|/var/lib/keeltune(/rollback(/.*)?)?|/dev/null)$")

HOSTILE_PATHS = ["/etc/shadow", "/etc/pam.d/../victim", "/etc/pam.d/../../home/victim", "/home/victim", "/etc/cron.d/victim",
                 "/etc/pam.d/sub/x", "/etc/pam.d/", "/etc/pam.d/.", "/etc/pam.d/..", "/etc//pam.d/x", "/etc/security/../victim",
                 "/proc/sys/../sysrq-trigger", "/proc/sysrq-trigger", "/proc/self/mem", "/etc/sysctl.d/x\n/etc/victim",
                 "../../../home/victim", "etc/pam.d/login", "", "/", "/etc/pam.d/" + "x" * 300, "/etc/pam.d/" + "../" * 40 + "home/victim",
                 "/dev/sda", "/etc/security/limits.d/../../victim", "/etc/pam.d/x/../../victim", "/etc/pam.d\u0000/x"]
HOSTILE_VALUES = [None, True, False, 0, -1, 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, -2**63, 10**30, 1.5, 1e308, "", "x", "0", "4755", "6755", "100755",
                  "0777", "99999", "prepared", "applied", "recovering", "rolled-back", "\u0000", "\u001b[2J", "a" * 70000, [], {}, [[[[]]]], ["/root"],
                  {"sha256": "0" * 64, "mode": "0644", "uid": 0, "gid": 0, "xattrs": {}}, "f" * 64,
                  {"security.capability": "0100000202000000000000000000000000000000"}, {"trusted.x": "00"}, {"user.a": "zz"}, {"user.a": "0"}]
HOSTILE_VALUES += HOSTILE_PATHS


def run(*words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False, **options)


def spots(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from spots(item, path + (key,))


def holder(value, path):
    for key in path[:-1]:
        value = value[key]
    return value


def mutate_json(rng, manifest):
    where = rng.choice([path for path in spots(manifest) if path])
    place, key, choice = holder(manifest, where), where[-1], rng.random()
    if choice < 0.5:
        place[key] = rng.choice(HOSTILE_VALUES)
    elif choice < 0.6:
        del place[key]
    elif choice < 0.7 and manifest.get("changes") and isinstance(manifest["changes"], list):
        change = rng.choice(manifest["changes"])
        if isinstance(change, dict):
            change["path"] = rng.choice(HOSTILE_PATHS)
            change["kind"] = rng.choice(["file", "sysctl"])
            change["before"] = rng.choice(HOSTILE_VALUES)
            change["after"] = rng.choice(HOSTILE_VALUES)
    elif choice < 0.8 and isinstance(manifest.get("changes"), list) and manifest["changes"]:
        manifest["changes"].append(json.loads(json.dumps(rng.choice(manifest["changes"]))))
    elif choice < 0.9 and isinstance(manifest.get("changes"), list):
        for change in manifest["changes"]:
            if isinstance(change, dict) and "before" in change and "after" in change:
                change["before"], change["after"] = change["after"], change["before"]
    else:
        manifest["directories"] = [rng.choice(HOSTILE_PATHS + ["/home", "/etc/sysctl.d", "/etc/cron.d"])]


def mutate_bytes(rng, data):
    choice, at = rng.random(), rng.randrange(max(1, len(data)))
    if choice < 0.3:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
    if choice < 0.5:
        return data[:at]
    if choice < 0.6:
        return data[:at] + b"[" * 5000 + data[at:]
    if choice < 0.8:  # a key twice
        line = rng.choice(data.split(b"\n"))
        return data.replace(line, line + b"\n" + line, 1)
    return data[:at] + rng.choice([b"\0", b"\xff", b'"', b"}", b"../", b" " * 100000]) + data[at:]


def mutate_files(rng, entry):
    copies = [path for path in (entry / "files").rglob("*") if path.is_file() and not path.is_symlink()]
    choice = rng.randrange(8)
    if choice == 0 and copies:
        path = rng.choice(copies)
        path.unlink()
        path.symlink_to(rng.choice(CANARIES + ["/etc/shadow"]))
    elif choice == 1 and copies:
        path = rng.choice(copies)
        path.unlink()
        os.mkfifo(path)
    elif choice == 2 and copies:
        rng.choice(copies).write_bytes(b"session required pam_exec.so /tmp/x\n")
    elif choice == 3 and copies:
        rng.choice(copies).chmod(0o4755)
    elif choice == 4:
        shutil.rmtree(entry / "files", ignore_errors=True)
        (entry / "files").symlink_to("/home")
    elif choice == 5:  # where --force keeps what it overwrites
        (entry / "found/etc").mkdir(parents=True, exist_ok=True)
        if not (entry / "found/etc/pam.d").exists():
            (entry / "found/etc/pam.d").symlink_to("/etc/cron.d")
    elif choice == 6:
        if not (entry / "found").exists():
            (entry / "found").symlink_to("/home")
    else:
        if not (entry / ".manifest.json.keeltune-new").is_symlink():
            (entry / ".manifest.json.keeltune-new").symlink_to("/home/victim")


def forge(rng, entry):
    """Changes the rollback file; a word for what was done."""
    done = []
    manifest = json.loads((entry / "manifest.json").read_bytes())
    for _ in range(rng.randint(1, 3)):
        mutate_json(rng, manifest)
    if rng.random() < 0.7:
        (entry / "manifest.json").write_text(json.dumps(manifest, indent=2))
        done.append("json")
    if rng.random() < 0.25:
        (entry / "manifest.json").write_bytes(mutate_bytes(rng, (entry / "manifest.json").read_bytes()))
        done.append("bytes")
    if rng.random() < 0.4 or not done:
        mutate_files(rng, entry)
        done.append("files")
    return "+".join(done)


CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
AT = re.compile(r'(?:AT_FDCWD(?:<[^>]*>)?|\d+<([^>]*)>), "((?:[^"\\]|\\.)*)"')


def touched(trace):
    """The paths that a run has changed, or would have had the call worked."""
    for line in trace.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if not match:
            continue
        name, arguments, result, opened = match.groups()
        if name in ("openat", "openat2"):
            if not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments):
                continue
            if int(result) >= 0 and opened:
                yield line, opened
                continue
        if "EEXIST" in line and name == "mkdirat":
            continue
        if name in ("fchmod", "fchown", "fsetxattr", "fremovexattr", "ftruncate"):  # it was opened
            descriptor = re.match(r"\d+<([^>]*)>", arguments)
            if descriptor:
                yield line, descriptor.group(1)
            continue
        for directory, path in AT.findall(arguments):
            yield line, path if path.startswith("/") else os.path.normpath(f"{(directory or '').rstrip('/')}/{path}")


CALLS = ("trace=openat,openat2,open,creat,renameat,renameat2,rename,unlinkat,unlink,rmdir,mkdirat,mkdir,mknodat,linkat,symlinkat,"
         "fchmodat,fchmod,chmod,fchownat,fchown,chown,fsetxattr,setxattr,fremovexattr,removexattr,ftruncate,truncate")


def canaries():
    return [(path, Path(path).read_bytes(), os.stat(path).st_mode, os.stat(path).st_ino) for path in CANARIES]


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(2**32)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    print(f"# seed {seed}")
    for path in CANARIES:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("untouched\n")
    assert run(KEELTUNE, "apply", "small").returncode == 0
    entry = next(path for path in STATE.iterdir())
    snapshot = TMP / "snapshot"
    snapshot.mkdir()
    run("cp", "-a", "--parents", *TARGETS, str(STATE), str(snapshot))
    before, bad, believed, statuses = canaries(), 0, 0, {}
    for case in range(first, first + CASES):
        rng = random.Random(f"{seed}:{case}")
        run("rm", "-rf", *TARGETS, str(STATE))
        run("cp", "-a", f"{snapshot}/.", "/")
        if rng.random() < 0.3:  # a conflict, for --force
            Path("/etc/pam.d/login").write_text("# changed since\n")
        what = forge(rng, entry)
        words = rng.choice([["rollback"], ["rollback", "--force"], ["rollback", "--force", entry.name], ["rollback", "--all", "--force"],
                            ["history", "show", entry.name], ["history", "prune", "--keep", "0"], ["apply", "time"], ["diff", "small"]])
        result = run("strace", "-f", "-qq", "-y", "-e", "signal=none", "-e", CALLS, "-o", str(TMP / "strace"), KEELTUNE, *words)
        statuses[result.returncode] = statuses.get(result.returncode, 0) + 1
        problems = [f"{path}: {line}" for line, path in touched(TMP / "strace") if not ALLOWED.match(path)]
        if canaries() != before:
            problems.append("a canary was touched")
        if result.returncode not in (0, 1, 2, 3, 4):
            problems.append(f"status {result.returncode}: {result.stdout[-500:]!r}")
        modes = [path for top in TARGETS for path in ([Path(top)] if Path(top).is_file() else Path(top).rglob("*"))
                 if not path.is_symlink() and path.is_file() and path.stat().st_mode & 0o6000]
        problems += [f"{path} is setuid" for path in modes]
        believed += result.returncode == 0 and words[0] == "rollback"
        if problems:
            bad += 1
            print(f"not ok case {case} ({what}, {' '.join(words)}): repeat with forged.py {seed} {case}")
            print("\n".join("# " + problem[:400] for problem in problems[:5]))
            if bad > 5:
                break
    print(f"# statuses {statuses}, {believed} rollbacks of forged files went through")
    if not bad:
        print(f"ok {CASES} forged rollback files touch nothing outside the targets")
    print("ok some are believed, so that the test tests something" if believed > CASES // 50
          else "not ok hardly one forged file was believed")
    return bad or believed <= CASES // 50


if __name__ == "__main__":
    sys.exit(bool(main()))
