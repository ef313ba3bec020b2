#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What keeltune writes for units against what systemd makes of it: random unit files, drop-ins, aliases and
templates as in unit-random.py, a random wish, `keeltune apply`, and then `systemd --test` says what the unit
has. Where keeltune says that the wish is met it must be so to systemd, where it says that another value wins
systemd must have that; rollback gives back every byte.

    unit-apply.py [--count N] [--seed N] [--only N]

Needs root. --only N repeats one case and prints its tree.
"""

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("units", os.path.join(HERE, "unit-random.py"))
units = importlib.util.module_from_spec(spec)
spec.loader.exec_module(units)

KEELTUNE = os.environ.get("KEELTUNE", os.path.join(os.environ.get("BUILDDIR", "build"), "keeltune"))
SYSTEMD = ["/usr/lib/systemd/systemd"]
PROFILE = "/run/wish.conf"
NUMBERS = [10, 1000, 1024, 4096, 65536, 524288]
INSTANCES = [name for name in units.ASKED if name.startswith("t@")]


def random_wish(pick, loaded):
    """(unit, soft or None, hard or None, at_least or None); mostly of a unit that is LOADED."""
    name = pick.choice((loaded * 3 or units.ASKED) + ["*.service", "t@.service", pick.choice(units.ASKED)])
    soft, hard = sorted([pick.choice(NUMBERS), pick.choice(NUMBERS)])
    if pick.random() < 0.2:
        hard = None
    elif pick.random() < 0.2:
        soft = None
    lowest = soft if soft is not None else hard
    return name, soft, hard, pick.choice([None, None, lowest, 10])


def write_profile(wish):
    name, soft, hard, least = wish
    parts = [("soft", soft), ("hard", hard), ("at_least", least)]
    item = " ".join("%s = %d" % part for part in parts if part[1] is not None)
    with open(PROFILE, "w", encoding="ascii") as file:
        file.write('format = 1\nname = "wish"\nunit "%s" { item "nofile" { %s } }\n' % (name.replace("\\", "\\\\"), item))


def keeltune(command, *more):
    done = subprocess.run(
        [KEELTUNE, command, "--format", "json", *more], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )  # fmt: skip
    if done.returncode < 0 or done.returncode > 4:
        raise SystemExit("keeltune %s: status %d: %s" % (command, done.returncode, done.stderr.decode()))
    return done.returncode, json.loads(done.stdout), done.stderr.decode()


def listing():
    """Everything that keeltune might change, as text."""
    lines = []
    for top, directories, files in os.walk("/etc/systemd"):
        for name in directories + files:
            path = os.path.join(top, name)
            if "/user.conf" in path:
                continue
            if os.path.islink(path):
                lines.append("%s -> %s" % (path, os.readlink(path)))
            elif os.path.isdir(path):
                lines.append(path + "/")
            else:
                with open(path, "rb") as file:
                    lines.append("%s %o %r" % (path, os.stat(path).st_mode, file.read()))
    return sorted(lines)


def mirror_defaults():
    """Not being pid 1, systemd takes its defaults from user.conf."""
    subprocess.run(["rm", "-rf", "/etc/systemd/user.conf.d"], check=True)
    if os.path.isdir("/etc/systemd/system.conf.d"):
        subprocess.run(["cp", "-a", "/etc/systemd/system.conf.d", "/etc/systemd/user.conf.d"], check=True)


def number(text):
    return -1 if text == "infinity" else int(text)


def has(real):
    return number(real.limits["LimitNOFILESoft"]), number(real.limits["LimitNOFILE"])


def check_values(wish, audit, real, nr_open):
    """What is wrong about the unit, or None."""
    name, _, _, least = wish
    got = tuple(min(nr_open, value) if value >= 0 else nr_open for value in has(real))
    for finding in audit["findings"]:
        side = finding["id"].rsplit(":", 1)[1]
        value = got[side == "hard"]
        if finding["layers"]["boot"] != value:
            return "%s: systemd has %s, keeltune says %s" % (finding["id"], value, finding["layers"]["boot"])
        good = value >= least if least is not None else value == finding["want"]
        if good != (finding["verdict"] == "ok") and name != "t@.service":
            return "%s: systemd has %d, keeltune says %s" % (finding["id"], value, finding["verdict"])
    return None


def check_instances(wish, found):
    """All instances have what their template was given."""
    _, soft, hard, least = wish
    for name in INSTANCES:
        real = found.get(name)
        if not real or real.state != "loaded" or not real.id.startswith("t@"):
            continue
        for value, want in zip(has(real), (soft, hard)):
            if want is not None and (value != want if least is None else 0 <= value < least):
                return "%s: systemd has %d" % (name, value)
    return None


def subject_of(wish, found):
    """The unit of systemd that tells, or None."""
    if wish[0] == "*.service":
        return found["probe.service"]
    if wish[0] == "t@.service":
        return None
    return found.get(wish[0])


def lay_out(tree):
    """Says which units can be loaded."""
    # What systemd has built in depends on the limits of whoever runs it.
    tree["/run/systemd/system.conf.d/00-00.conf"] = "[Manager]\nDefaultLimitNOFILE=1024:524288\n"
    units.lay_out(tree)
    return [name for name, said in units.ask_model().items() if said["state"] == "loaded"]


def run_case(wish, nr_open, tally):
    subprocess.run(["rm", "-rf", "/var/lib/keeltune"], check=True)
    write_profile(wish)
    before = listing()
    options = ["--persistent", PROFILE]
    status, report, errors = keeltune("apply", *options)
    if status == 2:
        tally["refused"] += 1
        return None if listing() == before else "refused, but something was written"
    if status > 2:
        return "apply exits %d: %s" % (status, errors)
    tally["met" if status == 0 else "obstacle"] += 1
    tally["changed"] += bool(report["changed"])
    mirror_defaults()
    found = units.ask_systemd(SYSTEMD)
    real = subject_of(wish, found)
    audit = keeltune("audit", *options)[1]
    why = None
    if real and real.state == "loaded" and not real.settings.get("PAMName"):
        why = check_values(wish, audit, real, nr_open)
    if not why and wish[0] == "t@.service" and status == 0:
        why = check_instances(wish, found)
    if why:
        return why
    if report["changed"] and keeltune("rollback")[0] != 0:
        return "rollback fails"
    after = listing()
    return None if after == before else "rollback leaves %s" % sorted(set(after) ^ set(before))


def main():
    parser = argparse.ArgumentParser()
    short = os.environ.get("TEST_LENGTH", "short") == "short"
    parser.add_argument("--count", type=int, default=40 if short else 1000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root")
        return 77
    if not os.access(SYSTEMD[0], os.X_OK):
        print("no " + SYSTEMD[0])
        return 77
    units.TOPS.append("/var/lib")
    units.enter_namespace(None)
    with open("/proc/sys/fs/nr_open", encoding="ascii") as file:
        nr_open = int(file.read())

    print("seed %d, %d trees" % (options.seed, options.count))
    tally = dict(met=0, obstacle=0, refused=0, changed=0)
    failures = 0
    for case in [options.only] if options.only is not None else range(options.count):
        pick = random.Random("apply %d %d" % (options.seed, case))
        tree = units.random_tree(pick)
        wish = random_wish(pick, lay_out(tree))
        why = run_case(wish, nr_open, tally)
        if why or options.only is not None:
            print("--seed %d --only %d: %s: %s" % (options.seed, case, wish, why))
            for path, text in sorted(tree.items()):
                print("    %s %s" % (path, "-> " + text[1] if isinstance(text, tuple) else repr(text)))
        failures += bool(why)
        if failures >= 5:
            break
    print("# " + ", ".join("%d %s" % (count, what) for what, count in tally.items()))
    if options.only is None and options.count >= 40 and not (tally["met"] and tally["changed"]):
        print("not ok the wishes of seed %d changed nothing" % options.seed)
        return 1
    print("%s units after apply: %d wishes of seed %d" % ("not ok" if failures else "ok", options.count, options.seed))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
