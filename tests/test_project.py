"""Which files are read for what tests replace, and what a run makes of it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from around import answering
from command import Run, check_file, fix_file, write

from sessionize.editor.checked import read_surroundings
from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_bytes, fix_source, offers
from sessionize.files import store, walk
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError
from sessionize.library import patches
from sessionize.project.project import Project
from sessionize.project.projects import Projects

UNSAFE = Settings(unsafe_fixes=True)
LOOP = "import requests\nfor name in names:\n    requests.get(name)\n"
TEST = 'from unittest.mock import patch\nimport sync, main\n\n@patch("requests.get")\ndef test(get): ...\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "src").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "src" / "sync.py").write_text(LOOP)
    (tmp_path / "tests" / "test_sync.py").write_text(TEST)
    return tmp_path


def rows(filename: str) -> list[str]:
    return [str(patch) for patch in Projects().patches(filename, "")]


def test_project_is_the_folder_with_its_settings(project: Path) -> None:
    assert rows("src/sync.py") == ["tests/test_sync.py:4"]
    assert rows(str(project / "src" / "sync.py")) == ["tests/test_sync.py:4"]


@pytest.mark.parametrize("marker", ["pyproject.toml", "sessionize.toml", "setup.py", "setup.cfg", ".git"])
def test_projects_inside_of_a_project_are_others(project: Path, marker: str) -> None:
    (project / "tests" / "app").mkdir()
    (project / "tests" / "app" / marker).write_text("")
    (project / "tests" / "app" / "test_app.py").write_text(TEST)
    assert rows("src/sync.py") == ["tests/test_sync.py:4"]
    assert rows("tests/app/main.py") == ["tests/app/test_app.py:4"]


def test_file_in_no_project_has_its_folder(project: Path) -> None:
    (project / "pyproject.toml").unlink()
    assert rows("src/sync.py") == []
    for folder in ("src/tests", "src/api", "src/other"):
        (project / folder).mkdir()
        (project / folder / "test_sync.py").write_text(TEST)
    (project / "src" / "api" / "__init__.py").write_text("")
    (project / "src" / "test_sync.py").write_text(TEST)
    beside = ["src/api/test_sync.py:4", "src/test_sync.py:4", "src/tests/test_sync.py:4"]
    assert rows("src/sync.py") == rows("src/api/client.py") == beside
    assert rows("nowhere/sync.py") == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (".", "a/tests/main.py"),
        (".", "."),
        (".", "a"),
        (".", "linked"),
        (".", "linked/tests/main.py"),
        (".", "link.py"),
        ("a/tests", "main.py"),
        ("a/tests", "."),
        ("b", "../a/tests"),
        ("b", "../link.py"),
    ],
)
def test_the_same_file_gets_the_same_verdict(run: Run, monkeypatch: pytest.MonkeyPatch, folder: str, name: str) -> None:
    """By whatever path it is named: its own tests count, those of the project beside it do not."""
    write({"a/setup.py": "", "b/setup.py": "", "a/tests/main.py": LOOP, "a/sync.py": LOOP})
    write({"b/test_all.py": TEST, "a/test_post.py": TEST.replace(".get", ".sessions.Session")})
    Path("linked").symlink_to("a")
    Path("link.py").symlink_to("a/tests/main.py")
    monkeypatch.chdir(folder)
    for given in (name, str(Path.cwd() / name)):
        found = json.loads(run("check", "--output-format=json", given).out)
        (message,) = {each["message"] for each in found if each["code"] == "RQS301" and "sync" not in each["filename"]}
        assert "`requests.sessions.Session` is patched by name (" in message
        assert " more)" not in message


def test_a_folder_of_tests_counts_inside_of_its_project(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"tests/a/setup.py": "", "tests/a/main.py": LOOP, "tests/a/testing/main.py": LOOP})
    for folder in (".", "tests/a"):
        monkeypatch.chdir(folder)
        found = json.loads(run("check", "--output-format=json").out)
        assert [each["fix"]["applicability"] for each in found] == ["safe", "unsafe"]


def test_file_itself_is_taken_as_it_is_now(project: Path) -> None:
    assert rows("tests/test_sync.py") == []
    assert [str(patch) for patch in Projects().patches("tests/test_sync.py", TEST)] == ["tests/test_sync.py:4"]


def test_what_is_ignored_or_unreadable_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "test_other.py").write_text(TEST)
    (project / "tests" / "gone.py").write_text(TEST)
    found, read = walk.discover, store.read

    def discover(*arguments: Any, **options: Any) -> Iterator[str | walk.Unreadable]:
        yield walk.Unreadable("tests/locked", "Permission denied")
        yield from found(*arguments, **options)

    def read_what_is_there(path: str) -> bytes:
        if path.endswith("gone.py"):
            raise SourceError("No such file or directory")
        return read(path)

    monkeypatch.setattr(walk, "discover", discover)
    monkeypatch.setattr(store, "read", read_what_is_there)
    assert rows("src/sync.py") == ["tests/test_sync.py:4"]


def test_projects_are_read_for_workers(project: Path) -> None:
    projects = Projects()
    projects.read(["src/sync.py"])
    (project / "tests" / "test_sync.py").write_text("import sync\n")
    assert [str(patch) for patch in projects.patches("src/sync.py", "", frozenset())] == ["tests/test_sync.py:4"]


def test_workers_that_see_no_files_get_all_that_may_be_asked_for(project: Path) -> None:
    (project / "src" / "sync.py").write_text("from requests import (\n    get as fetch,\n)\n")
    (project / "tests" / "test_sync.py").write_text(TEST.replace("requests.get", "sync.fetch"))
    projects = Projects()
    (project / "src" / "other.py").write_text("client.token = 1\n")
    projects.read(["src/sync.py", "src/gone.py"], whole=True)
    (project / "tests" / "test_sync.py").unlink()
    (project / "src" / "other.py").unlink()
    assert projects.may_set_attribute("src/sync.py", "token")
    assert not projects.may_set_attribute("src/sync.py", "name")
    assert [str(patch) for patch in projects.patches("src/sync.py", "", frozenset({"fetch"}))] == [
        "tests/test_sync.py:4"
    ]


NAMED = "import requests as rq\nfrom requests import get as fetch, post\nfor name in names:\n    {}(name)\n"


@pytest.mark.parametrize(
    ("call", "test"),
    [
        ("rq.get", '@patch("sync.rq")'),
        ("rq.get", '@patch("sync.rq.get")'),
        ("rq.get", '@patch("requests.get")'),
        ("fetch", '@patch("sync.fetch")'),
        ("fetch", 'monkeypatch.setattr(\n    sync,  # why\n    "fetch",\n    fake)'),
        ("fetch", "import sync\nsync.fetch = fake"),
        ("fetch", "import sync\nsync.other, sync.fetch = fakes"),
        ("fetch", "import sync\ndel sync.fetch"),
        ("post", '@patch("sync.post")'),
        ("fetch", '@patch.multiple("sync", fetch=DEFAULT)'),
        ("fetch", '@patch.multiple(\n    "sync",\n    fetch=DEFAULT,\n)'),
        ("fetch", 'import sync\nsetattr(sync, ("fetch"), fake)'),
        ("fetch", "import sync\nsync.other = sync.fetch = fake"),
        ("rq.get", 'import sync\nname = "get"\nmonkeypatch.setattr(sync.rq, name, fake)'),
    ],
)
def test_names_of_the_file_itself_are_looked_for(project: Path, call: str, test: str) -> None:
    """A test need not name requests to replace what a file has imported from it."""
    (project / "src" / "sync.py").write_text(NAMED.format(call))
    lines = f"{test}\ndef test(get): ...\n" if test.startswith("@") else f"{test}\n"
    (project / "tests" / "test_sync.py").write_text(lines if "import" in lines else f"import sync\n\n\n{lines}")
    report = check_file(Path("src/sync.py"), Settings(), surroundings=answering(patches=Projects().patches))
    assert [found.code for found in report.left if found.code == "RQS301"] == ["RQS301"]


@pytest.mark.parametrize("test", ["patch.dict(sys.modules, requests=fake)", 'patch.multiple("sync", requests=fake)'])
def test_the_module_as_a_keyword_is_looked_for(project: Path, test: str) -> None:
    (project / "tests" / "test_sync.py").write_text(
        f"import sys, sync\nfrom unittest.mock import patch\n\n{test}.start()\n"
    )
    report = check_file(Path("src/sync.py"), Settings(), surroundings=answering(patches=Projects().patches))
    assert [found.code for found in report.left if found.code == "RQS301"] == ["RQS301"]


@pytest.mark.parametrize("name", ["patch", "setattr"])
def test_a_word_in_a_comment_is_no_name(project: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large tree few files have to be parsed."""
    (project / "tests" / "test_sync.py").write_text(
        f"# handles requests, and sends requests. Then\n{name}(a, b)\nassert client.get\n"
    )
    monkeypatch.setattr(patches, "parse_ast", None)
    assert rows("src/sync.py") == []


