# SPDX-License-Identifier: MIT
"""A transaction, with every system call by which it changes something failing, or the program dying there.

What keeltune then says must be true of the disk, and the host must be all old, all new, or made all old by
`keeltune rollback`. Prints result lines and how many faults were tried. Run by faults.sh."""

import errno
import os
import random
import sys
import time

import fault_host
from fault_host import Host, interrupted, run, said

LONG = os.environ.get("TEST_LENGTH") == "long"
SEED = int(os.environ.get("FAULT_SEED") or random.randrange(1 << 32))
RANDOM = random.Random(SEED)
TRACE = os.environ["TMPDIR"] + "/trace"
ERRORS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EPERM, errno.ENOMEM]
APPLY = ["apply", "--override", "new"]


class Wrong(Exception):
    """What must not be."""


def must(condition, text):
    if not condition:
        raise Wrong(text)


def must_be(now, then, what):
    difference = now.difference(then)
    must(not difference, f"{what}: {difference[:600]}")


def succeed(*arguments, status=(0, 1)):
    result = run(*arguments)
    must(result.returncode in status, f"{arguments} exits {result.returncode}: {said(result)}")
    return result


class Case:
    """A command, the host before it and after it. ROLLS_BACK: it undoes what it finds."""

    def __init__(self, name, command, prepare, fault=None):
        self.name, self.command = name, command
        fault_host.set_up()
        prepare()
        self.old = Host()
        self.rolls_back = command[0] == "rollback"
        result = run(*command, trace=self.new_trace(), fault=fault)
        must(result.returncode in ((2, 3) if fault else (0, 1)), f"{name}: {said(result)}")
        with open(TRACE, encoding="utf-8") as file:
            self.calls = [line.split("\t")[1] for line in file]
        self.new = Host()
        # The host that a rollback must lead to, and the one that an apply must lead to.
        self.undone = self.new if self.rolls_back else self.old
        self.tried, self.wrong, self.statuses, self.started = 0, [], {}, time.time()
        self.exhausted = False # memory is running out

    @staticmethod
    def new_trace():
        if os.path.exists(TRACE):
            os.unlink(TRACE)
        return TRACE

    def check(self, result):
        """What the host is like after a run with a fault; returns it."""
        now = Host()
        status = result.returncode
        pending = interrupted(now.states())
        if status == -9 or (status in (-6, -11) and self.exhausted):
            # Killed, or libconfuse, which does not look whether the memory for a word is there: that is early.
            must(status == -9 or not now.difference(self.old), f"exit {status}, and changed")
            if not pending:
                must(not now.litter_of_targets(), f"litter {now.litter()}")
                must(not now.difference(self.old) or not now.difference(self.new),
                     f"neither old nor new: {now.difference(self.new)}")
        elif status in (0, 1):
            must_be(now, self.new, f"exit {status}, but not as it shall be")
            must(not pending and not now.litter(), f"exit {status}, but {pending} {now.litter()}")
        elif status in (2, 3):
            must_be(now, self.old, f"exit {status}, but not as before")
            must(said(result), f"exit {status}, and not a word")
            if not pending:
                must(not now.litter_of_targets(), f"exit {status}, but {now.litter()}")
        elif status == 4:
            must(fault_host.JOURNAL in said(result), f"exit 4 without the rollback file: {said(result)}")
            must(pending or not now.difference(self.new), "exit 4, and nothing to recover from")
        else:
            raise Wrong(f"exit {status}: {said(result)}")
        return now

    def recover(self, now, by_apply):
        """The way back, or forth."""
        before, states = self.old.states(), now.states()
        mine = [name for name, state in states.items() if before.get(name) != state or name in interrupted(states)]
        open_ones = [name for name in mine if states[name] != "rolled-back"]
        if self.rolls_back:
            if open_ones or now.difference(self.undone):
                succeed("rollback", status=(0,))
            elif now.litter(): # a rollback would undo an earlier apply; this sweeps, too
                succeed("history", "prune", "--keep", "1000", status=(0,))
        elif by_apply:
            succeed(*APPLY)
            must_be(Host(), self.new, "applied after all")
            succeed("rollback", status=(0,))
        elif open_ones:
            succeed("rollback", status=(0,))
        else: # nothing is there to be undone but what was before
            succeed(*APPLY)
            succeed("rollback", status=(0,))
        after = Host()
        must_be(after, self.undone, "not undone")
        must(not after.litter(), f"left lying about: {after.litter()}")
        must(not interrupted(after.states()) and "?" not in after.states().values(), f"recorded as {after.states()}")

    def fault(self, fault, memory="guard", by_apply=False):
        self.old.again()
        self.tried += 1
        result = run(*self.command, fault=fault, memory=memory)
        self.statuses[result.returncode] = self.statuses.get(result.returncode, 0) + 1
        try:
            self.recover(self.check(result), by_apply)
        except Wrong as wrong:
            number = int(fault.split()[1]) if fault else 0
            call = self.calls[number - 1] if 0 < number <= len(self.calls) else ""
            self.wrong.append(f"{fault or memory} ({call}), exit {result.returncode}: {wrong}")

    def report(self, what):
        name = f"{self.name}, {what}"
        seconds, self.started = time.time() - self.started, time.time()
        statuses = " ".join(f"{status}:{number}" for status, number in sorted(self.statuses.items()))
        if self.wrong or not self.tried:
            print(f"not ok {name}\n# {len(self.wrong)} of {self.tried} faults are wrong (seed {SEED}); exit statuses {statuses}")
            for wrong in self.wrong[:5]:
                print(f"#   {wrong[:400]}")
        else:
            print(f"ok {name}: {self.tried} faults ({seconds:.1f} s; exit statuses {statuses})")
        sys.stdout.flush()
        tried, self.tried, self.wrong, self.statuses = self.tried, 0, [], {}
        return tried

    def every_call(self, errors, thinning=1):
        count = len(self.calls)
        tried = 0
        places = [k for k in range(1, count + 1) if RANDOM.randrange(thinning) == 0]
        for k in places:
            for error in errors if LONG else RANDOM.sample(errors, 1 if fault_host.COVERAGE else 2):
                self.fault(f"once {k} {error}", by_apply=k % 2)
            self.fault(f"once {k} {errno.EINTR}", by_apply=k % 2)
        tried += self.report(f"each of {count} calls fails once")
        for k in places:
            self.fault(f"from {k} {errors[k % len(errors)]}", memory=None, by_apply=k % 2)
        tried += self.report("all calls fail from one on")
        for k in places:
            if self.calls[k - 1] == "write":
                self.fault(f"short {k}", by_apply=k % 2)
        tried += self.report("each write is cut short") if any(self.calls[k - 1] == "write" for k in places) else 0
        if fault_host.COVERAGE: # what is killed leaves no counts
            return tried
        for k in places:
            self.fault(f"before {k}", by_apply=k % 2)
            self.fault(f"after {k}", by_apply=k % 2 == 0)
        tried += self.report("killed before and after each")
        return tried

    def no_exchange(self):
        """A file system that can neither exchange two names nor keep one that is there: done without."""
        for k, call in enumerate(self.calls, 1):
            if call in ("exchange", "rename"):
                for error in (errno.EINVAL, errno.ENOSYS):
                    self.fault(f"once {k} {error}")
        done = self.statuses.get(0, 0) + self.statuses.get(1, 0)
        must(done, "nothing was done without an exchange")
        return self.report(f"{done} times without an exchange")

    def killed_on_the_way_back(self, thinning):
        """A call fails, and while that is being put right the program is killed: everything about the last calls,
        by which it is recorded, and some of the others."""
        count = len(self.calls)
        for k in range(1, count + 1):
            for j in range(k + 1, k + 60):
                if RANDOM.randrange(thinning * (2 if k > count - 4 else 60)) == 0:
                    self.fault(f"once {k} {errno.EIO} {j}", by_apply=j % 2)
        return self.report("a call fails, and it is killed after that")

    def memory(self):
        """An allocation fails, or all from one on; of three one, or each."""
        count = TRACE + ".count"
        self.old.again()
        run(*self.command, memory="none 0", count=count)
        self.exhausted = True
        with open(count, encoding="utf-8") as file:
            total = int(file.read())
        for k in range(1, total + 1, 1 if LONG else 3):
            k += RANDOM.randrange(1 if LONG else 3)
            self.fault(None, memory=f"{'from' if k % 2 else 'once'} {k}")
        must(self.statuses.get(-6, 0) + self.statuses.get(-11, 0) < 4, f"crashes without memory: {self.statuses}")
        self.exhausted = False
        return self.report(f"allocations of {total} fail")


