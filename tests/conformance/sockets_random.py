# SPDX-License-Identifier: MIT
"""Random sockets in every state, shared at random, in several network namespaces, at rest: `keeltune
sockets` against ss and lsof. The histogram, the owners of CLOSE_WAIT sockets, unread bytes, keepalive
and sharing must be the same.

    sockets_random.py [--count ROUNDS] [--seed N]

Run by sockets.sh inside namespaces of its own."""

import argparse
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import sockets_oracle as oracle

SO_ATTACH_FILTER = 26
KEPT = []  # as long as the process lives
ADDRESSES = ["127.0.0.1", "127.0.0.2", "::1", "dual"]


def deaf(end):
    """From now on END sees no packet: a filter that drops everything (BPF_RET 0)."""
    program = oracle.ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    end.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                   struct.pack("HP", 1, oracle.ctypes.addressof(program)))


class Builder:
    """Sockets of one process. Both ends are made here; a state is reached by closing, shutting down and
    dropping packets."""

    def __init__(self, pick):
        self.pick = pick
        self.kept = []

    def listen(self):
        address = self.pick.choice(ADDRESSES)
        listener = socket.socket(socket.AF_INET6 if ":" in address or address == "dual"
                                 else socket.AF_INET)
        self.target = "127.0.0.1" if address == "dual" and self.pick.random() < 0.7 else address
        if self.target == "dual":
            self.target = "::1"
        listener.bind(("::" if address == "dual" else address, 0))
        listener.listen(64)
        self.kept.append(listener)
        return listener

    def client(self):
        return socket.socket(socket.AF_INET6 if ":" in self.target else socket.AF_INET)

    def pair(self, listener):
        client = self.client()
        client.connect((self.target, listener.getsockname()[1]))
        server, _ = listener.accept()
        if self.pick.random() < 0.4:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.kept += [client, server]
        return client, server

    def drop(self, end):
        self.kept.remove(end)
        end.close()

    def established(self, listener):
        client, _ = self.pair(listener)
        client.send(b"x" * self.pick.randrange(1, 50))

    def close_wait(self, listener):
        client, server = self.pair(listener)
        length = self.pick.choice([0, 1, 1, 7, 5000])
        client.send(b"x" * length)
        how = self.pick.randrange(3)
        if how == 1 and length:
            server.recv(self.pick.randrange(1, length + 1))
        self.drop(client)
        if how == 2:
            while server.recv(65536):
                pass

    def half_closed(self, listener):
        client, _ = self.pair(listener)
        client.shutdown(socket.SHUT_WR)

    def fin_wait_1(self, listener):
        client, server = self.pair(listener)
        deaf(server)
        client.shutdown(socket.SHUT_WR)
        if self.pick.random() < 0.3:
            self.drop(client)

    def last_ack(self, listener):
        client, server = self.pair(listener)
        client.shutdown(socket.SHUT_WR)
        server.recv(1)
        deaf(client)
        server.shutdown(socket.SHUT_WR)
        if self.pick.random() < 0.3:
            self.drop(server)

    def closing(self, listener):
        client, server = self.pair(listener)
        deaf(client)
        server.shutdown(socket.SHUT_WR)
        client.shutdown(socket.SHUT_WR)

    def time_wait(self, listener):
        client, server = self.pair(listener)
        self.drop(client)
        server.recv(1)
        self.drop(server)

    def syn_recv(self, listener):
        client = self.client()
        deaf(client)
        client.setblocking(False)
        client.connect_ex((self.target, listener.getsockname()[1]))
        self.kept.append(client)

    def never_accepted(self, listener):
        client = self.client()
        client.connect((self.target, listener.getsockname()[1]))
        client.send(b"hello")
        self.kept.append(client)
        if self.pick.random() < 0.7:
            self.drop(client)

    def aborted(self, listener):
        client, server = self.pair(listener)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop(client)
        if self.pick.random() < 0.5:
            self.drop(server)

    def other(self, _):
        self.kept += [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                      socket.socket(), *socket.socketpair()]

    def build(self):
        kinds = [self.established, self.close_wait, self.close_wait, self.close_wait,
                 self.half_closed, self.fin_wait_1, self.last_ack, self.closing, self.time_wait,
                 self.other, self.aborted]
        for _ in range(self.pick.randrange(1, 4)):
            listener = self.listen()
            for _ in range(self.pick.randrange(0, 12)):
                self.pick.choice(kinds)(listener)
            # These come last, or accept() would find them.
            for _ in range(self.pick.randrange(0, 4)):
                self.pick.choice([self.syn_recv, self.never_accepted])(listener)

    def forget_some(self):
        for end in self.kept[:]:
            if self.pick.random() < 0.4:
                self.drop(end)