def test_project_is_read_once_and_only_if_there_is_something_to_fix(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    projects = Projects()
    of = projects.of

    def told(name: str, /) -> Project:
        read.append(name)
        return of(name)

    monkeypatch.setattr(projects, "of", told)
    check_source("import requests\nrequests.get(url)\n", "src/one.py", surroundings=answering(patches=projects.patches))
    assert read == []
    check_source(LOOP, "src/sync.py", surroundings=answering(patches=projects.patches))
    assert read == ["src/sync.py"]


def test_test_makes_a_fix_unsafe_whatever_is_selected(project: Path) -> None:
    settings = Settings(select=("RQS101",))
    report = fix_file(Path("src/sync.py"), settings, surroundings=answering(patches=Projects().patches))
    assert report.after is None
    assert [(found.code, found.applicability) for found in report.left] == [("RQS101", "unsafe")]
    assert report.left[0].help.endswith("unsafe because tests/test_sync.py:4 replaces `requests.get` by name [patched]")


def test_patch_of_the_own_module_is_named_first(project: Path) -> None:
    (project / "tests" / "test_sync.py").write_text(TEST + TEST.replace("requests.get", "sync.requests.get"))
    _, found = check_source(LOOP, "src/sync.py", surroundings=answering(patches=Projects().patches))
    assert found.code == "RQS301"
    assert "`sync.requests.get` is patched by name (tests/test_sync.py:9 and 1 more)" in found.message


def test_patches_stand_once_in_a_file(project: Path) -> None:
    text = LOOP + LOOP.replace("import requests\n", "").replace(".get", ".post") + LOOP.replace("import requests\n", "")
    (project / "src" / "sync.py").write_text(text)
    (project / "tests" / "test_sync.py").write_text(TEST + TEST.replace("get", "post"))
    found = check_source(text, "src/sync.py", surroundings=answering(patches=Projects().patches))
    assert [(each.code, each.start.row) for each in found] == [
        ("RQS101", 3), ("RQS301", 3), ("RQS101", 5), ("RQS101", 7)
    ]  # fmt: skip
    assert found[1].message == (
        "`requests.get` is patched by name (tests/test_sync.py:4), and a call on a session would bypass the patch; "
        "this holds for 2 more calls, of `requests.post`, `requests.get`"
    )
    fixes = offers(text.encode(), "src/sync.py", UNSAFE, surroundings=answering(patches=Projects().patches))
    report = fix_bytes(
        text.encode(), "src/sync.py", UNSAFE, surroundings=answering(patches=Projects().patches), only=fixes[:1]
    )
    assert report.error is None


@pytest.mark.parametrize(
    "target", ["sessions.Session.request", "Session.request", "Session.send", "adapters.HTTPAdapter.send"]
)
def test_what_a_session_goes_through_leaves_a_fix_safe(project: Path, target: str) -> None:
    (project / "tests" / "test_sync.py").write_text(TEST.replace("requests.get", f"requests.{target}"))
    (found,) = check_source(LOOP, "src/sync.py", surroundings=answering(patches=Projects().patches))
    assert (found.code, found.applicability) == ("RQS101", "safe")


SHOWN = """\
import requests

def fetch(name):
    return requests.get(BASE + name)

if __name__ == "__main__":
    print(fetch("a"), fetch("b"))
"""


def test_demonstrations_of_a_package_repeat_nothing(project: Path) -> None:
    (project / "src" / "sync.py").write_text(SHOWN)
    assert codes("src/sync.py") == ["RQS103"]
    (project / "src" / "__init__.py").write_text("")
    assert codes("src/sync.py") == []
    (project / "src" / "sync.py").write_text(SHOWN + "\nLOADED = [fetch(name) for name in NAMES]\n")
    assert codes("src/sync.py") == ["RQS103"]


def test_demonstrations_of_other_modules_of_a_package_repeat_nothing(project: Path) -> None:
    function, main, shown = SHOWN.partition("if __name__")
    (project / "src" / "sync.py").write_text(function)
    (project / "src" / "other.py").write_text(f"from sync import fetch\n\n{main}{shown}")
    assert codes("src/sync.py") == ["RQS103"]
    (project / "src" / "__init__.py").write_text("")
    assert codes("src/sync.py") == []


def codes(filename: str) -> list[str]:
    """The codes of the findings in a file, as its project is now."""
    report = check_file(Path(filename), Settings(), surroundings=read_surroundings())
    return [found.code for found in report.left if found.code != "RQS301"]


COMMON = "from requests import get\n\n\ndef f():\n    for name in names:\n        get(name)\n"


def is_kept(run: Run, name: str = "common.py") -> bool:
    """Whether `get` is still there for others after a fix."""
    assert run("fix", name).status == 0
    return "import Session, get" in Path(name).read_text()


@pytest.mark.parametrize(
    "importer",
    [
        "from common import get",
        "from common import other, get as fetch",
        "from common import (\n    other,  # :)\n    get,\n)",
        "from pkg import (  # :)\n    common)\ncommon.get(url)",
        "from common import \\\n    get",
        "from .common import get",
        "def f():\n    import common\n    return common.get(url)",
        "import pkg.common\npkg.common.get(url)",
        "import common as c\nc.get(url)",
        "from pkg import common as c\nc.get(url)",
        "import common\ngetattr(common, 'get')(url)",
        "import common\nprint 'this is not Python'",
        "import pkg\npkg.common.get(url)",
        "from pkg import *\ncommon.get(url)",
    ],
)
@pytest.mark.parametrize("marker", ["setup.py", "README"])
def test_a_name_that_another_module_takes_stays(run: Run, importer: str, marker: str) -> None:
    write({"common.py": COMMON, "scrape.py": f"{importer}\n", marker: ""})
    assert is_kept(run)


@pytest.mark.parametrize(
    "importer",
    [
        "from common import other",
        "import common\ncommon.f({}.get(url))",
        "from common import f\nfrom other import get",
        "from uncommon import get",
        "import common.deep\n",
        "common = 1\nprint(common, {}.get(url))",
        "",
    ],
)
def test_a_name_that_nobody_takes_goes(run: Run, importer: str) -> None:
    write({"common.py": COMMON, "scrape.py": f"{importer}\n", "b/setup.py": "", "b/a.py": "from common import get\n"})
    assert not is_kept(run)


def test_a_name_of_a_function_goes(run: Run) -> None:
    text = COMMON.replace("from requests import get\n\n\n", "").replace("():\n", "():\n    from requests import get\n")
    write({"common.py": text, "scrape.py": "from common import *\n"})
    assert not is_kept(run)


def test_names_of_a_text_that_may_be_any_module_stay(run: Run) -> None:
    assert "import Session, get" in run("fix", "-", stdin=COMMON.encode()).out
    assert "import Session\n" in run("fix", "-", "--stdin-filename=common.py", stdin=COMMON.encode()).out


def test_what_modules_take_is_read_once_and_only_if_a_name_goes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    taken = Project.taken

    def told(project: Project, module: str) -> frozenset[str]:
        read.append(module)
        return taken(project, module)

    monkeypatch.setattr(Project, "taken", told)
    inside = "def load(names):\n    import requests\n    for name in names:\n        requests.get(name)\n"
    write({"common.py": COMMON, "sync.py": inside})
    run("fix", "sync.py")
    assert read == []
    run("fix", "common.py")
    assert {*read} == {"common"}


@pytest.mark.slow
def test_workers_know_what_is_taken(run: Run) -> None:
    names = [f"common_{n}" for n in range(20)]
    write({f"{name}.py": COMMON for name in names} | {"scrape.py": "from common_7 import get\n"})
    run("fix", "--jobs=2")
    assert [name for name in names if "get\n" in Path(f"{name}.py").read_text()] == ["common_7"]


def test_clusters_are_told_what_is_taken(project: Path) -> None:
    (project / "src" / "sync.py").write_text(COMMON)
    (project / "src" / "scrape.py").write_text("from sync import get\n")
    projects = Projects()
    projects.read(["src/sync.py"], whole=True)
    (project / "src" / "scrape.py").unlink()
    assert "get" in projects.taken("src/sync.py")


def test_clusters_are_told_of_tests_that_name_a_library(project: Path) -> None:
    (project / "src" / "sync.py").write_text("import httpx as net\n")
    test = project / "test_sync.py"
    test.write_text("import sync\nmock.patch('httpx.get')\nmock.patch('sync.net.get')\n")
    names = frozenset({"httpx", "respx", "pytest_httpx"})
    projects = Projects()
    projects.read(["src/sync.py"], whole=True)
    test.unlink()
    assert projects.file_replacing("src/sync.py", names) == "test_sync.py"
    assert "sync.net.get" in {patch.target for patch in projects.patches("src/sync.py", "", frozenset({"net"}))}
    assert Projects().file_replacing("src/sync.py", names) == ""


@pytest.mark.parametrize("name", ["requests", "net"])
def test_clusters_are_told_of_names_that_a_text_sets(project: Path, name: str) -> None:
    (project / "src" / "sync.py").write_text(f"import requests as {name}\n")
    other = project / "src" / "other.py"
    other.write_text(f"import sync\nfor name in ('{name}',):\n    setattr(sync, name, Fake)\n")
    projects = Projects()
    projects.read(["src/sync.py"], whole=True)
    other.unlink()
    assert projects.may_replace("src/sync.py", name)
    assert not Projects().may_replace("src/sync.py", name)


# --- scripts ----------------------------------------------------------------------------------------------------------

SCRIPT = """\
import requests


def load(name):
    return requests.get(f"https://example.com/{name}", timeout=5)


def size(name):
    return requests.head(f"https://example.com/{name}", timeout=5)


print(load("a"), size("b"))
"""


MAIN = "if __name__ == '__main__': print(1)\n"


def is_fixed(run: Run, name: str = "load.py") -> bool:
    """Tell whether plain `fix` gives the module a session."""
    run("fix", name)
    return "_session = requests.Session()" in Path(name).read_text()


def test_script_that_nothing_imports(run: Run) -> None:
    write({"load.py": SCRIPT, "other.py": "import os\nupload = 1\n", "pyproject.toml": ""})
    assert is_fixed(run)


@pytest.mark.parametrize(
    ("name", "text", "fixed"),
    [
        ("run.pyw", "import load\n", False),
        ("run", "#!/usr/bin/env python3\nimport load\n", False),
        ("bin/run", "#!/usr/bin/python3\nimport load\n", False),
        ("run", "#!/bin/sh\nload\n", True),
        ("LICENSE", "You may load it.\n", True),
        ("run.txt", "#!/usr/bin/env python3\nimport load\n", True),
    ],
)
def test_programs_with_other_names(run: Run, name: str, text: str, *, fixed: bool) -> None:
    write({"load.py": SCRIPT, name: text, "pyproject.toml": ""})
    assert is_fixed(run) is fixed


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="all files can be read")
def test_program_that_cannot_be_read(run: Run) -> None:
    write({"load.py": SCRIPT, "run": "#!/usr/bin/env python3\nimport load\n", "pyproject.toml": ""})
    Path("run").chmod(0)
    assert is_fixed(run)