def apply_earlier():
    succeed("apply", "earlier")


def apply_new():
    succeed(*APPLY)


def apply_both():
    apply_earlier()
    apply_new()


def killed_at(fraction, command, prepare):
    """Prepares a host on which COMMAND was killed about there."""
    def make():
        prepare()
        case_calls = Case.new_trace()
        before = Host()
        run(*command, trace=case_calls)
        with open(TRACE, encoding="utf-8") as file:
            number = sum(1 for _ in file)
        before.again()
        run(*command, fault=f"after {max(1, int(number * fraction))}")
        must(interrupted(Host().states()), "nothing was interrupted")
    return make


def after_failed_recovery(thinning):
    """An apply dies at K, the rollback then dies or fails at J, and another one gets there all the same."""
    case = Case("apply and its rollback", APPLY, lambda: None)
    calls = len(case.calls)
    for k in range(1, calls + 1):
        case.old.again()
        run(*APPLY, fault=f"after {k}")
        dead = Host()
        if not interrupted(dead.states()):
            continue
        result = run("rollback", trace=Case.new_trace())
        with open(TRACE, encoding="utf-8") as file:
            number = sum(1 for _ in file)
        must(result.returncode == 0, said(result))
        for j in range(1, number + 1):
            if RANDOM.randrange(thinning):
                continue
            mode = RANDOM.choice(["before", "after", "once", "from"])
            error = RANDOM.choice(ERRORS)
            dead.again()
            case.tried += 1
            result = run("rollback", fault=f"{mode} {j} {error}", memory=None if mode == "from" else "guard")
            case.statuses[result.returncode] = case.statuses.get(result.returncode, 0) + 1
            try:
                must(result.returncode in (-9, 0, 2, 3, 4), f"exit {result.returncode}: {said(result)}")
                case.recover(Host(), by_apply=j % 2 == 0) if result.returncode else must_be(Host(), case.old, "exit 0")
            except Wrong as wrong:
                case.wrong.append(f"apply after {k}, rollback {mode} {j} {error}: {wrong}")
    return case.report("both interrupted")


