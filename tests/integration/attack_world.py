#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""attack_world.py silent DIR | names: what a user of the host can put in the way of root.

silent: a file system that never answers, and a process with a descriptor of it and a socket in
CLOSE_WAIT; prints its pid. names: a process for each of a few hostile names, each with such a
socket; prints their pids. Both end with their standard input."""

import ctypes
import os
import socket
import struct
import sys

NAMES = [b"a\x1b[2Jb", b"\x1b]0;owned\x07", b"new\nline", b"\xff\xfe\x80", "\u202egnp".encode(), b"</td><b>x",
         b'"} 1\nx{y="', b"# SKIP ok", b"%s%n$(id)`id`", b"\\u0000\\n'"]


def close_wait():
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.close()
    return listener, server


def silent(where):
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % device
    if libc.mount(b"silent", where.encode(), b"fuse", 0, options):
        sys.exit(os.strerror(ctypes.get_errno()))
    request = os.read(device, 1 << 20)
    unique, = struct.unpack_from("<Q", request, 8)
    answer = struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 16, 16, 131072, 1, 1, 0, 0)
    os.write(device, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)
    kept = close_wait(), os.open(where, os.O_PATH)
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(len(kept) - 2)  # with the device goes the file system


def names():
    children = []
    for name in NAMES:
        ready, done = os.pipe()
        child = os.fork()
        if not child:
            with open("/proc/self/comm", "wb", buffering=0) as file:
                file.write(name)
            kept = close_wait()
            os.close(done)
            sys.stdin.read()
            os._exit(len(kept) - 2)
        os.close(done)
        os.read(ready, 1)
        children.append(child)
    print(*children, flush=True)
    for child in children:
        os.waitpid(child, 0)


if sys.argv[1] == "silent":
    silent(sys.argv[2])
else:
    names()