@pytest.mark.parametrize(
    "importer",
    [
        "import load, threading",
        "from load import size\nfrom multiprocessing import Pool",
        "from . import load as l\nimport flask",
        "import load\nimport time\ntime.sleep(5)",
        "try:\n import load\nexcept ImportError: input()",
        "from importlib import import_module\nimport_module('tools.load')",
        "import runpy\nrunpy.run_path('tools/load.py')",
        "PLUGINS = ['load']",
        "import importlib\nimportlib.import_module(f'tools.{name}')",
        "exec(open(path).read())",
    ],
)
def test_module_that_another_file_may_run_otherwise(run: Run, importer: str) -> None:
    write({"load.py": SCRIPT, "other.py": f"{importer}\n", "pyproject.toml": ""})
    assert not is_fixed(run)


@pytest.mark.parametrize(
    "importer",
    [
        "import load",
        "from load import size\nimport pandas as pd",
        "from . import load as l",
        "import load\nfrom inner.deep import x",
        "try:\n import load\nexcept ImportError: pass",
        "import os.path, json, load as l\nimport bs4",
        "import load\nTEXT = 'import threading'",
    ],
)
def test_module_of_an_application(run: Run, importer: str) -> None:
    """All that imports it, and all that imports that, runs in one thread."""
    other = f"{importer}\nprint(load)\n"
    write({"load.py": SCRIPT, "other.py": other, "sessionize.toml": "closed = true\n", "inner/deep.py": "x = 1\n"})
    assert is_fixed(run)
    assert "set_policy" in Path("load.py").read_text()  # other files may name users


