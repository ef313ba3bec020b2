#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""formats_cases.py KEELTUNE SCHEMA_CHECK: names that nobody would choose, of files and of a process,
through every format and back by readers that know nothing of keeltune. Result lines.

Run by formats.sh on a private copy of the host. FORMATS_SEED repeats a run, FORMATS_CASES is how many
random names there are.
"""

import ctypes
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import formats_read
from formats_read import shown

KEELTUNE, SCHEMA_CHECK = sys.argv[1:3]
FORMATS = ("json", "junit", "tap", "prometheus", "text")
work = Path(tempfile.mkdtemp(dir="/run"))  # memory: each output is fsynced
failures = 0

FIXED = [
    b'a"<&|\n\x1b[31m', b"a'b", b"]]>", b"<!--", b"&amp;", b"# SKIP", b"ok 1 - x", b"\\", b"\\x1b", b"\\n\"",
    b"\r", b"\t", b"\x7f", b"\xc2\x85", b"\xc2\x9b31m", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf",
    b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xef\xbb\xbf", "\ufdd0 \ufdef".encode(), "é €\U0001f600".encode(),
    "conf\u202egnp \u2066\u2069".encode(), "a\u200bb\u200cc\u200d\u200e\u200f".encode(), "\u2028x\u2029".encode(),
    "\u3164 \xad \ufe0f \U000e0041".encode(), b"a=b;c,d", b"a: b", b"  ---",
    b"  ...", b"{}", b"%s%n", b"$(id)", b" ", b"...", b"\n", b"\n\n", b"a\n1..0\n", b"a\nBail out!",
]
SPICE = b"\"'<>&|#\\\n\r\t\x1b\x01\x7f;=,{}()%$` :-"


def result(is_ok, name, why=""):
    global failures
    print(f"{'ok' if is_ok else 'not ok'} {name}")
    if not is_ok:
        failures += 1
        print("\n".join(f"# {line}" for line in str(why).splitlines()[:12]))


def random_name(rng):
    size = rng.randrange(1, 40)
    parts = []
    while size > 0:
        kind = rng.randrange(5)
        part = (bytes([rng.choice(SPICE)]) if kind < 2 else
                bytes([rng.randrange(1, 256)]) if kind == 2 else
                chr(rng.choice([rng.randrange(0x80, 0x800), rng.randrange(0x800, 0xd800),
                                rng.randrange(0xe000, 0x110000)])).encode() if kind == 3 else
                bytes([rng.randrange(0x61, 0x7b)]))
        parts.append(part)
        size -= len(part)
    return b"".join(parts).replace(b"/", b"\\").replace(b"\0", b"\n")


def run(case, command, *arguments):
    """All formats of one run. The exit status of the plugin, its output, a file for each other format."""
    files = {name: work / f"{case}.{command[0]}.{name}" for name in FORMATS}
    also = [f"--also={name}:{file}" for name, file in files.items()]
    done = subprocess.run([KEELTUNE, "-f", "nagios", "-v", *command, *also, *arguments], capture_output=True)
    return done.returncode, done.stdout, files


def facts_of(text):
    """{name: value} of the text of a failure: "NAME: VALUE", or "NAME:" and lines."""
    facts, name = {}, None
    for line in text.split("\n"):
        head = line.split(":")[0]
        if head in ("wanted", "configured", "boot", "running", "shadowed", "deviations", "processes", "profile",
                    "purpose", "worst", "diff", "settings", "live"):
            name = head
            facts[name] = line[len(head) + 2:]
        else:
            facts[name] += "\n" + line
    return facts


def has_line(text, want):
    """A whole line; of a process the beginning, up to its pid."""
    return any(line == want or re.search(r" \(pid \d+$", want) and re.match(re.escape(want) + "[,)]", line)
               for line in text.split("\n"))


class Names:
    """What is to be found where, collected first: the readers are programs, started once."""

    def __init__(self):
        self.junit, self.tap, self.json = [], [], []

    def check_plugin(self, case, status, stdout, needle):
        try:
            _, _, more = formats_read.nagios(stdout, status)
            if not any(needle.replace("|", "\\x7c") in line for line in more):
                raise ValueError(f"no {needle!r} in {more}")
        except ValueError as error:
            result(False, f"nagios: {case}", error)

    def check_text(self, case, file, needle):
        text = " ".join(file.read_text().split())
        if " ".join(needle.split()) not in text:
            result(False, f"text: {case}", f"no {needle!r} in {text}")

    def check_prometheus(self, case, file, series):
        try:
            samples = formats_read.prometheus(file.read_bytes())
        except ValueError as error:
            result(False, f"prometheus: {case}", error)
            return
        if len(samples) != series:
            result(False, f"prometheus: {case}", f"{len(samples)} series, not {series}: a name became one")

    def check_rest(self):
        try:
            formats_read.valid_junit([item[1] for item in self.junit])
            result(True, f"{len(self.junit)} JUnit documents are valid by both schemas")
        except ValueError as error:
            result(False, "JUnit documents are valid by both schemas", error)
        bad = []
        for case, file, test, fact, want in self.junit:
            cases = formats_read.junit(file.read_bytes())[0]
            found = [facts_of(item[4]).get(fact) for item in cases if item[0] == test]
            if not found or not any(has_line(text or "", want) for text in found):
                bad.append(f"{case}: {want!r} of {test!r} not in {found} {[c[0] for c in cases]}")
        result(not bad, "each name comes back from JUnit", "\n".join(bad))
        bad = []
        for (case, file, test, fact, want), read in zip(
                self.tap, formats_read.tap([item[1] for item in self.tap])):
            found = [item["yaml"].get(fact, "") for item in read["tests"]
                     if formats_read.unescaped_tap(item["description"]) == f"- {test}" and "yaml" in item]
            if not any(has_line(text, want) for text in found):
                bad.append(f"{case}: {want!r} of {test!r} not in {found} {[t['description'] for t in read['tests']]}")
        result(not bad, "each name comes back from TAP", "\n".join(bad))
        run_check = subprocess.run([SCHEMA_CHECK, *[item[1] for item in self.json]], capture_output=True, text=True)
        result(run_check.returncode == 0, f"{len(self.json)} JSON reports are valid by their schemas", run_check.stdout)
        bad = [f"{case}: {want!r}" for case, file, want in self.json
               if want not in json.dumps(json.loads(file.read_bytes()), ensure_ascii=False)]
        result(not bad, "each name comes back from JSON", "\n".join(bad))
        bad = [f"{case}: {found.group()!a}" for case, file, _ in self.json
               if (found := formats_read.HIDDEN.search(file.read_text().replace("\n", "")))]
        result(not bad, "nothing hidden stands in JSON as it is", "\n".join(bad))


def in_json(name):
    """Bytes that are no UTF-8 become U+FFFD, each of them."""
    text = "".join("\ufffd" if 0xdc80 <= ord(char) <= 0xdcff else char
                   for char in name.decode("utf-8", "surrogateescape"))
    return json.dumps(text, ensure_ascii=False)[1:-1]


def try_name(names, number, name):
    case = f"{number}: {name!r}"
    path = b"/etc/sysctl.d/zz" + name + b".conf"
    Path(os.fsdecode(path)).write_bytes(b"net.ipv4.tcp_keepalive_time = 7000\n")
    setting, told = "sysctl:net.ipv4.tcp_keepalive_time", f"7000 ({shown(path)}:1)"
    status, stdout, files = run(number, ["audit", "time"])
    names.check_plugin(case, status, stdout, f"{shown(path)}:1")
    names.check_text(case, files["text"], f"{shown(path)}:1")
    names.check_prometheus(case, files["prometheus"], 11)
    names.junit.append((case, files["junit"], setting, "boot", told))
    names.tap.append((case, files["tap"], setting, "boot", told))
    names.json.append((case, files["json"], in_json(path)))

    status, stdout, files = run(number, ["diff", "time"])
    names.check_plugin(case, status, stdout, f"{shown(path)}:1")
    names.check_prometheus(case, files["prometheus"], 10)
    names.junit.append((case, files["junit"], setting, "boot", told))
    names.tap.append((case, files["tap"], setting, "boot", told))
    names.json.append((case, files["json"], in_json(path)))
    os.unlink(path)

    comm = name[:15]
    ctypes.CDLL(None).prctl(15, comm, 0, 0, 0)  # PR_SET_NAME
    status, stdout, files = run(number, ["sockets", "--pid", str(os.getpid())], "--check", "fds>2")
    with open("/proc/self/fd/../comm", "rb") as file:
        comm = file.read()[:-1]
    told = f"{shown(comm)} (pid {os.getpid()}"
    names.check_plugin(case, status, stdout, told)
    names.junit.append((case, files["junit"], "fds>2", "processes", told))
    names.tap.append((case, files["tap"], "fds>2", "processes", told))
    names.json.append((case, files["json"], in_json(comm)))


def equal(name, want, got):
    result(want == got, name, f"want {want}\ngot  {got}")


def verdicts():
    """Every verdict in every format, with the numbers that the JSON has."""
    Path("/etc/keeltune/profiles/mixed.conf").write_text(
        'format = 1 name = "mixed"\n'
        'sysctl "net.ipv4.tcp_keepalive_time" { value = 600 at_most = 600 reason = "a # b" }\n'
        'sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 }\n'
        'sysctl "net.ipv4.no_such_key" { value = 1 }\n'
        'sysctl "net.ipv4.not_this_one_either" { value = 1 optional = true }\n')
    losing = Path("/etc/sysctl.d/50-loses.conf"), Path("/etc/sysctl.d/60-wins.conf")
    for number, file in enumerate(losing, 700):
        file.write_text(f"net.ipv4.tcp_keepalive_time = {number}\n")
    status, stdout, files = run("verdicts", ["audit", "mixed"])
    for file in losing:
        file.unlink()
    report = json.loads(files["json"].read_bytes())
    told = {finding["id"]: finding["verdict"] for finding in report["findings"]}
    equal("all verdicts occur", {"ok", "differs", "unknown", "skipped"}, set(told.values()))
    equal("what holds now differs: CRITICAL for a plugin, whatever could not be judged", 2, status)
    text, values, _ = formats_read.nagios(stdout, status)
    equal("nagios counts them", report["summary"],
          {name: int(value[0]) for name, value in values.items() if name != "time"})
    cases, suite, out, error = formats_read.junit(files["junit"].read_bytes())
    kinds = {None: "ok", "failure": "differs", "error": "unknown", "skipped": "skipped"}
    equal("junit tells them apart", told, {case[0]: kinds[case[2]] for case in cases})
    facts = facts_of(next(case[4] for case in cases if case[0] == "sysctl:net.ipv4.tcp_keepalive_time"))
    equal("junit has what a person needs to know", ("at most 600", "a # b"), (facts["wanted"], facts["purpose"]))
    for fact, part in (("running", "7200"), ("boot", "701"), ("profile", "mixed.conf:2"), ("shadowed", "50-loses.conf:1: 700")):
        result(part in facts[fact], f"junit has the fact {fact}", facts[fact])
    equal("junit names what was looked at", ("mixed on " + report["host"]["name"], "keeltune.audit"),
          (suite["name"], suite["package"]))
    equal("junit has the notes", [note["text"] for note in report["notes"]],
          [line.split(": ", 1)[-1] if note["file"] else line for note, line in
           zip(report["notes"], out.splitlines())])
    (read,) = formats_read.tap([files["tap"]])
    marks = {"ok": (1, ""), "differs": (0, ""), "unknown": (0, ""), "skipped": (1, "SKIP")}
    equal("tap tells them apart", {name: marks[verdict] for name, verdict in told.items()},
          {formats_read.unescaped_tap(test["description"])[2:]: (test["ok"], test["directive"])
           for test in read["tests"]})
    equal("tap has them in order, after the plan", list(told), [
        formats_read.unescaped_tap(test["description"])[2:] for test in read["tests"]])
    prove = subprocess.run(["prove", "-e", "cat", files["tap"]], capture_output=True)
    equal("prove fails", 1, prove.returncode)
    samples = formats_read.prometheus(files["prometheus"].read_bytes())
    common = ("profile", "mixed")
    equal("prometheus counts them", report["summary"], {
        verdict: int(samples["keeltune_audit_findings", frozenset([common, ("verdict", verdict)])])
        for verdict in report["summary"]})
    numbers = {"ok": 0, "differs": 1, "unknown": 2}
    equal("prometheus has each setting", {name: numbers[told[name]] for name in told if told[name] in numbers}, {
        dict(labels)["setting"]: int(value) for (metric, labels), value in samples.items()
        if metric == "keeltune_audit_setting_status"})
    equal("prometheus has the values", 7200,
          int(samples["keeltune_audit_setting_value", frozenset([
              common, ("setting", "sysctl:net.ipv4.tcp_keepalive_time"), ("layer", "running")])]))
    equal("and when that was", 2, int(samples["keeltune_audit_exit_status", frozenset([common])]))
    formats_read.valid_junit([files["junit"]])

    Path("/etc/keeltune/profiles/good.conf").write_text(
        'format = 1 name = "good" sysctl "net.ipv4.tcp_keepalive_probes" { value = 9 }\n')
    status, stdout, files = run("verdicts", ["audit", "good"])
    equal("a host that complies", (0, 0), (status, subprocess.run(
        ["prove", "-e", "cat", files["tap"]], capture_output=True).returncode))
    status, stdout, files = run("nothing", ["diff", "good"])
    equal("nothing to change is a test that holds", [("nothing to change", None)],
          [(case[0], case[2]) for case in formats_read.junit(files["junit"].read_bytes())[0]])
    Path("/etc/keeltune/profiles/odd.conf").write_text(
        'format = 1 name = "odd" limits "a\\\\b" { item "nofile" { soft = 1 hard = 4096 } }\n'
        'sysctl "net.ipv4.tcp_keepalive_time" { value = 1 at_most = 600 reason = "\\"<&|# \\\\" }\n')
    status, stdout, files = run("odd", ["audit", "odd"])
    report = json.loads(files["json"].read_bytes())
    equal("a backslash in a setting is a backslash in a label",
          {finding["id"] for finding in report["findings"]},
          {dict(labels)["setting"] for (metric, labels) in formats_read.prometheus(files["prometheus"].read_bytes())
           if metric == "keeltune_audit_setting_status"})
    purposes = {'"<&|# \\'}
    equal("a reason of a profile: junit", purposes, {
        facts_of(case[4])["purpose"] for case in formats_read.junit(files["junit"].read_bytes())[0]
        if case[0].startswith("sysctl")})
    equal("and tap", purposes, {test["yaml"]["purpose"] for test in formats_read.tap([files["tap"]])[0]["tests"]
                                if "purpose" in test.get("yaml", {})})

    status, stdout, files = run("trouble", ["audit", "no-such-profile"])
    text = formats_read.nagios(stdout, status)[0]
    result("no-such-profile" in text, "a plugin says why it could not look", text)
    cases = formats_read.junit(files["junit"].read_bytes())[0]
    equal("and so does junit", [("audit", "error")], [(case[0], case[2]) for case in cases])
    equal("and tap", [0], [test["ok"] for test in formats_read.tap([files["tap"]])[0]["tests"]])
    equal("and prometheus", {2}, {int(value) for (metric, _), value in formats_read.prometheus(
        files["prometheus"].read_bytes()).items() if metric == "keeltune_audit_exit_status"})


def live():
    """What runs: the names of processes in the facts of --live, and in no metric."""
    name = b'a"<&|\n\x1b[31m'
    child = subprocess.Popen(
        [sys.executable, "-c", "import ctypes, resource, sys\n"
         "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))\n"
         f"ctypes.CDLL(None).prctl(15, {name!r}, 0, 0, 0)\nprint(flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, user="daemon")
    child.stdout.readline()
    Path("/etc/keeltune/profiles/files.conf").write_text(
        'format = 1 name = "files" limits "*" { item "nofile" { soft = 1024 hard = 1024 at_least = 1024 } }\n')
    status, stdout, files = run("live", ["audit", "--live", "files"])
    child.communicate()
    facts = [facts_of(case[4]).get("processes", "") for case in formats_read.junit(files["junit"].read_bytes())[0]
             if case[0] == "limit:*:nofile:soft"]
    result(f"(pid {child.pid} {shown(name)})" in "".join(facts), "a process that runs is named", facts)
    (read,) = formats_read.tap([files["tap"]])
    result(any(shown(name) in test.get("yaml", {}).get("processes", "") for test in read["tests"]),
           "and in tap", read)
    metrics = files["prometheus"].read_text()
    result("31m" not in metrics and str(child.pid) not in metrics.replace(".", " ").split(),
           "and in no metric", metrics)
    formats_read.valid_junit([files["junit"]])
    formats_read.nagios(stdout, status)


def many():
    """Of many offenders the worst come first, and the rest is a number."""
    children = [subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL) for _ in range(60)]
    holder = subprocess.Popen(["sleep", "60"], pass_fds=[os.dup(0) for _ in range(20)])
    status, stdout, files = run("many", ["sockets"], "--check", "fds>2")
    for child in (*children, holder):
        child.kill()
        child.wait()
    (case,) = formats_read.junit(files["junit"].read_bytes())[0]
    lines = facts_of(case[4])["processes"].lstrip("\n").split("\n")
    values = [int(line.rsplit(": ", 1)[1]) for line in lines[:-1]]
    equal("the worst first", sorted(values, reverse=True), values)
    equal("forty of them, and how many more", (40, True),
          (len(values), re.fullmatch(r"and (2[1-9]|[3-9][0-9]) more", lines[-1]) is not None))
    result(case[3].startswith(f"exceeded by {lines[0]}"), "the worst is in the message", case[3])
    formats_read.nagios(stdout, status)
    metrics = {name.removeprefix("keeltune_sockets_") for name, _ in formats_read.prometheus(files["prometheus"].read_bytes())}
    equal("prometheus has what is counted", set(), {
        "processes", "dead", "listen_full", "close_wait_unread_bytes", "close_wait_oldest_seconds", "descriptor_use_ratio",
        "unattributed", "check_status", "check_exceeding", "in_state", "exit_status", "last_run_timestamp_seconds"} - metrics)


def namespaces():
    """Of any number of network namespaces the worst counts, and none is a label."""
    counts = []
    for name in ("one", "two", 'th"ree'):
        subprocess.run(["ip", "netns", "add", name], check=True)
        _, stdout, files = run("netns", ["audit", "--netns", "all", "good"])
        samples = formats_read.prometheus(files["prometheus"].read_bytes())
        counts.append(len(samples))
        result(not any("netns" in dict(labels) for _, labels in samples), f"no label with {name}", samples)
    cases = formats_read.junit(files["junit"].read_bytes())[0]
    equal("but a test case for each", 4, len({case[0] for case in cases}))
    equal("as many series with one as with three", counts[0], counts[2])
    _, _, files = run("netns", ["audit", "--netns", "two", "good"])
    samples = formats_read.prometheus(files["prometheus"].read_bytes())
    result(all(dict(labels).get("netns") == "two" for _, labels in samples), "the one that is asked for is", samples)


def main():
    for case in (verdicts, live, many, namespaces):
        case()
    seed = int(os.environ.get("FORMATS_SEED") or random.randrange(1 << 32))
    count = int(os.environ.get("FORMATS_CASES", "40"))
    print(f"note FORMATS_SEED={seed}")
    rng = random.Random(seed)
    names = Names()
    for number, name in enumerate(FIXED + [random_name(rng) for _ in range(count)]):
        try_name(names, number, name.replace(b"/", b"\\")[:200])
    names.check_rest()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
