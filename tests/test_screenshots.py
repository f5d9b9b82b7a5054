"""The pictures in docs/ show what the program writes."""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLOT = ROOT / "docs/gain.svg"  # of measurements
PICTURES = sorted(set((ROOT / "docs").glob("*.svg")) - {PLOT})
PROGRAM = ROOT / "fixtures/repeated-headers/bearer-token-constant.before.py"


def shown(svg: str) -> list[str]:
    """The lines of a picture, without their white space."""
    lines: dict[float, str] = defaultdict(str)
    for y, text in re.findall(r'<text class="\w+-r\d+" x="[\d.]+" y="([\d.]+)"[^>]*>([^<]*)<', svg):
        lines[float(y)] += "".join(unescape(text).split())
    return [lines[y] for y in sorted(lines)]


def test_there_are_pictures() -> None:
    assert [path.name for path in PICTURES] == ["check.svg", "diff.svg"]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_picture_is_what_is_written(path: Path, tmp_path: Path) -> None:
    svg = path.read_text(encoding="utf-8")
    assert len(svg) < 60_000
    # What a page that shows it would have to fetch, or what it tells of a machine.
    assert re.findall(r"url\((?!#)|href|<script|/home/|/tmp/", svg) == []
    command, *lines = shown(svg)
    (title,) = re.findall(r'-title"[^>]*>([^<]*)<', svg)
    arguments = unescape(title).split()
    assert command == "$" + "".join(arguments)
    shutil.copy(PROGRAM, tmp_path / "issues.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    written = ["".join(line.split()) for line in (done.stdout + done.stderr).splitlines()]
    assert lines == [line for line in written if line]