@pytest.mark.parametrize(
    ("files", "fixed"),
    [
        ({"other.py": "import load\n", "main.py": f"import other\n{MAIN}"}, True),
        ({"other.py": "import load\n", "main.py": "import other\nlog = print()\n"}, False),  # who runs it?
        ({"other.py": "import load\nfor name in 'ab': load.load(name)\n"}, True),
        ({"other.py": "import load\n", "main.py": f"import other, threading\n{MAIN}"}, False),
        ({"other.py": f"import load\n{MAIN}", "main.py": "import asyncio\n"}, True),
        ({"other.py": f"import load, main\n{MAIN}", "main.py": "import asyncio\n"}, False),
        ({"other.py": f"import load, main\n{MAIN}", "main.py": "import time\ndef f(): time.sleep(9)\n"}, False),
        ({"other.py": f"import load\n{MAIN}", "main.py": "import importlib\nimportlib.import_module(x)\n"}, False),
        ({"other.py": f"import load\n{MAIN}", "main.py": "JOBS = ['jobs.load:main']\n"}, False),
        ({"other.py": f"import load\n{MAIN}", "main.py": "print('load a page')\n"}, True),
        ({"other.py": f"import load\n{MAIN}", "note.ipynb": '{"cells": [{"source": ["import load\\n"]}]}'}, False),
        ({"other.py": "import load, (\n"}, False),
        # packages that are quiet but in parts, or for a name that a file of the project has as well
        ({"other.py": f"import load\nfrom tqdm import tqdm\n{MAIN}"}, True),
        ({"other.py": f"import load\nfrom tqdm.contrib.concurrent import process_map\n{MAIN}"}, False),
        ({"other.py": f"import load, click\nclick.confirm('go?')\n{MAIN}"}, False),
        ({"other.py": f"import load\n# no input, no sleep\n{MAIN}"}, True),
        ({"bots/telegram.py": f"import load, telegram\n{MAIN}"}, False),
        ({"bots/flask.py": "", "other.py": f"import load, flask\n{MAIN}"}, False),
        ({"src/shop.py": "", "other.py": f"import load, shop\n{MAIN}"}, True),
        ({"tests/test_load.py": f"import load\n{MAIN}"}, False),  # only tests are known
        # what a service calls
        ({"other.py": f"import load\n{MAIN}\ndef main(event, context): load.load(1)\n"}, False),
        ({"other.py": f"import load\n{MAIN}\ndef handler(request): load.load(1)\n"}, False),
        ({"other.py": f"import load\n{MAIN}\nasync def main(): load.load(1)\n"}, False),
    ],
)
def test_files_of_an_application(run: Run, files: dict[str, str], *, fixed: bool) -> None:
    write({"load.py": SCRIPT, "sessionize.toml": "closed = true\n", **files})
    assert is_fixed(run) is fixed


