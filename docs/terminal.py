"""Draws docs/terminal.svg, what the quickstart shows in a terminal of 80 columns:

    python docs/terminal.py

It runs the program in a pseudo-terminal (Linux or macOS) and keeps the last view of each line.
"""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import tempfile
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COMMAND = ["silversmith", "run", "quickstart"]
COLUMNS = 80
ROWS = 60
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"
ERASED = "\x1b[2K"


def shown(command, folder):
    """What a terminal holds after the command, with its colours."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        os.execvpe(command[0], command, {**kept, "PATH": path, "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    said = b""
    try:
        while more := os.read(terminal, 65536):
            said += more
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(terminal)
    if status := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"{said.decode()}\n{' '.join(command)} ended with status {status}")
    # The live view erases its lines before it draws them anew.
    last = said.decode().replace("\r", "").rpartition(ERASED)[2]
    return re.sub(r"\x1b\[\?\d+[hl]|\x1b\[\d*A", "", last)


def drawn(text):
    """The text as SVG, in the fonts of whoever looks at it: nothing is loaded from elsewhere."""
    console = Console(record=True, file=io.StringIO(), width=COLUMNS, highlight=False)
    console.print(Text.assemble(("$ ", "bold green"), " ".join(COMMAND)))
    for line in text.strip("\n").split("\n"):
        console.print(Text.from_ansi(line))
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", FONTS)
    svg = console.export_svg(title="silversmith", code_format=form, unique_id="terminal")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        picture = drawn(shown(COMMAND, folder))
    (Path(__file__).parent / "terminal.svg").write_text(picture, encoding="utf-8")
