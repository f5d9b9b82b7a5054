"""Makes the pictures of this folder anew, from what the program writes on a terminal.

    pip install . 'rich==15.*'
    python docs/screenshots.py

`tests/test_screenshots.py` compares their text with what the program writes.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

DOCS = Path(__file__).parent
PROGRAM = DOCS.parent / "fixtures/repeated-headers/bearer-token-constant.before.py"
PICTURES = {"check": "sessionize check issues.py", "diff": "sessionize fix --diff issues.py"}


def on_a_terminal(command: str, folder: str) -> str:
    """What a command of the program writes on a terminal."""
    screen, inside = pty.openpty()
    arguments = [sys.executable, "-m", *command.split()]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    # Small enough to be held by the terminal until it is read.
    done = subprocess.run(arguments, cwd=folder, stdin=inside, stdout=inside, stderr=inside, env=environment)
    os.close(inside)
    data = b""
    try:
        while piece := os.read(screen, 65536):
            data += piece
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(screen)
    written = data.decode().replace("\r\n", "\n")
    if done.returncode != 1:  # there is something to find
        sys.exit(f"{command}: {written}")
    return written.removesuffix("\n")


def picture(name: str, command: str, written: str) -> str:
    text = Text.from_ansi(f"$ {command}\n{written}")
    console = Console(file=io.StringIO(), record=True, width=max(map(len, text.plain.split("\n"))))
    console.print(text)
    svg = console.export_svg(title=command, theme=DEFAULT_TERMINAL_THEME, unique_id=name)
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # no font is fetched from elsewhere
    svg = svg.replace("Fira Code, monospace", "Menlo, Consolas, DejaVu Sans Mono, monospace")
    svg = svg.replace("rgba(255,255,255,0.35)", "#d0d7de")  # a frame that is seen on white
    svg = re.sub(r"<text [^>]*>\n</text>", "", svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def main() -> None:
    for name, command in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(PROGRAM, Path(folder, "issues.py"))
            written = on_a_terminal(command, folder)
        (DOCS / f"{name}.svg").write_text(picture(name, command, written), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