def test_objects_of_an_application_may_be_anywhere(run: Run) -> None:
    methods = (
        '    def load(self, name):\n        return requests.get(f"{self.base}/{name}")\n\n'
        '    def size(self, name):\n        return requests.head(f"{self.base}/{name}")\n'
    )
    client = f"import requests\n\n\nclass Client:\n    def __init__(self, base):\n        self.base = base\n\n{methods}"
    write({"load.py": client, "other.py": "import load\n", "pyproject.toml": ""})
    run("fix", "load.py")
    assert "Session" not in Path("load.py").read_text()
    run("fix", "load.py", "--unsafe-fixes")
    assert "self._session = requests.Session()" in Path("load.py").read_text()


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        *(("load.py", False), ("src/load.py", False), ("app/load.py", False), ("app/tools/load.py", False)),
        ("scripts/b/load.py", True),
    ],
)
@pytest.mark.parametrize(
    "build",
    [
        {"pyproject.toml": "[project]\nname = 'app'\n"},
        {"pyproject.toml": "[tool.poetry]\nname = 'app'\n"},
        {"setup.cfg": "[metadata]\nname = app\n"},
        {"setup.py": "from setuptools import setup\nsetup()\n"},
    ],
)
def test_module_that_may_be_published(run: Run, build: dict[str, str], name: str, *, fixed: bool) -> None:
    write({**build, name: SCRIPT, "app/__init__.py": ""})
    assert is_fixed(run, name) is fixed


