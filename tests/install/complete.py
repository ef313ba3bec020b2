# SPDX-License-Identifier: MIT
"""complete.py SHELL SCRIPT: presses TAB in a real, interactive SHELL (bash, zsh or fish) on a terminal.

Reads cases from standard input, one a line: what is typed, "->", words that must be offered (or stand in the line
then), and after a "|" words that must not be. Prints a result line for each case.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

shell, script = sys.argv[1], os.path.abspath(sys.argv[2])
directory = tempfile.mkdtemp()
lines = os.path.join(directory, "lines")  # what the line is after a TAB, put there by a key
open(lines, "w").close()

SETUP = {
    "bash": rf"""
bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0'; bind 'set page-completions off'
bind 'set bell-style none'; bind 'set colored-stats off'; bind 'set enable-bracketed-paste off'
bind -x '"\C-g": printf "%s\n" "$READLINE_LINE" >>{lines}'
{'. /usr/share/bash-completion/bash_completion' if os.environ.get('BASH_COMPLETION') else ''}
. {script}
""",
    "zsh": rf"""
setopt no_beep no_list_ambiguous no_auto_menu; LISTMAX=1000; unset zle_bracketed_paste
fpath=({os.path.dirname(script)} $fpath); autoload -Uz compinit; compinit -u -D
keep() {{ print -r -- "$BUFFER" >>{lines}; }}; zle -N keep; bindkey '^G' keep; bindkey '^U' kill-whole-line
""",
}
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Terminal:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM="dumb", PS1="> ", PROMPT="> ", COLUMNS="200", LINES="1000", HOME=directory)
            os.execvp(START[shell][0], START[shell])
        for line in SETUP[shell].strip().splitlines():
            self.send(line + "\n")
        self.settle()

    def send(self, text):
        os.write(self.fd, text.encode())

    def read(self, wait):
        output = b""
        while select.select([self.fd], [], [], wait)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            output += piece
            wait = 0.05
        return output.decode(errors="replace")

    def settle(self):
        """Until the key answers, the shell is still starting."""
        for _ in range(60):
            if self.line("") is not None:
                return
        raise SystemExit(f"{shell} does not start: {self.read(0)}")

    def line(self, typed):
        """The line after TYPED and the key."""
        before = os.path.getsize(lines)
        self.send(typed + "\x07")
        deadline = time.monotonic() + (10 if typed else 0.5)
        while os.path.getsize(lines) == before and time.monotonic() < deadline:
            self.output += self.read(0.02)
        with open(lines) as file:
            file.seek(before)
            return file.read().rstrip("\n") if os.path.getsize(lines) > before else None

    output = ""

    def complete(self, typed):
        self.output = ""
        line = self.line(typed + "\t")
        self.output += self.read(0.02)
        self.send("\x15")
        self.read(0.02)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.output)
        shown = re.sub(r" +-- .*", "", shown)  # zsh's descriptions
        return shown.replace(typed, "", 1) + " " + (line or "")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Fish:
    """fish can be asked."""

    def complete(self, typed):
        command = ["fish", "--no-config", "-c", f"source {script}; complete -C $argv[1]", typed]
        offered = subprocess.run(command, env={**os.environ, "HOME": directory}, stdout=subprocess.PIPE,
                                 text=True, timeout=20, check=True).stdout
        return re.sub(r"\t.*", "", offered)

    def close(self):
        pass


terminal = Fish() if shell == "fish" else Terminal()
for case in sys.stdin:
    if not case.strip():
        continue
    typed, answers = case.rstrip("\n").split("->")
    typed = typed[:-1]
    wanted, _, unwanted = answers.partition("|")
    found = terminal.complete(typed)
    words = set(re.split(r"[\s=,]+|(?<=[a-z]):", found)) | set(found.split())
    missing = [word for word in wanted.split() if word not in words]
    extra = [word for word in unwanted.split() if word in words]
    if missing or extra:
        print(f"not ok {shell}: {typed}\n# not offered: {missing}, offered: {extra}, seen: {found!r}")
    else:
        print(f"ok {shell}: {typed}")
terminal.close()
subprocess.run(["rm", "-rf", directory], check=True)
