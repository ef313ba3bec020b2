#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fleet_oracle.py KEELTUNE DIR ROUNDS [SEED]: random fleets, merged by keeltune and here.

Reports come as lines, as files in directories, one behind the other over several lines, with broken
ones among them; the same counts, groups, outliers, duplicates, stale and broken reports must come out.
A fleet that disagrees stays in DIR.
"""

import collections
import datetime
import json
import os
import random
import shutil
import subprocess
import sys

IDS = ["sysctl:net.ipv4.tcp_keepalive_time", "sysctl:fs.file-max", "limit:*:nofile:soft", "limit:@dba:nofile:hard",
       "pam:sshd:pam_limits", "unit:a\"<&|.service:nofile:soft", "sysctl:net.ipv4.ip_local_port_range"]
VALUES = [600, 1800, 7200, -1, 0, "unlimited", "1024 65535", "18446744073709551615", None, "é\u202e\n\"\\"]
NAMES = ["web", "db", "a\"<&|\n\x1b[31m", "ünï", "", "x" * 700]
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
GARBAGE = ["garbage", "null", "42", "\"text\"", "{", "}", "{}", "[1]", "{\"schema\": \"keeltune/audit/1\"}", "]", ",",
           "{\"a\": 1, \"a\": 2}", "\x00", "\ufeff{", "{\"schema\": \"keeltune/diff/1\"}", "{\"x\": [1, 2}", "<html>"]


def make_finding(draw, setting, some):
    verdict = draw.choices(["ok", "differs", "unknown", "skipped"], some["weights"])[0]
    blank = verdict in ("unknown", "skipped")
    finding = {"id": setting, "verdict": verdict, "want": some["want"], "at_least": None, "at_most": some["want"],
               "layers": {layer: None if blank else draw.choices(VALUES, some["values"])[0]
                          for layer in ("configured", "boot", "running")},
               "origin": None, "shadowed": [], "deviations": [], "reason": None if verdict == "ok" else draw.choice(["a", "b"]),
               "purpose": "why \\u00e9", "profile": {"file": "/p.conf", "line": 3}}
    finding["layers"]["live"] = None if draw.random() < 0.9 else 5
    if verdict == "differs" and draw.random() < 0.1:
        finding["deviations"] = [{"who": f"account {who}", "value": 7, "origin": None} for who in draw.choice(["a", "ab"])]
    return finding


def make_report(draw, kinds, hosts):
    name, machine_id = draw.choice(hosts)
    findings = [make_finding(draw, setting, kinds[setting]) for setting in draw.choice(kinds["profiles"])]
    if findings and draw.random() < 0.1:  # another network namespace
        findings.append({**make_finding(draw, findings[0]["id"], kinds[findings[0]["id"]]), "netns": "web"})
    draw.shuffle(findings)
    verdicts = {finding["verdict"] for finding in findings}
    result = "trouble" if "unknown" in verdicts else "differs" if "differs" in verdicts else "ok"
    error = None
    if draw.random() < 0.03:
        result, error, findings = "trouble", draw.choice(["no profile", "disk"]), []
    time = NOW - datetime.timedelta(seconds=draw.choice([0, 5, 3600, 86400, 8 * 86400, 400 * 86400]))
    return {"schema": "keeltune/audit/1", "tool": {"name": "keeltune", "version": draw.choice(["1.0", "1.1"])},
            "host": {"name": name, "machine_id": machine_id, "os": None, "kernel": "6.1"},
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "result": result, "exit": {"ok": 0, "differs": 1, "trouble": 2}[result],
            "root": None, "error": error, "interrupted": None, "notes": [], "profiles": draw.choice(["baseline", None]),
            "engine": None, "summary": {}, "findings": findings}


def make_reports(draw):
    hosts = [(draw.choice(NAMES) + str(i // 2), draw.choice([None, f"{i // 3:032x}"])) for i in range(draw.choice([1, 5, 30, 90]))]
    kinds = {setting: {"weights": draw.choice([(8, 1, 0, 0), (1, 1, 1, 1), (20, 1, 0.2, 1)]), "want": draw.choice([1800, None]),
                       "values": [draw.choice([0.01, 0.1, 3]) for _ in VALUES]} for setting in IDS}
    kinds["profiles"] = [draw.sample(IDS, draw.randrange(1, len(IDS))) for _ in range(draw.choice([1, 1, 3]))]
    return [make_report(draw, kinds, hosts) for _ in range(draw.choice([0, 1, 10, 100, 300]))]


def break_line(draw, line):
    """A line that is no report; what a Python program takes for none either."""
    how = draw.randrange(6)
    if how == 0:
        return line[:draw.randrange(1, len(line))]
    if how == 1:
        return line + draw.choice([",", "x", " ]"])
    if how == 2:
        return line.replace('"time": "', '"time": "x', 1)
    if how == 3:
        return line.replace('"findings": [', '"findings": 7, "x": [', 1)
    if how == 4:
        return line.replace('"schema": "keeltune/audit/1"', '"schema": "keeltune/audit/2"', 1)
    return draw.choice(GARBAGE)


class Fleet:
    """What is read, in its order, and where."""

    def __init__(self, draw, directory):
        self.draw, self.directory = draw, directory
        self.read, self.broken, self.arguments, self.stdin = [], set(), [], b""

    def lines(self, reports, name):
        text, number = [], 0
        broken_share = self.draw.choice([0, 0, 0.1])
        end = self.draw.choice(["\n", "\r\n"])
        for report in reports:
            while self.draw.random() < broken_share:
                number += 1
                line = break_line(self.draw, json.dumps(report, ensure_ascii=self.draw.random() < 0.5))
                if text and text[-1].strip("\ufeff") == "{" and line[0] in '"}':
                    line = "garbage"  # those would go on with it
                text.append(line)
                self.broken.add((name, number))
            if self.draw.random() < 0.05:
                number += 1
                text.append(self.draw.choice(["", "  ", "\t"]))
            number += 1
            text.append(json.dumps(report, sort_keys=self.draw.random() < 0.3, ensure_ascii=self.draw.random() < 0.5))
            self.read.append((report, name, number))
        if not text:
            self.broken.add((name, None))
        elif not any(line.strip() for line in text):
            self.broken.add((name, None))
        mark = self.draw.choice(["", "\ufeff"])
        return (mark + end.join(text) + self.draw.choice(["", end])).encode()

    def documents(self, reports, name):
        text, number = [], 1
        for report in reports:
            one = json.dumps(report, indent=self.draw.choice([0, 1, 2, 4, "\t", None]), sort_keys=self.draw.random() < 0.3)
            if self.draw.random() < 0.05 and "\n" in one:  # cut between two lines: any later begins anew
                one = "\n".join(one.split("\n")[:-self.draw.randrange(1, 4)])
                if one.startswith("{\n\t") or one.startswith("{\n "):
                    self.broken.add((name, None))
                else:
                    one = json.dumps(report)
                    self.read.append((report, name, number))
            else:
                self.read.append((report, name, number))
            text.append(one)
            number += one.count("\n") + 1
        if not reports:
            self.broken.add((name, None))
        return "\n".join(text).encode()

    def add(self, reports):
        number = len(self.arguments)
        how = self.draw.randrange(4)
        if how == 0 and "-" not in self.arguments:
            self.arguments.append("-")
            self.stdin = self.lines(reports, "-")
        elif how == 1:
            top = f"{self.directory}/d{number}"
            os.makedirs(f"{top}/sub/deep")
            self.arguments.append(top)
            for folder in ("a", "sub/b", "sub/deep/c", "z"):
                count = self.draw.randrange(len(reports) + 1)
                some, reports = reports[:count], reports[count:]
                if folder == "z":
                    some += reports
                for i, report in enumerate(some):
                    name = f"{top}/{folder}{i:04}{self.draw.choice(['.json', '', '.txt'])}"
                    with open(name, "wb") as file:
                        file.write(self.documents([report], name))
            with open(f"{top}/README", "w") as file:
                file.write("no report\n")
            os.symlink("README", f"{top}/link.json")
        else:
            name = f"{self.directory}/f{number}"
            self.arguments.append(name)
            with open(name, "wb") as file:
                file.write(self.lines(reports, name) if how == 2 else self.documents(reports, name))


def value(thing):
    """As keeltune writes it: texts that are numbers are numbers."""
    try:
        number = int(thing)
        return number if abs(number) <= 2**63 - 1 else str(number)
    except (TypeError, ValueError):
        return " ".join(thing.split()) if isinstance(thing, str) else thing


def long(text):
    if text is None or len(text.encode()) <= 512:
        return text
    hashed = 0xcbf29ce484222325
    for byte in text.encode():
        hashed = (hashed ^ byte) * 0x100000001b3 % 2**64
    return f"{text.encode()[:512].decode()}... ({len(text.encode())} bytes, {hashed:016x})"


def shown(finding):
    """What makes two differences the same."""
    live = finding["layers"]["live"] if finding["verdict"] == "differs" else None
    return (finding["id"], finding["verdict"], value(finding["want"]), *(value(finding["layers"][layer])
            for layer in ("configured", "boot", "running")), value(live),
            ", ".join(f"{d['who']} {d['value']}" for d in finding["deviations"]) or None,
            finding["reason"] if finding["verdict"] == "unknown" else None)


def expect(read):
    """The picture, from reports in their order."""
    newest, counts, dropped = {}, collections.Counter(), collections.defaultdict(list)
    for report, file, line in read:
        key = (long(report["host"]["name"]), report["host"]["machine_id"])
        if key in newest and newest[key][0]["time"] > report["time"]:
            dropped[key].append((file, line))
        else:
            if key in newest:
                dropped[key].append(newest[key][1:])
            newest[key] = (report, file, line)
    rank = ["skipped", "ok", "differs", "unknown"]
    settings, values = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    groups, unjudged = collections.defaultdict(set), collections.defaultdict(set)
    holders = collections.defaultdict(set)
    last = max((report["time"] for report, *_ in newest.values()), default="")
    stale = set()
    for key, (report, *_) in newest.items():
        worst = {}
        for finding in report["findings"]:
            verdict = finding["verdict"]
            worst[finding["id"]] = max(worst.get(finding["id"], "skipped"), verdict, key=rank.index)
        for setting, verdict in worst.items():
            settings[setting][verdict] += 1
        verdict = {"ok": "ok", "differs": "differs", "trouble": "unknown"}[report["result"]]
        counts[verdict] += 1
        bad = frozenset(shown(f) for f in report["findings"] if f["verdict"] in ("differs", "unknown"))
        if verdict == "differs":
            groups[bad].add(key)
        elif verdict == "unknown":
            unjudged[bad, report["error"]].add(key)
        for pair in {(f["id"], value(f["layers"]["boot"]), value(f["layers"]["running"]))
                     for f in report["findings"] if f["verdict"] in ("ok", "differs")}:
            values[pair[0]][pair[1:]] += 1
            holders[pair].add(key)
        old = datetime.datetime.fromisoformat(last[:-1]) - datetime.datetime.fromisoformat(report["time"][:-1])
        if old > datetime.timedelta(days=7):
            stale.add(key)
    outliers = {}
    for setting, counter in values.items():
        total, common = sum(counter.values()), max(counter.values())
        for pair, number in counter.items():
            if total >= 5 and 2 * common > total and number != common and (number == 1 or number <= total // 20):
                outliers[(setting, *pair)] = frozenset(holders[(setting, *pair)])
    return {"total": len(newest), "counts": counts, "settings": settings, "stale": stale, "outliers": outliers,
            "groups": {key: frozenset(hosts) for key, hosts in groups.items()}, "values": values,
            "unjudged": {key: frozenset(hosts) for key, hosts in unjudged.items()},
            "dropped": {key: sorted(places) for key, places in dropped.items()},
            "kept": {key: newest[key][1:] for key in dropped}}


def hosts_of(hosts):
    keys = [(host["name"], host["machine_id"]) for host in hosts]
    assert len(set(keys)) == len(keys), "a host twice"
    assert keys == sorted(keys, key=lambda k: (k[0].encode(), (k[1] or "").encode())), "hosts are not sorted"
    return frozenset(keys)


def difference_of(state):
    layers = state["layers"]
    return (state["id"], state["verdict"], state["want"], layers["configured"], layers["boot"], layers["running"], layers["live"],
            state["deviations"], state["reason"])


def found(report):
    def groups(name):
        sizes = [group["count"] for group in report[name]]
        assert sizes == sorted(sizes, reverse=True), f"{name} are not sorted"
        assert all(group["count"] == len(group["hosts"]) for group in report[name])
        return report[name]
    settings = {s["id"]: {v: s[v] for v in ("ok", "differs", "unknown", "skipped") if s[v]} for s in report["settings"]}
    return {"total": report["hosts"]["total"], "counts": {k: v for k, v in report["hosts"].items() if k != "total" and v},
            "settings": settings, "stale": set(hosts_of(sorted(report["stale"], key=lambda h: (h["name"].encode(), (h["machine_id"] or "").encode())))),
            "outliers": {(o["id"], o["value"]["boot"], o["value"]["running"]): hosts_of(o["hosts"]) for o in report["outliers"]},
            "groups": {frozenset(map(difference_of, g["settings"])): hosts_of(g["hosts"]) for g in groups("groups")},
            "unjudged": {(frozenset(map(difference_of, g["settings"])), g["error"]): hosts_of(g["hosts"]) for g in groups("unjudged")},
            "dropped": {(d["name"], d["machine_id"]): sorted((r["file"], r["line"]) for r in d["skipped"]) for d in report["duplicates"]},
            "kept": {(d["name"], d["machine_id"]): (d["counts"]["file"], d["counts"]["line"]) for d in report["duplicates"]},
            "values": {s["id"]: {(v["boot"], v["running"]): v["hosts"] for v in s["values"]} for s in report["settings"]
                       if s["values"] and s["distinct_values"] <= 10}}


def compare(fleet, run):
    report = json.loads(run.stdout.decode())
    want, have = expect(fleet.read), found(report)
    want["values"] = {k: v for k, v in want["values"].items() if len(v) <= 10}
    problems = [f"{name}: expected {want[name]}, found {have[name]}" for name in want if want[name] != have[name]]
    # A document over several lines is named where it is wrong or where it begins; a line by its number.
    lines = {(b["file"], b["line"]) for b in report["broken"]}
    exact = {place for place in fleet.broken if place[1]}
    files = {place[0] for place in fleet.broken if not place[1]}
    if exact - lines or {place for place in lines - exact if place[0] not in files} or files - {file for file, _ in lines}:
        problems.append(f"broken: missing {exact - lines} {files - {file for file, _ in lines}}, "
                        f"unexpected {[place for place in lines - exact if place[0] not in files]}")
    status = 2 if fleet.broken or not fleet.read else 0
    if run.returncode != status or report["exit"] != status:
        problems.append(f"exit {run.returncode}, not {status}")
    if report["reports"]["read"] != len(fleet.read):
        problems.append(f"{report['reports']['read']} read of {len(fleet.read)}")
    return problems


def main():
    program, top, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(2**32)
    print(f"note {rounds} random fleets, seed {seed}")
    reports = failed = 0
    for number in range(rounds):
        draw = random.Random(seed * 1000003 + number)
        directory = f"{top}/fleet{number}"
        os.makedirs(directory)
        fleet = Fleet(draw, directory)
        for _ in range(draw.choice([1, 1, 2, 4])):
            fleet.add(make_reports(draw))
        run = subprocess.run([program, "fleet", "-f", "json", *fleet.arguments], input=fleet.stdin, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False)
        try:
            problems = compare(fleet, run)
        except (ValueError, KeyError, AssertionError) as error:
            problems = [f"{error!r}: {run.stderr.decode()}"]
        reports += len(fleet.read)
        if problems:
            failed += 1
            with open(f"{directory}.stdin", "wb") as file:
                file.write(fleet.stdin)
            print(f"not ok fleet {number} of seed {seed}: {fleet.arguments}")
            for problem in problems:
                print(f"# {problem[:1500]}")
            if failed > 2:
                break
        else:
            shutil.rmtree(directory)
    if not failed:
        print(f"ok {rounds} random fleets, {reports} reports, are merged as a Python program does it (seed {seed})")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
