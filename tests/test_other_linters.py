"""All cases, as flake8 and ruff see them, each in one run: apart, as they take longer than a case does."""

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from around import answering
from flake8.main.cli import main as flake8
from test_fixtures import AFTER, FINDINGS, PAIRS, ROOT, UNTOUCHED, beside, case, fixed, settings_of, shown

from sessionize.engine.check import check_bytes
from sessionize.files.settings import Settings
from sessionize.report.formats import render

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unmeasured")]

CASES = [*PAIRS, *UNTOUCHED]


def has_no_more(path: Path, own: Settings) -> bool:
    """Whether unsafe fixes are made already, or there are none."""
    told = beside(path, FINDINGS) if path in PAIRS else path.with_suffix(FINDINGS)
    return not own.rewrite_patches and (own.unsafe_fixes or not told.exists() or " unsafe: " not in told.read_text())


def golden(path: Path, data: bytes) -> bytes:
    return beside(path, AFTER).read_bytes() if path in PAIRS else data


@pytest.mark.parametrize(
    ("cases", "form"),
    [(CASES, {}), (PAIRS[::3], {"cookies": "isolate", "session_style": "with"})],
    ids=["as they are", "in other forms"],
)
def test_what_other_linters_left_alone_they_still_do(cases: list[Path], form: dict[str, Any], tmp_path: Path) -> None:
    """All fixes of the cases, in one run of ruff, which knows what isort, pycodestyle and pyflakes look for."""
    for path in cases:
        data = path.read_bytes()
        own = settings_of(data)
        settings = replace(own, unsafe_fixes=True, rewrite_patches=False, **form)
        known = settings == own if form else has_no_more(path, own)
        after = golden(path, data) if known else fixed(path, data, settings)
        if after != data:
            name = f"{case(path).replace('/', '.')}.py"
            (tmp_path / f"before.{name}").write_bytes(data)
            (tmp_path / f"after.{name}").write_bytes(after)
    command = ["ruff", "check", "--isolated", "--no-cache", "--preview", "--select=I,E402,E1,E2,E3,W,F"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--output-format=json", tmp_path], capture_output=True, encoding="utf-8"
    )
    told: dict[str, list[str]] = defaultdict(list)
    for found in json.loads(done.stdout):
        side, _, name = Path(found["filename"]).name.partition(".")
        told[name].append(f"{side}: {found['location']['row']}: {found['code']} {found['message']}")
    assert len(list(tmp_path.iterdir())) > len(cases)
    assert [(name, lines) for name, lines in told.items() if not any(line.startswith("before") for line in lines)] == []


def told_by_flake8(paths: list[Path], folder: Path) -> dict[str, list[str]]:
    """What flake8 says of each file, all in one run. They are copies, each in a folder of its own: its project."""
    cases = {str(folder / f"{number}" / path.name): shown(path) for number, path in enumerate(paths)}
    for copy, name in cases.items():
        Path(copy).parent.mkdir()
        Path(copy).with_name("sessionize.toml").touch()
        shutil.copy(ROOT / name, copy)
    flake8(["--isolated", "--select=RQS", "--extend-select=RQS3", "-j1", f"--output-file={folder}/output", *cases])
    told: dict[str, list[str]] = {name: [] for name in cases.values()}
    for line in (folder / "output").read_text(encoding="utf-8").splitlines():
        copy, _, finding = line.partition(":")
        told[cases[copy]].append(finding.replace(copy, cases[copy]))
    return told


def told_by_check(path: Path) -> list[str]:
    """What `check` says of a file that is alone in its project."""
    alone = answering(
        taken=lambda _: frozenset(),
        is_script=lambda *_: True,
        may_set=lambda *_: False,
        may_set_attribute=lambda *_, **__: False,
        file_replacing=lambda *_: "",
    )
    report = check_bytes(path.read_bytes(), shown(path), Settings(select=("RQS", "RQS3")), surroundings=alone)
    lines = click.unstyle(render("concise", [report])).splitlines()
    return [line.removeprefix(f"{shown(path)}:") for line in lines]


@pytest.mark.parametrize("first", range(6))
def test_flake8_agrees(first: int, tmp_path: Path) -> None:
    """Every third case is enough: what a rule finds is no question here, but how it is told."""
    paths = CASES[first * 3 :: 18]
    assert told_by_flake8(paths, tmp_path) == {shown(path): told_by_check(path) for path in paths}
