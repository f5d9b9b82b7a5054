"""The codemod is run by LibCST's own tool, and by its test helpers."""

import argparse
import subprocess
import sys
from pathlib import Path

import libcst as cst
import pytest
from libcst.codemod import CodemodContext

from sessionize import codemod
from sessionize.codemod import UseSession
from sessionize.engine.results import Report

SAFE = "import requests\nfor url in urls:\n    requests.get(url)\n"
UNSAFE = "import requests\nfor url in urls:\n    requests.get(url, proxies=proxies)\n"
FIXED = "import requests\nsession = requests.Session()\nfor url in urls:\n    session.get(url{})\n"


@pytest.mark.slow
def test_libcst_runs_it(tmp_path: Path) -> None:
    (tmp_path / "safe.py").write_text(SAFE)
    (tmp_path / "unsafe.py").write_text(UNSAFE)
    command = [
        sys.executable,
        "-m",
        "libcst.tool",
        "codemod",
        "-x",
        "sessionize.codemod.UseSession",
        "--no-format",
        ".",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0
    assert "RQS101" in run.stderr
    assert (tmp_path / "safe.py").read_text() == FIXED.format("")
    assert (tmp_path / "unsafe.py").read_text() == UNSAFE
    subprocess.run([*command, "--unsafe-fixes"], cwd=tmp_path, capture_output=True)
    assert (tmp_path / "unsafe.py").read_text() == FIXED.format(", proxies=proxies")


def test_it_has_one_option() -> None:
    parser = argparse.ArgumentParser()
    UseSession.add_args(parser)
    assert vars(parser.parse_args(["--unsafe-fixes"])) == {"unsafe_fixes": True}


def test_it_is_silent_about_a_module_without_findings() -> None:
    context = CodemodContext()
    tree = cst.parse_module("import requests\nrequests.get(url)\n")
    assert UseSession(context).transform_module(tree).code == tree.code
    assert context.warnings == []


def test_it_reads_the_settings_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "sessionize.toml").write_text('session-name = "http"\n')
    context = CodemodContext(filename=str(tmp_path / "a.py"))
    code = UseSession(context, unsafe_fixes=True).transform_module(cst.parse_module(SAFE)).code
    assert code == FIXED.format("").replace("session", "http")


def test_it_warns_of_what_is_left(tmp_path: Path) -> None:
    context = CodemodContext(filename=str(tmp_path / "a.py"))
    assert UseSession(context).transform_module(cst.parse_module(UNSAFE)).code == UNSAFE
    assert [warning[:11] for warning in context.warnings] == ["3:5: RQS101"]


def test_it_tells_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codemod, "fix_source", lambda *_, **__: Report("a.py", SAFE, error="it would break"))
    context = CodemodContext(filename="a.py")
    assert UseSession(context).transform_module(cst.parse_module(SAFE)).code == SAFE
    assert context.warnings == ["a.py: it would break"]