@pytest.mark.parametrize(("marker", "fixed"), [(".git", True), ("README", False)])
def test_script_in_a_folder_that_nothing_marks(run: Run, marker: str, *, fixed: bool) -> None:
    """Nobody knows who uses it: a program in the folder beside it may."""
    write({"jobs/load.py": SCRIPT, "jobs/" + marker: "", "app/main.py": "import load\n"})
    assert is_fixed(run, "jobs/load.py") is fixed


@pytest.mark.parametrize("name", ["pkg/__init__.py", "pkg/__main__.py"])
def test_package_is_no_script(run: Run, name: str) -> None:
    """But all that imports it may be known."""
    write({name: SCRIPT, "pyproject.toml": ""})
    assert not is_fixed(run, name)
    write({name: SCRIPT, "other.py": "import pkg, threading\n", "pyproject.toml": ""})
    assert not is_fixed(run, name)
    write({name: SCRIPT, "other.py": f"import pkg\n{MAIN}", "sessionize.toml": "closed = true\n"})
    assert is_fixed(run, name) is name.endswith("__init__.py")


def test_settings_tell_whether_others_use_a_module(run: Run) -> None:
    told = "[project]\nname = 'app'\n[tool.sessionize]\nclosed = {}\n"
    write({"load.py": SCRIPT, "pyproject.toml": told.format("false")})
    assert not is_fixed(run)
    write({"pyproject.toml": told.format("true")})
    assert is_fixed(run)
    write({"load.py": SCRIPT, "other.py": f"import load\n{MAIN}"})
    assert is_fixed(run)
    write({"load.py": SCRIPT, "pyproject.toml": told.format("false")})
    assert not is_fixed(run)


def test_test_that_patches_a_script(run: Run) -> None:
    write({"load.py": SCRIPT, "pyproject.toml": "", "tests/test_load.py": TEST.replace("sync", "load")})
    assert not is_fixed(run)


def test_editors_know_scripts(run: Run) -> None:
    write({"load.py": SCRIPT, "sync.py": "import requests\n", "other.py": f"import sync\n{MAIN}", "pyproject.toml": ""})
    around = read_surroundings()
    assert (around.is_script("load.py", None), around.is_script("sync.py", None)) == (True, False)
    assert (around.is_application("sync.py", True), around.is_application("sync.py", None)) == (True, False)


def test_text_of_no_file_is_no_script(run: Run) -> None:
    assert "Session" not in run("fix", "-", stdin=SCRIPT.encode()).out
    assert check_source(SCRIPT)[0].applicability == "unsafe"


