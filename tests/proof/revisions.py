"""Compares two revisions of sessionize over real code: findings lost and new, verdicts and diffs that changed.

    python tests/proof/revisions.py main FOLDER...                 # main against the working tree
    python tests/proof/revisions.py v0.1.0 main FOLDER... --show 5

Each folder is checked, and fixed with `--diff`, by both revisions with the dependencies of this environment; nothing is
written and nothing of the folders is run. Exits 1 if anything differs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
FIXES = {"safe": ("--diff",), "unsafe": ("--diff", "--unsafe-fixes")}

Key = tuple[str, int, int, str]


@dataclass(frozen=True)
class Seen:
    """What a revision says of some code: the verdict of each finding, the diff of each file, and what went wrong."""

    verdicts: Mapping[Key, str]
    diffs: Mapping[tuple[str, str], str]
    errors: tuple[str, ...]


@dataclass
class Differences:
    """Where two revisions differ, by the kind of difference."""

    kinds: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, place: str) -> None:
        self.kinds.setdefault(kind, []).append(place)


def checked_out(revision: str | None, folder: Path) -> Path:
    """The sources of a revision below `folder`; those of the working tree for None."""
    if revision is None:
        return ROOT / "src"
    packed = subprocess.run(["git", "archive", revision, "src"], cwd=ROOT, check=True, capture_output=True).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    return folder / "src"


def run(sources: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of a revision, without settings files."""
    environment = {**os.environ, "PYTHONPATH": str(sources), "NO_COLOR": "1"}
    command = (sys.executable, "-m", "sessionize", *arguments, "--isolated")
    return subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")


def seen(sources: Path, folder: Path) -> Seen:
    """What the sources of a revision say of a folder."""
    done = run(sources, "check", "--exit-zero", "--output-format", "json", str(folder))
    verdicts = dict(told(json.loads(done.stdout or "[]")))
    errors = [line for line in done.stderr.splitlines() if line.startswith(("Error", "Traceback"))]
    diffs = {}
    for tier, options in FIXES.items():
        fixed = run(sources, "fix", *options, str(folder))
        errors += [line for line in fixed.stderr.splitlines() if line.startswith(("Error", "Traceback"))]
        for diff in re.split(r"^(?=--- )", fixed.stdout, flags=re.MULTILINE)[1:]:
            diffs[tier, diff.splitlines()[0].removeprefix("--- ")] = diff
    return Seen(verdicts, diffs, tuple(errors))


def told(findings: list[dict[str, object]]) -> Iterator[tuple[Key, str]]:
    """Each finding of the JSON report, and whether it is safe, unsafe or refused."""
    for finding in findings:
        match finding:
            case {"filename": str(name), "location": {"row": int(row), "column": int(column)}, "code": str(code)}:
                fix = finding["fix"]
                yield (name, row, column, code), str(fix["applicability"]) if isinstance(fix, dict) else "refused"


def compare(old: Seen, new: Seen) -> Differences:
    """How what the new revision says differs from what the old one says."""
    found = Differences()
    for key in sorted(old.verdicts.keys() | new.verdicts.keys()):
        before, after = old.verdicts.get(key), new.verdicts.get(key)
        place = f"{key[0]}:{key[1]}:{key[2]} {key[3]}"
        if before is None:
            found.add("new finding", f"{place} ({after})")
        elif after is None:
            found.add("lost finding", f"{place} ({before})")
        elif before != after:
            found.add(f"{before} became {after}", place)
    for tier, name in sorted(old.diffs.keys() | new.diffs.keys()):
        before, after = old.diffs.get((tier, name), ""), new.diffs.get((tier, name), "")
        if before != after:
            found.add(f"{tier} diff changed", f"{name}\n{before}=======\n{after}")
    for error in (Counter(new.errors) - Counter(old.errors)).elements():
        found.add("new error", error)
    return found


@click.command(help=__doc__)
@click.argument("old")
@click.argument("new_or_folder")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--show", default=3, show_default=True, help="Places shown of each kind of difference.")
def main(old: str, new_or_folder: str, folders: tuple[Path, ...], show: int) -> None:
    named = Path(new_or_folder).exists()
    total: dict[str, list[str]] = {}
    findings = 0
    with tempfile.TemporaryDirectory() as work:
        first = checked_out(old, Path(work, "old"))
        second = checked_out(None if named else new_or_folder, Path(work, "new"))
        for folder in (Path(new_or_folder), *folders) if named else folders:
            before = seen(first, folder)
            findings += len(before.verdicts)
            for kind, places in compare(before, seen(second, folder)).kinds.items():
                total.setdefault(kind, []).extend(places)
    for kind, places in sorted(total.items()):
        print(f"{len(places)} x {kind}")
        for place in places[:show]:
            print("    " + place.replace("\n", "\n    "))
    print(f"{findings} findings before; {sum(map(len, total.values()))} differences")
    sys.exit(bool(total))


if __name__ == "__main__":
    main()
