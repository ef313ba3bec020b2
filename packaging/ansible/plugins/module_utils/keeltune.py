# SPDX-License-Identifier: MIT
# Copyright: the keeltune project
"""What the modules of this collection share: the command line of keeltune, its JSON, and what they mean
to Ansible. Nothing here imports Ansible: a program is run by a function run(argv) -> (rc, out, err).
"""

import json

SINCE = "0.1.0"  # the first release whose JSON has these schemas

# The statuses of each command that are an answer. Everything else is a failure of the task.
ANSWERS = {
    "audit": (0, 1),
    "diff": (0, 1),
    "apply": (0, 1),
    "rollback": (0,),
    "history": (0,),
    "profile": (0,),
}

# What a report must have: members of all, and of each command.
MEMBERS = {
    "": {"result": str, "exit": int, "notes": list, "tool": dict},
    "audit": {"findings": list, "summary": dict},
    "diff": {"changed": bool, "changes": list, "remaining": list},
    "apply": {"changed": bool, "changes": list, "remaining": list},
    "rollback": {"changed": bool, "changes": list, "conflicts": list, "undone": list, "left": list},
    "history": {"entries": list},
    "profile": {},
}

# Parameter -> option, and the commands that take it; for other commands the parameter says nothing.
VALUES = {
    "root": ("--root", ("audit", "diff", "apply", "rollback", "history", "profile")),
    "profile_dir": ("--profile-dir", ("audit", "diff", "apply", "profile")),
    "engine": ("--engine", ("audit", "diff", "apply")),
    "netns": ("--netns", ("audit", "diff", "apply")),
    "comment": ("--comment", ("apply",)),
    "wait": ("--wait", ("apply", "rollback")),
}
FLAGS = {
    "runtime": ("--runtime", ("audit", "diff", "apply")),
    "persistent": ("--persistent", ("audit", "diff", "apply")),
    "live": ("--live", ("audit",)),
    "override": ("--override", ("diff", "apply")),
    "force": ("--force", ("rollback",)),
    "all": ("--all", ("rollback",)),
}


# A result never has a member `rc`: Ansible fails a task for any other than 0, and 1 is an answer here.
class Trouble(Exception):
    """The task fails: with a message, and with what is returned beside it."""

    def __init__(self, message, **details):
        super().__init__(message)
        self.message = message
        self.details = details


# ---- running keeltune and reading what it says ---------------------------------------------------------

def options_of(command, params):
    """The options of COMMAND for the parameters of a task."""
    argv = [f"{option}={params[name]}" for name, (option, commands) in VALUES.items()
            if command in commands and params.get(name) is not None]
    return argv + [option for name, (option, commands) in FLAGS.items() if command in commands and params.get(name)]


def first_line(text):
    return text.strip().split("\n", 1)[0]


def read_report(command, program, rc, out, err):
    """The report of `keeltune COMMAND --format=json`, or Trouble that says what came instead."""
    said = {"changed": False, "exit": rc, "stdout": out[:2000], "stderr": err[:2000]}
    what = f"{program} {command}"
    if rc < 0:
        raise Trouble(f"{what} was ended by signal {-rc}", **said)
    if not out.strip():
        raise Trouble(first_line(err) or f"{what} printed nothing and exited with {rc}", **said)
    try:
        report = json.loads(out)
    except ValueError as error:
        raise Trouble(f"{what} exited with {rc} and printed no JSON ({error}): is it keeltune {SINCE} or later? "
                      + first_line(err), **said) from error
    schema = report.get("schema") if isinstance(report, dict) else None
    if schema != f"keeltune/{command}/1":
        raise Trouble(f"{what} printed JSON of the schema {json.dumps(schema)}; this collection reads "
                      f"keeltune/{command}/1, of keeltune {SINCE} or later", **said)
    for name, kind in {**MEMBERS[""], **MEMBERS[command]}.items():
        if not isinstance(report.get(name), kind):
            raise Trouble(f"{what} printed a report without a proper \"{name}\": is it keeltune {SINCE} or later?", **said)
    if report["exit"] != rc:
        raise Trouble(f"{what} reported the status {report['exit']} and exited with {rc}: {first_line(err)}", **said)
    return report


class Keeltune:
    """One program, asked once or more in a task. `warnings` is what a person should be told."""

    def __init__(self, program, run, params):
        self.program = program
        self.run = run
        self.params = params
        self.profiles = params.get("profile") or []
        self.warnings = []
        self.exit = 0

    def ask(self, command, *words, dry_run=False):
        """Runs `keeltune COMMAND WORD...`: its report, its status in `exit`."""
        argv = [self.program, command, "--format=json", *options_of(command, self.params)]
        argv += ["--dry-run"] if dry_run else []
        argv += ["--", *words]
        self.exit, out, err = self.run(argv)
        report = read_report(command, self.program, self.exit, out, err)
        if self.exit in ANSWERS[command]:
            self.warnings += [line for line in err.splitlines() if line.strip() and line not in self.warnings]
        return report

    def must(self, command, report, result):
        """Fails with RESULT unless the status that came with REPORT is an answer."""
        if self.exit not in ANSWERS[command]:
            raise Trouble(why(report), **result)


# ---- reports to what Ansible returns -------------------------------------------------------------------

def note_text(note):
    """FILE:LINE: TEXT, as far as there is a file."""
    place = "".join(f"{note[name]}:" for name in ("file", "line") if note.get(name) is not None)
    return f"{place} {note['text']}" if place else note["text"]


def finding_text(finding):
    origin = finding.get("origin")
    where = f" ({origin['file']}:{origin['line']})" if origin else ""
    return f"{finding['id']}: {finding['reason']}{where}"