def test_clusters_are_told_of_scripts(project: Path) -> None:
    (project / "src" / "load.py").write_text(SCRIPT)
    (project / "src" / "quiet.py").write_text(SCRIPT.replace("load", "fetch"))
    (project / "src" / "main.py").write_text(f"import quiet\n{MAIN}")
    projects = Projects()
    projects.read(["src/load.py", "src/quiet.py"], whole=True)
    (project / "src" / "other.py").write_text("import load\n")
    assert projects.is_script("src/load.py", None)
    assert not Projects().is_script("src/load.py", None)
    (project / "src" / "main.py").write_text("import quiet, threading\n")
    assert projects.is_application("src/quiet.py", True)
    assert not Projects().is_application("src/quiet.py", True)


@pytest.mark.parametrize(("other", "hoisted"), [("client.TOKEN = 'b'", False), ("client.load()", True)])
def test_value_that_another_file_binds_anew_is_not_hoisted(run: Run, other: str, *, hoisted: bool) -> None:
    call = "requests.get('https://example.com', headers={'Authorization': TOKEN})"
    client = f"import requests\nTOKEN = 'a'\ndef load(): return {call}\ndef more(): return {call}\n"
    write({"client.py": client, "main.py": f"import client\n{other}\n", "pyproject.toml": ""})
    run("fix", "--unsafe-fixes", "client.py")
    assert ("headers.update" in Path("client.py").read_text()) is hoisted


def test_all_names_of_a_package_may_be_taken(run: Run) -> None:
    write({"pyproject.toml": "", "shop/__init__.py": COMMON})
    assert Projects().taken("shop/__init__.py") == {"*"}


USER = """\
import requests

TOKEN = "a"


def fetch(name):
    return requests.get(f"https://example.com/{name}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)


def load(name):
    return requests.get(f"https://example.com/{name}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)
"""


@pytest.mark.parametrize(
    ("other", "keeps"),
    [
        ("import api\napi.fetch('x')\n", True),
        ("import api\napi.TOKEN = user\n", False),
        ("import api\nsetattr(api, 'TOKEN', user)\n", False),
        ("import api\nvars(api)['TOKEN'] = user\n", False),
    ],
)
def test_credentials_that_another_file_may_change_are_not_those_of_one_user(
    run: Run, other: str, *, keeps: bool
) -> None:
    write({"pyproject.toml": "", "api.py": USER, "run.py": other})
    run("fix", "api.py", "--unsafe-fixes")
    text = Path("api.py").read_text()
    assert "_session = requests.Session()" in text
    assert ("set_policy" not in text) is keeps


# --- by other names ---------------------------------------------------------------------------------------------------

CRAWL = """\
import requests

TOKEN = "v"


def crawl(tell):
    for i in range(3):
        requests.get(f"https://a.test/{i}", headers={"Authorization": f"Bearer {TOKEN}"})
        tell(i)
"""


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({"pkg/__init__.py": "from . import client as api\n", "main.py": "from pkg import api\napi.TOKEN = 1\n"}, True),
        ({"core.py": "import pkg.client as net\n", "main.py": "import core\ncore.net.TOKEN = 1\n"}, True),
        ({"core.py": "import pkg.client as net\n", "main.py": "import core\ncore.other.TOKEN = 1\n"}, False),
        ({"main.py": "import runpy\nrunpy.run_path('pkg/client.py')['TOKEN']\n"}, True),
        ({"main.py": "import runpy\nrunpy.run_path('pkg/server.py')['TOKEN']\n"}, False),
        ({"main.py": "from importlib import import_module\nimport_module('pkg.client').TOKEN = 1\n"}, True),
        ({"main.py": "import sys\nsys.modules['pkg.client'].TOKEN = 1\n"}, True),
        ({"main.py": "from pkg.client import crawl\ncrawl.__globals__['TOKEN'] = 1\n"}, True),
        ({"nb.ipynb": '{"cells": [{"source": ["from pkg import client\\n", "client.TOKEN = 1"]}]}'}, True),
        ({"nb.ipynb": '{"cells": [{"source": ["from pkg import server"]}]}'}, False),
        ({"run": "import pkg.client as c\nc.TOKEN = 1\n"}, True),
        ({"LICENSE": "from the client of TOKEN import nothing\n"}, False),
    ],
)
def test_what_others_take_under_other_names(run: Run, files: dict[str, str], taken: bool) -> None:
    """A value that another file may change between the calls is not set once, nor does it show one user."""
    write({"pyproject.toml": "", "pkg/__init__.py": "", "pkg/client.py": CRAWL, **files})
    out = run("fix", "--diff", "pkg").out
    assert ("+    session.headers.update(" not in out, "set_policy" in out) == (taken, taken)


