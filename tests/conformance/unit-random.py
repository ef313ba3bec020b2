#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random unit files, drop-ins, templates, aliases and masks: what systemd makes of them against what the
model says. `systemd --test --system` loads the units without running anything and prints what it holds;
it runs as nobody, in a mount namespace whose unit directories are empty file systems.

    unit-random.py [--count N] [--seed N] [--only N] [--program COMMAND] [--executor PATH] [--no-linked]

--executor: systemd-executor of that program, which systemd from 254 looks for in its place. --no-linked:
without links to unit files elsewhere, which systemd before 250 calls by the name they lead to.
Needs root. A disagreement is reduced and printed with the tree; --only N repeats one case.
"""

import argparse
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

MODEL = os.path.join(os.environ.get("BUILDDIR", "build"), "tests/unit-values")
TOPS = ["/etc/systemd", "/run", "/usr/lib/systemd/system", "/usr/local/lib", "/srv"]
VENDOR = "/usr/lib/systemd/system"
DIRECTORIES = [
    "/etc/systemd/system.control", "/run/systemd/system.control",
    "/etc/systemd/system", "/etc/systemd/system", "/etc/systemd/system", "/etc/systemd/system.attached",
    "/run/systemd/system", "/run/systemd/system", "/run/systemd/system.attached",
    "/usr/local/lib/systemd/system", VENDOR, VENDOR, VENDOR,
]  # fmt: skip
ASKED = [
    "a.service", "a-b.service", "a-b-c.service", "b.service", "t@x.service", "t@x-y.service",
    "t-u@x.service", "al.service", "al2.service", "alt@x.service", "a--b-.service", "b.c.service",
    "s.socket", "t@y\\x2dz.service",
]  # fmt: skip
NAMES = ASKED + ["t@.service", "t-u@.service", "alt@.service", "t@.service", "a.service", "x.mount"]
DROPIN_DIRS = NAMES + [
    "a-.service", "a-b-.service", "t-.service", "t-@.service", "t-@x.service", "service", "a--.service",
    "socket", "t@x-.service", "-.service", "service", "alt@.service", "al.service",
]  # fmt: skip
DROPINS = ["10-a.conf", "50-b.conf", "override.conf", "zz.conf", "a.txt", ".h.conf", "A.conf", "z.conf~"]
LIMITS = ["NOFILE"] * 8 + [
    "NPROC", "CORE", "CPU", "RTTIME", "NICE", "STACK", "MEMLOCK", "AS", "FSIZE", "DATA", "RSS", "LOCKS",
    "SIGPENDING", "MSGQUEUE", "RTPRIO",
]  # fmt: skip
COUNTS = [
    "1024", "4096", "65536", "524288", "1024:4096", "4096:1024", "infinity", "1024:infinity", "infinity:5",
    "", "0", "10:10", "010", "0x10", "0b101", "0o17", "08", "4K", "1k", " 7", "7 ", "7: 8", "7 :8", ":7", "7:",
    "7:8:9", "-1", "+5", "unlimited", "Infinity", "18446744073709551615", "18446744073709551614",
    "18446744073709551616", "1e3", "1.5", '"7"', "7 # x", "%i", "65k", "0x", "infinity:infinity", "1:2 3",
]  # fmt: skip
SIZES = COUNTS + [
    "1K", "1.5K", "2M", "1G:2G", "1G 512M", "512M 1G", "1GB", "1B", "1 K", "1.K", "1..5K", "16E", "15E",
    "1T 1", "1K1K", "0.1", "1.25G 3", "+1K", "1K +1", "8P", "1b",
]  # fmt: skip
TIMES = COUNTS + [
    "1s", "5min", "1h 30min", "1.5h", "100ms", "1us", "2d:3d", "1month", "1y", "1w", "5 min", "5min3", "3 5s",
    "1M", "1m", "1min1", "1.5", ".5s", "5.s", "infinity ", "1 infinity", "1ms:1s", "1500ms", "1hr", "10 sec",
    "2weeks", "500000y", "1000000y", "1\u00b5s", "1\u03bcs", "+1s", "1s -1s", "0.000001s", "60:1min",
]  # fmt: skip
NICES = COUNTS + ["-5", "+5", "-20", "-21", "+19", "+20", "40", "41", "20", "-5:-10", "+5:-5", "5:+5", "-0x5"]


def value_for(pick, limit):
    values = {"CPU": TIMES, "RTTIME": TIMES, "NICE": NICES}.get(limit)
    if not values:
        values = COUNTS if limit in ("NOFILE", "NPROC", "LOCKS", "SIGPENDING", "RTPRIO") else SIZES
    return pick.choice(values)


def assignment(pick, prefix):
    limit = pick.choice(LIMITS)
    key = prefix + limit
    key = pick.choice([key] * 20 + [key.lower(), " " + key, key + " ", key + "SOFT", prefix + "nofile"])
    blank = pick.choice(["", "", "", " ", "\t"])
    line = key + blank + "=" + blank + value_for(pick, limit)
    cut = pick.randrange(1, len(line))
    forms = [line] * 20 + [
        line[:cut] + "\\\n" + line[cut:], line + "\\\n", line + "\\", line + "\\ ", line + "\\\\",
        line[:cut] + "\\\n# comment\n;x\n" + line[cut:], line + "\\\n\n", "# " + line, ";" + line,
        "  " + line + "  ", line.replace("=", " "), line + "\r", line + "\x00" + "x=y", line + "\xa0",
        line[:cut] + "\\\n  # c\\\n" + line[cut:], line + "\x0b", "\ufeff" + line, line + "\n\r" + line,
        line + " # c", "=" + line,
    ]  # fmt: skip
    return pick.choice(forms)


def content(pick, section, prefix):
    parts = ["[%s]" % section] if pick.random() < 0.93 else []
    for _ in range(pick.choice([0, 1, 1, 1, 2, 3])):
        parts.append(assignment(pick, prefix))
        if pick.random() < 0.06:
            parts.append(pick.choice([
                "[Unit]", "[Service]", "[X-Foo]", "[Service", "[ Service ]", "[Manager]", "[Socket]", "nothing",
                "[]", "[", "]", "\udce4=1", "[Service]\\", "# [Unit]", "[Service] ", "  [Service]", "[service]",
            ]))  # fmt: skip
    if pick.random() < 0.2 and section == "Service":
        parts.append(pick.choice(["PAMName=login", "PAMName=", "PAMName=su-l", "User=root", "User="]))
    text = ("\r\n" if pick.random() < 0.05 else "\n").join(parts)
    if pick.random() < 0.9:
        text += "\n"
    return pick.choice(["\ufeff" + text] + [text] * 30)


def link_target(pick, name, directory):
    other = pick.choice(NAMES)
    there = pick.choice(DIRECTORIES)
    return pick.choice([
        "/dev/null", "/dev/null", other, other, there + "/" + other, there + "/" + other,
        "../system/" + other, there.replace("/usr/lib", "/lib") + "/" + other, "/srv/" + name, "/srv/x.service",
        "/srv/gone.service", there + "/" + name, "./" + other, there + "/sub/" + other, there + "/x.conf",
        "/usr/share/doc", "../../../dev/null", "/srv/link",
    ])  # fmt: skip


def random_tree(pick):
    """PATH -> text, or ("link", target)."""
    tree = {"/srv/x.service": "[Service]\nLimitNOFILE=31\n", "/srv/a.service": "[Service]\nLimitNOFILE=32\n"}
    if pick.random() < 0.3:
        tree["/srv/link"] = ("link", "/srv/x.service")
    for _ in range(pick.randrange(3, 14)):
        directory, name = pick.choice(DIRECTORIES), pick.choice(NAMES)
        kind = pick.random()
        if kind < 0.62:
            section = "Socket" if name.endswith("socket") else "Service"
            tree[directory + "/" + name] = content(pick, section, "Limit") or "\n"
        elif kind < 0.65:
            tree[directory + "/" + name] = ""
        else:
            tree[directory + "/" + name] = ("link", link_target(pick, name, directory))
    for _ in range(pick.randrange(0, 14)):
        directory, name, file = pick.choice(DIRECTORIES), pick.choice(DROPIN_DIRS), pick.choice(DROPINS)
        # Which of two aliases comes first is the order of a hash table.
        if file.endswith(".conf") and pick.random() < 0.5 or "al" in name:
            file = file.replace(".conf", "-%s.conf" % name.replace("@", "_"))
        kind = pick.random()
        section = "Socket" if "socket" in name else "Service"
        if kind < 0.85:
            tree["%s/%s.d/%s" % (directory, name, file)] = content(pick, section, "Limit")
        else:
            tree["%s/%s.d/%s" % (directory, name, file)] = (
                "link", pick.choice(["/dev/null", "/srv/x.service", "/srv/gone", "../../x", "/usr/share/doc"]),
            )  # fmt: skip
    if pick.random() < 0.3:
        tree["/etc/systemd/system.conf"] = content(pick, "Manager", "DefaultLimit")
    for _ in range(pick.choice([0, 0, 0, 1, 2, 3])):
        top = pick.choice(["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd"])
        tree["%s/system.conf.d/%s" % (top, pick.choice(DROPINS))] = content(pick, "Manager", "DefaultLimit")
    return tree


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(text, tuple):
        os.symlink(text[1], path)
    else:
        with open(path, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))


def lay_out(tree):
    for top in TOPS:
        for name in os.listdir(top):
            path = os.path.join(top, name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    os.makedirs("/run/nobody", mode=0o777)
    os.chmod("/run/nobody", 0o777)
    os.makedirs("/run/systemd", exist_ok=True)
    for name in "sysinit", "basic", "shutdown", "sockets":
        write("%s/%s.target" % (VENDOR, name), "[Unit]\nDefaultDependencies=no\n")
    wants = "".join("Wants=%s\n" % name for name in ASKED + ["probe.service"])
    write(VENDOR + "/default.target", "[Unit]\nDefaultDependencies=no\n" + wants)
    # Without these a unit is refused for other reasons.
    write("/etc/systemd/system.control/service.d/00-00.conf", "[Service]\nExecStart=\nExecStart=/bin/true\n")
    write("/etc/systemd/system.control/socket.d/00-00.conf", "[Socket]\nListenStream=1\nService=probe.service\n")
    write(VENDOR + "/probe.service", "[Service]\nExecStart=\nExecStart=/bin/true\n")
    for path, text in tree.items():
        try:
            write(path, text)
            # Not being pid 1, systemd takes its defaults from user.conf before it looks at --system.
            if "/system.conf" in path:
                write(path.replace("/system.conf", "/user.conf"), text)
        except (FileExistsError, NotADirectoryError, IsADirectoryError, FileNotFoundError):
            pass  # the tree has a link where a directory would be


class Unit:
    def __init__(self):
        self.state, self.fragment, self.dropins, self.limits, self.names = "", "", [], {}, set()
        self.settings = {}


def normal(path):
    return re.sub("^/lib/", "/usr/lib/", path)


def ask_systemd(program):
    """Name or alias -> Unit."""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = subprocess.run(
        command + program + ["--test", "--system", "--no-pager"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        env={"HOME": "/run/nobody", "XDG_RUNTIME_DIR": "/run/nobody", "PATH": "/usr/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip
    units, unit = {}, None
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        start = re.match(r"\t*(?:->|\u2192) Unit (.*):$", line)
        if start:
            unit = Unit()
            unit.id = start[1]
            unit.names.add(start[1])
            units[start[1]] = unit
        elif line.endswith(" By jobs:"):
            break
        elif unit:
            key, _, value = line.strip().partition(": ")
            if key == "Alias":
                unit.names.add(value)
                units[value] = unit
            elif key == "Unit Load State":
                unit.state = value
            elif key == "Fragment Path":
                unit.fragment = normal(value)
            elif key == "DropIn Path":
                unit.dropins.append(normal(value))
            elif key in ("PAMName", "User"):
                unit.settings[key] = value
            elif re.match("Limit[A-Z]+(Soft)?$", key):
                unit.limits[key] = value
    if "default.target" not in units:
        raise SystemExit("systemd --test: " + done.stderr.decode("utf-8", "replace")[-2000:])
    return units


def ask_model():
    done = subprocess.run([MODEL] + ASKED, capture_output=True, timeout=60)
    if done.returncode:
        raise SystemExit("%s exited %d: %s" % (MODEL, done.returncode, done.stderr.decode()))
    answers = {}
    for line in done.stdout.decode("utf-8", "replace").rstrip("\n").split("\n"):
        fields = line.rstrip("\t").split("\t")
        answers[fields[0]] = dict(
            id=fields[1], state=fields[2], fragment=fields[3] if len(fields) > 3 else "",
            dropins=fields[4].split() if len(fields) > 4 else [],
            values=dict(field.split("=", 1) for field in fields[5:]),
        )  # fmt: skip
    return answers


def disagreement(name, real, model, builtin):
    """What the two say differently about NAME, or None."""
    states = {"loaded": "loaded", "masked": "masked", "not-found": "not found", "bad-setting": "broken",
              "error": "broken"}  # fmt: skip
    state = states.get(real.state, real.state)
    if model["state"] == "masked" and real.state == "error" and name != model["id"]:
        return None  # an alias of a unit that is loaded already, and masked
    if model["state"] != state:
        return "state: systemd says %s, the model %s" % (real.state, model["state"])
    if state != "loaded":
        return None
    if real.id != model["id"]:
        return "id: systemd says %s, the model %s" % (real.id, model["id"])
    if real.fragment != normal(model["fragment"]):
        return "unit file: systemd reads %s, the model %s" % (real.fragment, model["fragment"])
    if real.dropins != [normal(path) for path in model["dropins"]]:
        return "drop-ins: systemd reads %s, the model %s" % (real.dropins, model["dropins"])
    for limit in set(LIMITS):
        got = (real.limits.get("Limit%sSoft" % limit), real.limits.get("Limit" + limit))
        said = model["values"].get(limit)
        want = tuple(said.split(":")) if said else builtin.get(limit, (None, None))
        if got != want:
            return "Limit%s: systemd says %s, the model %s" % (limit, got, want)
    for key in "PAMName", "User":
        if real.settings.get(key) != model["values"].get(key):
            return "%s: systemd says %s, the model %s" % (key, real.settings.get(key), model["values"].get(key))
    return None


def compare(tree, program, builtin):
    lay_out(tree)
    real, model = ask_systemd(program), ask_model()
    files = {}
    for answer in model.values():
        files.setdefault(answer["id"], set()).add(answer["fragment"])
    for name in ASKED:
        # Two names lead to one unit by way of different files: the one that is loaded first decides.
        if len(files[model[name]["id"]]) > 1:
            continue
        why = disagreement(name, real[name], model[name], builtin) if name in real else "not loaded"
        if why:
            return "%s: %s" % (name, why)
    return None


def reduced(tree, program, builtin):
    """TREE without what the disagreement does not need."""
    again = True
    while again:
        again = False
        for path in list(tree):
            less = {key: text for key, text in tree.items() if key != path}
            if compare(less, program, builtin):
                tree, again = less, True
        for path, text in list(tree.items()):
            if isinstance(text, tuple):
                continue
            lines = text.split("\n")
            for i in range(len(lines)):
                less = dict(tree)
                less[path] = "\n".join(lines[:i] + lines[i + 1 :])
                if less[path] and compare(less, program, builtin):
                    tree, again = less, True
                    break
    return tree


def propagation():
    """What unshare can do here without mounts reaching the host: in a chroot the root cannot be made private."""
    if subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return "private"
    with tempfile.TemporaryDirectory() as probe:
        subprocess.run(["unshare", "--mount", "--propagation", "unchanged", "sh", "-c",
                        'mount -t tmpfs probe "$1" && touch "$1/seen"', "sh", probe], check=True)
        if os.path.exists(probe + "/seen"):
            subprocess.run(["umount", probe], check=True)
            sys.exit("mounts made here would be seen by the host, and the root is no mount point")
    return "unchanged"


def enter_namespace(executor):
    if os.environ.get("UNIT_RANDOM_INSIDE") != "1":
        os.environ["UNIT_RANDOM_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", propagation(), sys.executable] + sys.argv)
    if executor:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/usr/lib/systemd"], check=True)
        shutil.copy(executor, "/usr/lib/systemd/systemd-executor")
    for top in TOPS:
        os.makedirs(top, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", top], check=True)


def main():
    parser = argparse.ArgumentParser()
    short = os.environ.get("TEST_LENGTH", "short") == "short"
    parser.add_argument("--count", type=int, default=40 if short else 1500)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--only", type=int)
    parser.add_argument("--executor")
    parser.add_argument("--no-linked", action="store_true")
    parser.add_argument("--program", type=shlex.split, default=["/usr/lib/systemd/systemd"])
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root")
        return 77
    if not os.access(options.program[0], os.X_OK):
        print("no " + options.program[0])
        return 77
    enter_namespace(options.executor)

    lay_out({})
    probe = ask_systemd(options.program)["probe.service"].limits
    builtin = {
        limit: (probe.get("Limit%sSoft" % limit), probe.get("Limit" + limit)) for limit in LIMITS
    }
    print("seed %d, %d trees" % (options.seed, options.count))
    failures = 0
    for number in [options.only] if options.only is not None else range(options.count):
        tree = random_tree(random.Random("%d %d" % (options.seed, number)))
        if options.no_linked:
            links = [path for path, text in tree.items() if text[:1] == ("link",) and text[1][:5] == "/srv/"]
            for path in links:
                del tree[path]
        why = compare(tree, options.program, builtin)
        if not why:
            continue
        failures += 1
        small = reduced(tree, options.program, builtin)
        print("disagreement (--seed %d --only %d): %s" % (options.seed, number, compare(small, options.program, builtin)))
        for path, text in sorted(small.items()):
            print("    %s %s" % (path, "-> " + text[1] if isinstance(text, tuple) else repr(text)))
        if failures >= 5:
            break
    print("%s units: %d trees of seed %d" % ("not ok" if failures else "ok", options.count, options.seed))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