def not_over_somebody():
    """A kernel value that somebody sets before a failure is put back is his, and it is said that it is not put back."""
    case = Case("apply", APPLY, lambda: None)
    with open(TRACE, encoding="utf-8") as file:
        paths = [line.split("\t")[2] for line in file]
    key = "net/ipv4/tcp_keepalive_intvl"
    behind = max(k for k, path in enumerate(paths, 1) if path.startswith("/proc/sys/")) + 1
    case.old.again()
    result = run(*APPLY, fault=f"once {behind} {errno.EIO}", meanwhile=f"/proc/sys/{key} 77")
    now = Host()
    must(now.keys[key] == "77", f"somebody's value is overwritten: {now.keys[key]}")
    must(result.returncode == 4 and "put back" in said(result), f"exit {result.returncode}: {said(result)}")
    now.keys[key] = case.old.keys[key]
    must_be(now, case.old, "the rest is as before")
    print("ok what somebody set meanwhile is not put back over")
    case.old.again()


def main():
    thinning = 12 if fault_host.ASAN else 1
    tried = 0

    case = Case("apply", APPLY, lambda: None)
    tried += case.every_call(ERRORS, thinning)
    tried += case.no_exchange()
    if fault_host.RELEASE:
        tried += case.memory()
    if not fault_host.COVERAGE:
        tried += case.killed_on_the_way_back(thinning)
    not_over_somebody()
    case = Case("apply over an earlier one", APPLY, apply_earlier)
    tried += case.every_call(ERRORS, 4 if fault_host.COVERAGE else thinning)
    case = Case("rollback", ["rollback"], apply_new)
    tried += case.every_call(ERRORS, thinning)
    if fault_host.RELEASE:
        tried += case.memory()
    if not fault_host.COVERAGE:
        tried += case.killed_on_the_way_back(thinning)
    case = Case("rollback to an earlier one", ["rollback"], apply_both)
    tried += case.every_call(ERRORS, 4 if fault_host.COVERAGE else thinning)
    for fraction in () if fault_host.COVERAGE else (0.55, 0.75, 0.95):
        case = Case(f"rollback of an apply killed at {fraction:.0%}", ["rollback"],
                    killed_at(fraction, APPLY, apply_earlier))
        tried += case.every_call(ERRORS, 2 * thinning)
    if not fault_host.COVERAGE:
        tried += after_failed_recovery(1 if LONG else 20 * thinning)
    print(f"note {tried} faults were tried, with seed {SEED} (FAULT_SEED)")


if __name__ == "__main__":
    try:
        main()
    except Wrong as problem:
        print(f"not ok the tests can begin\n# {problem}")
