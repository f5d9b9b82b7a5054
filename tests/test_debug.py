"""The stages of a file are told as they are, and what cannot be read in one line."""

import json
import re
import runpy
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from command import Result

from sessionize import debug

ROOT = Path(__file__).parent.parent
Show = Callable[..., Result]
HOME = str(Path(debug.__file__).parents[1])
LOOP = """\
import requests
for year in years:
    requests.get(f"{BASE}/{year}")
"""


def stages(shown: str) -> dict[str, list[str]]:
    """The lines below the name of each stage, without their indent."""
    pieces = re.split(rf"^({'|'.join(stage.__name__ for stage in debug.STAGES)})\n", shown, flags=re.MULTILINE)
    below = ([line[2:] for line in piece.splitlines() if line] for piece in pieces[2::2])
    return dict(zip(pieces[1::2], below, strict=True))


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Gives the status and the output of the command for a file or standard input with that content."""

    def show(name: str, content: str | bytes | None) -> Result:
        data = content.encode() if isinstance(content, str) else content
        if name == "-":
            monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data or b"")))
        elif data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(SystemExit) as exit_info:
            debug.main([name if name == "-" else str(tmp_path / name)])
        return Result(int(str(exit_info.value.code)), *capsys.readouterr())

    return show


def test_loop(show: Show) -> None:
    result = show("a.py", LOOP)
    shown = stages(result.out)
    assert result.status == 0
    assert [*shown] == ["text", "outline", "groups", "findings", "outcomes", "changes"]
    assert shown["text"] == ["1  import requests", "2  for year in years:", '3      requests.get(f"{BASE}/{year}")']
    assert shown["outline"] == [
        "tick  row",
        "1          part 0: body lines of module",
        "2            part 1: simple",
        "3              bind requests by import: requests",
        "4            part 2: for",
        "5              use years: read",
        "6              part 3: turn lines",
        "7                bind year by for: years",
        "8                part 4: simple",
        "9                  use requests: .get()",
        "10                 use BASE: read",
        "11                 use year: read",
        "12    3            call requests.get(f('' {BASE} '/' {year})): read",
    ]
    assert shown["groups"] == ["in module, at part 2 (for)", "  row 3  requests.get  loop"]
    (finding,) = shown["findings"]
    assert finding.startswith("row 3  RQS101  request-in-loop  `requests.get` in a loop")
    assert shown["outcomes"] == [
        "fix         row 3",
        "  is        safe",
        "  does      Use one `requests.Session` for all iterations",
        "  redirect  row 3: session.get",
        "  session   session = requests.Session(), assign at part 2 (for)",
        "  hoist     nothing",
    ]
    assert shown["changes"][-1] == '+    session.get(f"{BASE}/{year}")'


def test_class(show: Show) -> None:
    shown = stages(show("a.py", (ROOT / "fixtures/client-without-session/async-methods.before.py").read_bytes()).out)
    assert shown["groups"] == [
        "for class Bot, behind part 9 (simple)",
        "  row 15  requests.post  client",
        "  row 18  requests.get   client",
    ]
    assert "  is        unsafe" in shown["outcomes"]
    assert "  redirect  row 18: self._session.get" in shown["outcomes"]
    assert any(line.startswith("  lifetime  the session lives as long as the object") for line in shown["outcomes"])
    assert any(line.endswith("store self.room: room") for line in shown["outline"])
    assert any(line.endswith("pause") for line in shown["outline"])


def test_functions_of_a_module(show: Show) -> None:
    text = """\
def users():
    import requests
    return requests.get(USERS)
def teams():
    import requests
    return requests.get(TEAMS)
"""
    shown = stages(show("a.py", text).out)
    assert shown["groups"] == [
        "for module, requests is not imported at the top of the module",
        "  row 3  requests.get  scattered",
        "  row 6  requests.get  scattered",
    ]
    assert [line.split()[0] for line in shown["outcomes"]] == ["refusal", "reason"] * 2
    assert shown["changes"] == []


def test_reasons_for_groups(show: Show) -> None:
    text = """\
import requests
session = requests.Session()
session.get(A)
requests.get(B)
requests.get(C)
def load(url):
    return requests.get(url)
def both():
    return load(A), load(B)