def why(report):
    """Why a report is one of trouble, with what a person needs to mend it."""
    reasons = [note_text(note) for note in report["notes"]] if report.get("error") else []
    reasons += [finding_text(finding) for finding in report.get("findings", []) if finding["verdict"] == "unknown"]
    for conflict in report.get("conflicts", []):
        by = f"the later apply {conflict['by']}" if conflict.get("by") else "somebody else"
        reasons.append(f"{conflict['path']} was changed since by {by}")
    head = report.get("error") or ("nothing undone, force: true undoes it all the same" if report.get("conflicts")
                                   else "could not be judged")
    return f"{head}: {'; '.join(reasons)}" if reasons else head


def diffs(changes):
    """Ansible's diff: before and after of each file and kernel value, whole."""
    result = []
    for change in changes:
        entry = {}
        for side in ("before", "after"):
            image = change[side]
            entry[f"{side}_header"] = change["path"] + (" (absent)" if image is None else "")
            entry[side] = "" if image is None else image if change["kind"] == "file" else f"{image}\n"
        result.append(entry)
    return result


def changes_of(report, want_diff):
    """The contents of files travel in the diff only, and that only when it is wanted."""
    changes = [{name: change[name] for name in change
                if name != "diff" and not (change["kind"] == "file" and name in ("before", "after"))}
               for change in report["changes"]]
    result = {"changed": report["changed"], "changes": changes, "notes": report["notes"]}
    return {**result, "diff": diffs(report["changes"])} if want_diff else result


def count_text(count, word):
    return f"{count} {word}{'' if count == 1 else 's'}"


def differs_text(count):
    return f"{count_text(count, 'setting')} differ{'s' if count == 1 else ''}"


# ---- the states of the module `profile` ----------------------------------------------------------------

def audited(keeltune, check_mode, want_diff):
    """Changes nothing in any mode, and has no diff."""
    report = keeltune.ask("audit", *keeltune.profiles)
    result = {"changed": False, "compliant": keeltune.exit == 0, "exit": keeltune.exit,
              **{name: report[name] for name in ("findings", "summary", "notes")}}
    keeltune.must("audit", report, result)
    differs = report["summary"].get("differs")
    result["msg"] = "the host complies" if result["compliant"] else f"{differs_text(differs)} from the profile"
    return result


def applied(keeltune, check_mode, want_diff):
    """Afterwards an audit says how the host is now; in check mode, how it still is."""
    command = "diff" if check_mode else "apply"
    report = keeltune.ask(command, *keeltune.profiles)
    result = {**changes_of(report, want_diff), "exit": keeltune.exit, "remaining": report["remaining"],
              "rollback": report.get("rollback"), "compliant": not report["remaining"]}
    if keeltune.exit not in ANSWERS[command]:
        # 2: nothing was changed. 3: everything was put back. 4: not everything could be.
        result.update(changed=keeltune.exit == 4, compliant=False)
    keeltune.must(command, report, result)
    keeltune.warnings += [f"still differs: {finding_text(finding)}" for finding in report["remaining"]]

    places = count_text(len(report["changes"]), "place")
    result["msg"] = "nothing to change" if not report["changes"] else f"{places} {'would be ' if check_mode else ''}changed"
    if report["remaining"]:
        result["msg"] += f"; {differs_text(len(report['remaining']))} all the same"
    judged = keeltune.ask("audit", *keeltune.profiles)
    return {**result, "findings": judged["findings"], "summary": judged["summary"]}


def rolled_back(keeltune, check_mode, want_diff):
    name = keeltune.params["rollback"]
    if name is not None and not name.strip():
        # So "{{ applied.rollback }}" is when that apply changed nothing. It must not mean the newest.
        nothing = {"changed": False, "changes": [], "notes": [], "conflicts": [], "undone": [], "left": []}
        return {**changes_of(nothing, want_diff), **nothing, "rolled_back": None, "exit": 0,
                "msg": "nothing to undo: the name of the rollback file is empty"}
    report = keeltune.ask("rollback", *([name] if name else []), dry_run=check_mode)
    result = {**changes_of(report, want_diff), "exit": keeltune.exit,
              **{key: report[key] for key in ("rolled_back", "undone", "left", "conflicts")}}
    if keeltune.exit not in ANSWERS["rollback"]:
        # `all` may have undone some before it stopped.
        result["changed"] = bool(report["undone"]) or keeltune.exit == 4
    keeltune.must("rollback", report, result)
    if not report["changed"]:
        result["msg"] = "nothing to undo"
    elif check_mode:
        result["msg"] = f"{count_text(len(report['changes']), 'place')} would be put back"
    else:
        result["msg"] = f"undone: {', '.join(report['undone'])}"
    return result


STATES = {"audited": audited, "applied": applied, "rolled_back": rolled_back}


# ---- what `profile_info` gathers -----------------------------------------------------------------------

def gather(keeltune):
    """Profiles and history of a host; the settings of `profile` where some are named."""
    listed = keeltune.ask("profile", "list")
    keeltune.must("profile", listed, {"changed": False, "exit": keeltune.exit})
    history = keeltune.ask("history")
    keeltune.must("history", history, {"changed": False, "exit": keeltune.exit})
    result = {"changed": False, "version": listed["tool"].get("version"), "profiles": listed.get("entries", []),
              "history": history["entries"], "interrupted": history.get("interrupted"),
              "notes": listed["notes"] + history["notes"], "settings": []}
    if keeltune.profiles:
        shown = keeltune.ask("profile", "show", *keeltune.profiles)
        keeltune.must("profile", shown, {"changed": False, "exit": keeltune.exit})
        result["settings"] = shown.get("settings", [])
    return result
