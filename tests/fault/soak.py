# SPDX-License-Identifier: MIT
"""`make soak`: kills keeltune, as it is, again and again, at measured system calls and at random instants, and never
mends anything itself: each round goes on from what the one before has left. Run by soak.sh.

SOAK_KILLS (1000) kills; FAULT_SEED repeats a run, as far as instants can be repeated."""

import os
import random
import subprocess
import sys
import time

import fault_host
from fault_host import Host, interrupted, run, said
from faults import APPLY, SEED, Wrong, must, must_be

RANDOM = random.Random(SEED)
KILLS = int(os.environ.get("SOAK_KILLS") or 1000)
SECONDS = int(os.environ.get("SOAK_SECONDS") or 1200)
KILL_AT = fault_host.TESTS + "/kill-at"


def stops(command):
    result = subprocess.run([KILL_AT, "0", fault_host.KEELTUNE, *command], capture_output=True, check=False, timeout=60)
    return int(result.stderr.split()[-1]), result.returncode


def killed_at(number, command):
    result = subprocess.run([KILL_AT, str(number), fault_host.KEELTUNE, *command], capture_output=True, check=False, timeout=60)
    return result.returncode == 137


def killed_after(seconds, command):
    with subprocess.Popen([fault_host.KEELTUNE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        time.sleep(seconds)
        program.kill()
        return program.wait(60) == -9


def consistent(fresh, applied):
    """Old, new, or interrupted; or it is wrong."""
    now = Host()
    if interrupted(now.states()):
        return "interrupted"
    must(not now.litter_of_targets(), f"nobody knows of {now.litter()}")
    for name, host, states in (("old", fresh, set()), ("new", applied, {"applied"})):
        if not now.difference(host) and set(now.states().values()) - {"rolled-back"} == states:
            return name
    raise Wrong(f"{now.states()}: {now.difference(fresh)} / {now.difference(applied)}")


def main():
    fault_host.set_up()
    fresh = Host()
    lengths, durations = {}, {}
    for command in (APPLY, ["rollback"]):
        lengths[command[0]], status = stops(command)
        must(status in (0, 1), f"{command} exits {status}")
        applied = Host() if command is APPLY else applied
    begin = time.monotonic()
    run(*APPLY)
    durations["apply"] = time.monotonic() - begin
    begin = time.monotonic()
    run("rollback")
    durations["rollback"] = time.monotonic() - begin
    must_be(Host(), fresh, "the beginning")
    print(f"# seed {SEED} (FAULT_SEED); an apply has {lengths['apply']} stops, a rollback {lengths['rollback']}")

    kills, rounds, found, end = 0, 0, {}, time.monotonic() + SECONDS
    while kills < KILLS and time.monotonic() < end:
        rounds += 1
        state = consistent(fresh, applied)
        # Mostly what leads on from here; sometimes what finds nothing to do, or recovers first.
        command = RANDOM.choice([APPLY, ["rollback"]] if state == "interrupted" else
                                [APPLY] * 5 + [["rollback"]] if state == "old" else [["rollback"]] * 5 + [APPLY])
        name = command[0]
        if rounds % 2:
            # Two thirds where it writes: the reading comes first.
            number = RANDOM.randint(1 if RANDOM.randrange(3) == 0 else lengths[name] // 3, lengths[name] * 11 // 10)
            how, killed = f"{name} at stop {number}", killed_at(number, command)
        else:
            seconds = RANDOM.uniform(0, durations[name] * 1.2)
            how, killed = f"{name} after {seconds * 1000:.2f} ms", killed_after(seconds, command)
        kills += killed
        try:
            state = consistent(fresh, applied)
            found[state] = found.get(state, 0) + 1
            if RANDOM.randrange(8) == 0:
                result = run("rollback")
                must(result.returncode == 0, f"rollback exits {result.returncode}: {said(result)}")
                must_be(Host(), fresh, "after a rollback")
                must(not Host().litter(), f"left lying about: {Host().litter()}")
            if RANDOM.randrange(50) == 0: # or the history grows without end
                result = run("history", "prune", "--keep", "0")
                must(result.returncode == 0, f"prune exits {result.returncode}: {said(result)}")
        except Wrong as wrong:
            print(f"not ok killed {kills} times\n# round {rounds}, {how}: {str(wrong)[:1500]}")
            return
        if rounds % 200 == 0:
            print(f"# {kills} kills in {rounds} rounds: {found}")
            sys.stdout.flush()
    if kills < KILLS:
        print(f"not ok killed {KILLS} times\n# only {kills} in {SECONDS} s")
        return
    run("rollback")
    must_be(Host(), fresh, "the end")
    print(f"ok killed {kills} times in {rounds} rounds")
    print(f"note {kills} kills in {rounds} rounds, with seed {SEED} (FAULT_SEED); afterwards {found}")


try:
    main()
except Wrong as problem:
    print(f"not ok the soak can go on\n# {problem}")