def names():
    return list(map(requests.get, URLS))
pages = lambda: [requests.get(url) for url in URLS]
"""
    shown = stages(show("a.py", text).out)
    assert shown["groups"] == [
        "in module, at part 4 (simple)",
        "  row 4  requests.get  chained",
        "  row 5  requests.get  chained",
        "in lambda lambda, at no place",
        "  row 12  requests.get  loop",
        "in function names, at part 14 (return)",
        "  row 11  requests.get  mapped",
        "for module, behind part 5 (simple)",
        "  row 7  requests.get  helper",
    ]
    (fix,) = [index for index, line in enumerate(shown["outcomes"]) if line == "fix         row 4, 5"]
    assert shown["outcomes"][fix + 3 : fix + 5] == ["  redirect  row 4: session.get", "  redirect  row 5: session.get"]


def test_call_alone(show: Show) -> None:
    shown = stages(show("a.py", "import requests\nrequests.get(URL)\n").out)
    assert shown["groups"] == ["alone", "  row 2  requests.get"]


def test_refusal(show: Show) -> None:
    shown = stages(show("a.py", LOOP.replace("requests.get(f", "getattr(requests, verb)(f")).out)
    assert shown["outcomes"][0] == "refusal   row 3"
    assert shown["outcomes"][1].startswith("  reason  ")
    assert shown["changes"] == []


def test_values(show: Show) -> None:
    text = "value = {'a': -b, **c}, [d[0], e + 1], f(*g, h=i, **j), k.l, lambda: 0\n"
    shown = stages(show("a.py", text).out)
    value = "tuple({'a': ..., **: c}, list(d[0], e + 1), f(*g, h=i, **j), k.l, ...)"
    assert shown["outline"][-1].split(maxsplit=1)[1] == f"bind value by assign: {value}"


def test_fix_that_is_not_made(show: Show) -> None:
    shown = stages(show("a.py", LOOP + "if year:\n    \f  pass\n").out)
    assert shown["changes"] == ["not fixed, as LibCST does not preserve form feeds in indentation"]


def test_notebook(show: Show) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in ("%cd data", LOOP)]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    shown = stages(show("a.ipynb", text).out)
    assert shown["text"][1] == "2  __cell__()"
    assert shown["findings"][0].startswith("row 5  RQS101")
    assert '+    session.get(f"{BASE}/{year}")' in shown["changes"]


def test_standard_input(show: Show) -> None:
    result = show("-", LOOP)
    assert result.status == 0
    assert stages(result.out)["groups"][1] == "  row 3  requests.get  loop"


def test_file_without_calls(show: Show) -> None:
    result = show("a.py", "")
    assert result.status == 0
    assert stages(result.out) == {
        "text": [],
        "outline": ["tick  row", "1          part 0: body lines of module"],
        "groups": [],
        "findings": [],
        "outcomes": [],
        "changes": [],
    }


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("gone.py", None, "1:1: No such file or directory"),
        ("a.py", "import requests\nfor year in\n", "2:12: invalid syntax"),
        ("a.py", b"x = 1\ny = '\xff'\n", "2:6: byte 0xff on line 2 is not valid utf-8"),
        ("a.ipynb", "{}", "1:1: this is not a notebook: it lacks `nbformat` or `cells`"),
    ],
)
def test_unreadable(show: Show, tmp_path: Path, name: str, data: str | bytes | None, told: str) -> None:
    result = show(name, data)
    assert result.status == 2
    assert result.err == f"sessionize: {tmp_path / name}:{told}\n"
    assert result.out == ""


def test_control_characters_are_spelled_out(show: Show) -> None:
    assert "\x1b" not in show("a.py", "# \x1b[2J\n").out


def test_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs nothing of the folder that it is started in."""
    monkeypatch.setattr(sys, "argv", ["debug"])
    monkeypatch.delitem(sys.modules, "sessionize.debug")  # `runpy` warns of a second one
    for path in ([HOME, "/a"], ["/current", HOME]):
        monkeypatch.setattr(sys, "path", [*path, *sys.path])
        with pytest.raises(SystemExit) as exit_info:
            runpy.run_module("sessionize.debug", run_name="__main__", alter_sys=False)
        assert exit_info.value.code == 2
        assert sys.path[0] == HOME
