"""`check` and `fix --diff` where every file calls requests, against LibCST's parser alone.

    python benchmarks/dense.py FOLDER [RUNS]

FOLDER is best akshare 1.19.5, unpacked. The last row is a loop over `libcst.parse_module` in one process, of the files
that `check` parses; the others are whole processes. `two check -j1` are independent of each other: what they take more
than one alone is what the machine takes for a second processor, from `-j2` as well.
"""

from __future__ import annotations

import sys

from measure import in_turn, table

PARSE = """
import sys
from pathlib import Path
import libcst
from sessionize.files.text import decode
from sessionize.library.cheap_look import may_have_findings
for path in sorted(Path(sys.argv[1]).rglob("*.py")):
    data = path.read_bytes()
    if may_have_findings(data):
        libcst.parse_module(decode(data).text)
"""


def main() -> None:
    folder, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    tool = [sys.executable, "-m", "sessionize"]
    shown = ["--isolated", "-q", "--output-format=concise", folder]
    commands = {
        "check -j1": [*tool, "check", "-j1", *shown],
        "check -j2": [*tool, "check", "-j2", *shown],
        "two check -j1": ["sh", "-c", '"$@" & "$@"; wait', "sh", *tool, "check", "-j1", *shown],
        "fix --diff -j1": [*tool, "fix", "--diff", "-j1", *shown],
        "fix --diff -j2": [*tool, "fix", "--diff", "-j2", *shown],
        "libcst.parse_module": [sys.executable, "-c", PARSE, folder],
    }
    print(table(in_turn(commands, runs)))


if __name__ == "__main__":
    main()