def holder(seed, netns, cgroups, mail):
    """One process and perhaps children of it, which share what neither has closed. Some sockets are sent
    to a process of the same cgroup: one elsewhere that is no relative is not looked for, see
    socket-owners.c."""
    pick = random.Random(seed)

    def work():
        if netns:
            oracle.enter_netns(netns)
        own = pick.randrange(len(mail))
        cgroups.join(own)
        builder = Builder(pick)
        KEPT.append(builder)
        builder.build()
        for end in builder.kept:
            if pick.random() < 0.1:
                socket.send_fds(mail[own][1], [b"x"], [end.fileno()])
        forgets = pick.random() < 0.3  # then children in other cgroups would be no relatives of a holder
        for index in range(pick.choice([0, 0, 0, 1, 2])):
            def child():
                builder.pick = random.Random(f"{seed}/{index}")
                if builder.pick.random() < 0.4 and not forgets:
                    cgroups.join(builder.pick.randrange(len(mail)))
                builder.forget_some()
                if builder.pick.random() < 0.2:
                    oracle.new_netns()  # a descriptor may belong to another namespace than its holder
            oracle.fork("child", child)
        if forgets:
            builder.forget_some()

    return oracle.fork(pick.choice(["holder", "a b) (c", "x\n\x1b[31m<&\"|"]), work)


def receiver(mailbox, own, cgroups, pick):
    """Takes what was sent to the mailbox, or some of it: the rest stays in flight."""
    kept = []

    def work():
        cgroups.join(own)
        mailbox.setblocking(False)
        try:
            while pick.random() < 0.9:
                kept.extend(socket.recv_fds(mailbox, 1, 8)[1])
        except BlockingIOError:
            pass

    return oracle.fork("receiver", work)


class Cgroups:
    """Three cgroups of our own, where cgroup2 can be mounted for writing."""

    def __init__(self):
        self.mount = os.environ["TMPDIR"] + "/cgroup2"
        os.makedirs(self.mount, exist_ok=True)
        done = subprocess.run(["mount", "-t", "cgroup2", "cgroup2", self.mount], check=False,
                              stderr=subprocess.DEVNULL)
        self.paths = []
        self.own = None
        try:
            if done.returncode == 0:
                self.own = tempfile.mkdtemp(prefix="keeltune-test-", dir=self.mount)
                for name in ("a.service", "b.service", "c.scope"):
                    os.mkdir(f"{self.own}/{name}")
                    self.paths.append(f"{self.own}/{name}")
        except OSError:
            pass
        if not self.paths:
            print("# no cgroup of our own")

    def join(self, number):
        """0: stay where we are."""
        if number:
            with open(f"{self.paths[number - 1]}/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

    def remove(self):
        if self.paths:
            oracle.wait_until(self.are_empty)
            for path in [*self.paths, self.own]:
                os.rmdir(path)

    def are_empty(self):
        return all(not open(f"{path}/cgroup.procs", encoding="ascii").read() for path in self.paths)


def oracle_at_rest(netns, options):
    """ss, keeltune, ss: until nothing changed between."""
    for _ in range(10):
        before = oracle.ss(netns)
        report = oracle.keeltune(*options)
        if sorted(before) == sorted(oracle.ss(netns)):
            return before, report
    raise RuntimeError("the sockets do not come to rest")


def compare(name, netns, options):
    sockets, report = oracle_at_rest(netns, options)
    problems = []

    def same(what, want, got):
        if want != got:
            problems.append(f"{what}:\n  want {want}\n  got  {got}")

    same("states", oracle.canonical(oracle.histogram(sockets)), oracle.canonical(report["states"]))
    want = oracle.owners(sockets)
    same("owners", want, oracle.reported(report))
    if problems:
        problems += [oracle.relation(pid) for pid in want]
    same("never accepted", sum(s.state == "CLOSE_WAIT" and s.inode == 0 for s in sockets),
         report["unattributed"]["never_accepted"])
    if not netns:
        same("lsof", oracle.lsof_owners(), {pid: row["close_wait"] for pid, row in want.items()})
    return [f"{name}: {problem}" for problem in problems], len(sockets)


def one_round(seed, cgroups):
    pick = random.Random(seed)
    mail = [socket.socketpair() for _ in range(len(cgroups.paths) + 1)]
    oracle.new_netns()
    spaces = [oracle.fork("space", oracle.new_netns) for _ in range(pick.randrange(0, 3))]
    pids = [holder(f"{seed}/{index}", pick.choice([None, None, *spaces]), cgroups, mail)
            for index in range(pick.randrange(1, 7))]
    pids += [receiver(mail[own][0], own, cgroups, pick) for own in range(len(mail))]
    problems, count = compare("here", None, [])
    for space in spaces:
        more, found = compare("elsewhere", space, ["--netns", str(space)])
        problems, count = problems + more, count + found
    oracle.end(pids + spaces)
    for end in sum(mail, ()):
        end.close()
    return problems, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    signal.alarm(60 + 10 * options.count)
    total, cgroups = 0, Cgroups()
    for number in range(options.count):
        problems, count = one_round(f"{options.seed + number}", cgroups)
        total += count
        if problems:
            oracle.result(False, f"--seed {options.seed + number} --count 1", "\n".join(problems))
    cgroups.remove()
    if not oracle.failures:
        oracle.result(True, f"{options.count} random namespaces, {total} sockets: as ss and lsof say")
    return bool(oracle.failures)


if __name__ == "__main__":
    sys.exit(main())
