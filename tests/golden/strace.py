# SPDX-License-Identifier: MIT
"""What a program reached for, by what strace(1) wrote about it. For roots.py."""

import re

TRACED = ("trace=%file,fchmod,fchown,ftruncate,fsetxattr,fremovexattr,fallocate,"
          "pwrite64,pwritev,copy_file_range,sendfile,socket,connect")
WRITES = re.compile(
    r"\b(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE)\b|"
    r"^\d+ +(creat|rename\w*|unlink\w*|rmdir|mkdir\w*|mknod\w*|link\w*|symlink\w*|\w*truncate|"
    r"\w*chmod\w*|\w*chown\w*|\w*setxattr|\w*removexattr|utime\w*|futimesat|fallocate|pwrite\w*|"
    r"copy_file_range|sendfile|mount|socket|connect)\(")
# Start-up, and what a program may know of itself.
OUTSIDE = re.compile(
    r"/etc/ld\.so\.\w+|/(usr/)?lib(64)?/(\S+/)?(ld-linux|lib(?!pam)[^/]*\.so)[^/]*|/proc/self(/\S*)?|"
    r"/proc/(?!1/)\d+/\S*|/dev/null|/dev/urandom|/usr/share/zoneinfo/\S*|/etc/localtime")
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?(.*)$")


def read_trace(path):
    return [line for line in path.read_text(errors="replace").splitlines()
            if not re.match(r"^\d+ +(\+\+\+|---)|^\d+ +execve\(", line)]


def strays(lines, copy):
    """Calls that reach for anything but the tree COPY, and beside it the profiles and the program
    itself. The program was started in COPY's parent."""
    lab = copy.parent

    def inside(path):
        return path == str(copy) or path.startswith(f"{copy}/")

    def allowed(path):
        return (inside(path) or OUTSIDE.fullmatch(path) or path in ("AT_FDCWD", str(lab)) or
                path.startswith(f"{lab}/profiles") or path.startswith(f"{lab}/build"))

    for line in lines:
        call = CALL.match(line)
        if not call:
            yield line
            continue
        name, arguments, status, opened, _ = call.groups()
        paths = re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)
        base = re.match(r"(?:\d+<([^>]*)>|AT_FDCWD(?:<[^>]*>)?), ", arguments)
        if name == "newfstatat" and "AT_EMPTY_PATH" in arguments:
            pass  # fstat(2)
        elif opened and not allowed(opened):
            yield line
        elif base and base.group(1):
            # Relative to a descriptor: the kernel keeps openat2 inside, the others take one name.
            one_name = "/" not in paths[0] if paths else True
            if not inside(base.group(1)) or not (one_name or "RESOLVE_IN_ROOT" in arguments):
                yield line
        elif name in ("readlink", "lstat", "newfstatat") and paths and \
                str(copy).startswith(paths[0]):
            pass  # realpath(3) of the copy
        elif paths and paths[0].startswith("/") and not allowed(paths[0]):
            yield line
        elif paths and paths[0] and not paths[0].startswith(("/", copy.name, "profiles")):
            yield line
