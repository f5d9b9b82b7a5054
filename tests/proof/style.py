"""What linters and formatters say of rewritten files that they had nothing to say of before.

    python tests/proof/style.py FOLDER [-- OPTIONS OF fix]

Each project in FOLDER is copied, `sessionize fix` (with `--unsafe-fixes`, or the options given) rewrites the copy, and
pycodestyle, ruff's `I` rules and `ruff format` go over it before and after. Files that get a complaint of a kind they
had none of are listed. Needs pycodestyle and ruff; the network is not used.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

COMMANDS = {
    "pycodestyle": ["pycodestyle", "--max-line-length=1000"],
    "isort": ["ruff", "check", "--isolated", "--select", "I", "--output-format", "concise", "--quiet"],
    "format": ["ruff", "format", "--isolated", "--check"],
}
_COMPLAINT = re.compile(r"^(?P<file>.+?\.pyi?):\d+:\d+:? (?P<code>[A-Z]+\d+)|^Would reformat: (?P<unformatted>.+)")


def complaints(tree: Path, files: Iterable[str]) -> set[tuple[str, str]]:
    """The files with a complaint, and its code; `format` for one that a formatter would change."""
    found = set()
    for command in COMMANDS.values():
        run = subprocess.run([*command, *files], cwd=tree, capture_output=True, text=True, check=False)
        for line in run.stdout.splitlines():
            if match := _COMPLAINT.match(line):
                found.add((match["file"] or match["unformatted"], match["code"] or "format"))
    return found


def changed(before: Path, after: Path) -> list[str]:
    """The Python files that differ."""
    found = []
    for path in sorted(before.rglob("*.py")):
        name = path.relative_to(before)
        if path.is_file() and path.read_bytes() != (after / name).read_bytes():
            found.append(str(name))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("options", nargs="*", default=["--unsafe-fixes"])
    given = parser.parse_args()
    new: Counter[str] = Counter()
    total = spoiled = 0
    for project in sorted(path for path in given.folder.iterdir() if path.is_dir()):
        with tempfile.TemporaryDirectory() as scratch:
            after = Path(scratch, project.name)
            shutil.copytree(project, after, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            (after / ".git").mkdir()
            command = [sys.executable, "-m", "sessionize", "fix", "--isolated", "--quiet", *given.options, "."]
            subprocess.run(command, cwd=after, capture_output=True, check=False)
            files = changed(project, after)
            if not files:
                continue
            fresh = sorted(complaints(after, files) - complaints(project, files))
        total += len(files)
        spoiled += len({file for file, _ in fresh})
        for file, code in fresh:
            new[code] += 1
            print(f"{project.name}/{file}: {code}", flush=True)
    print(f"{total} files rewritten, {spoiled} with new complaints: {dict(new.most_common())}")
    return 1 if spoiled else 0


if __name__ == "__main__":
    sys.exit(main())