def test_module_whose_name_is_not_ascii(run: Run) -> None:
    write({"données.py": COMMON, "pyproject.toml": ""})
    Path("main.py").write_text("import données\nprint(données.get)\n", encoding="utf-8")
    assert is_kept(run, "données.py")


@pytest.mark.parametrize(
    ("text", "safe"), [(LOOP, False), (COMMON, False), (f"__all__ = ['f']\n{COMMON}", True), (f"{COMMON}\n", True)]
)
def test_new_names_that_a_star_takes_along(run: Run, text: str, safe: bool) -> None:
    star = "from fetch import *\n" if text != f"{COMMON}\n" else "from fetch import f\n"
    write({"fetch.py": text, "main.py": f"from models import *\n{star}session.add('row')\n", "pyproject.toml": ""})
    result = run("fix", "fetch.py")
    assert (result.status == 0) == safe
    assert ("another file does `import *` of this one" in result.out) != safe


@pytest.mark.parametrize(("other", "name"), [("session", "session_2"), ("http", "session")])
def test_new_name_beside_a_submodule(run: Run, other: str, name: str) -> None:
    write({"pkg/__init__.py": LOOP, f"pkg/{other}.py": "NAME = 1\n", "pyproject.toml": ""})
    run("fix", "--unsafe-fixes", "pkg/__init__.py")
    assert f"\n{name} = requests.Session()\n" in Path("pkg/__init__.py").read_text()


READS = """\
import requests


def size(name):
    return requests.get(f"https://a.test/size/{name}", timeout=5).json()["size"]


def age(name):
    return requests.get(f"https://a.test/age/{name}", timeout=5).json()["age"]
"""


@pytest.mark.parametrize(
    ("importer", "shared"),
    [
        (
            "from concurrent.futures import ThreadPoolExecutor\nimport geo\nThreadPoolExecutor().map(geo.size, x)",
            True,
        ),
        ("from flask import Flask\nimport geo\n", True),
        ("from concurrent.futures import ThreadPoolExecutor\n", False),
        ("import threading\nimport geo\nLOCK = threading.Lock()\n", False),
        ("import geo\nprint(geo.size('a'))\n", False),
    ],
)
def test_session_that_threads_elsewhere_share_keeps_no_cookies(run: Run, importer: str, shared: bool) -> None:
    """Although its calls only read, and name no user."""
    write({"geo.py": READS, "report.py": f"{importer}\n", "pyproject.toml": "[tool.sessionize]\naccept = ['lifetime']"})
    run("fix", "geo.py")
    assert "_session = requests.Session()" in Path("geo.py").read_text()
    assert ("set_policy" in Path("geo.py").read_text()) == shared


def test_new_name_in_a_package_that_is_not_there(run: Run) -> None:
    out = run("fix", "--diff", "--unsafe-fixes", "--stdin-filename=gone/__init__.py", "-", stdin=LOOP.encode()).out
    assert "+session = requests.Session()\n" in out
    assert "session = requests.Session()\n" in (fix_source(LOOP, "gone/__init__.py", UNSAFE).after or "")


@pytest.mark.parametrize("target", ["pkg.api.get", "pkg.client.get"])
def test_patch_that_names_the_module_by_an_alias(run: Run, target: str) -> None:
    test = f"from unittest import mock\nfrom pkg import api\nwith mock.patch({target!r}):\n    api.f()\n"
    files = {"pkg/__init__.py": "from . import client as api\n", "pkg/client.py": COMMON, "tests/test_x.py": test}
    write({**files, "pyproject.toml": ""})
    out = run("check", "--output-format=concise", "pkg").out
    assert "RQS301 [unsafe] `pkg.client.get` is patched by name (tests/test_x.py:3)" in out
    assert run("fix", "--unsafe-fixes", "--rewrite-patches", "pkg").status == 1


def test_module_that_gives_what_it_does_not_have(run: Run) -> None:
    write({"api.py": f"{LOOP}\ndef __getattr__(name):\n    return name\n", "pyproject.toml": ""})
    assert "the module has a `__getattr__`" in run("fix", "api.py").out


@pytest.mark.parametrize("alias", ["requests", "api", "client"])
def test_patch_counts_as_it_is_written_whatever_an_alias_is(run: Run, alias: str) -> None:
    """`from shop import http as requests` does not make `requests.get` the `get` of `shop.http`."""
    http = "import requests\n\ndef pages(urls):\n    return [requests.get(url, timeout=3) for url in urls]\n"
    test = "from unittest import mock\nfrom shop import http\nwith mock.patch('requests.get'):\n    http.pages(['a'])\n"
    files = {"shop/__init__.py": "", "shop/http.py": http, "tests/test_http.py": test, "pyproject.toml": ""}
    write({**files, "shop/drop_in.py": f"from shop import http as {alias}\n"})
    assert "RQS301 [unsafe] `requests.get` is patched" in run("check", "--output-format=concise", "shop/http.py").out
