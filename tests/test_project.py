"""Which files are read for what tests replace, and what a run makes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionize import engine, patches, source
from sessionize.config import Settings
from sessionize.project import Project, Projects

LOOP = "import requests\nfor name in names:\n    requests.get(name)\n"
TEST = 'from unittest.mock import patch\n\n\n@patch("requests.get")\ndef test(get): ...\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "src").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "src" / "sync.py").write_text(LOOP)
    (tmp_path / "tests" / "test_sync.py").write_text(TEST)
    return tmp_path


def rows(filename: str, given: list[Path] | None = None) -> list[str]:
    return [str(patch) for patch in Projects(given or []).patches(filename, "")]


def test_project_is_the_folder_with_its_settings(project: Path) -> None:
    assert rows("src/sync.py") == ["tests/test_sync.py:4"]
    assert rows(str(project / "src" / "sync.py")) == ["tests/test_sync.py:4"]


def test_file_without_a_project_stands_alone(project: Path) -> None:
    (project / "pyproject.toml").unlink()
    (project / "src" / "test_sync.py").write_text(TEST)
    assert rows("src/sync.py") == []
    assert rows("src/sync.py", [project]) == ["src/test_sync.py:4", "tests/test_sync.py:4"]


def test_given_folder_further_in_is_not_all(project: Path) -> None:
    assert rows("src/sync.py", [project / "src"]) == ["tests/test_sync.py:4"]


def test_file_itself_is_taken_as_it_is_now(project: Path) -> None:
    assert rows("tests/test_sync.py") == []
    assert [str(patch) for patch in Projects().patches("tests/test_sync.py", TEST)] == ["tests/test_sync.py:4"]


def test_what_is_ignored_or_unreadable_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "test_other.py").write_text(TEST)
    (project / "tests" / "gone.py").write_text(TEST)
    found, read = source.discover, source.read

    def discover(*arguments: Any, **options: Any) -> Iterator[str | source.Unreadable]:
        yield source.Unreadable("tests/locked", "Permission denied")
        yield from found(*arguments, **options)

    def read_what_is_there(path: str) -> bytes:
        if path.endswith("gone.py"):
            raise source.SourceError("No such file or directory")
        return read(path)

    monkeypatch.setattr(source, "discover", discover)
    monkeypatch.setattr(source, "read", read_what_is_there)
    assert rows("src/sync.py") == ["tests/test_sync.py:4"]


def test_projects_are_read_for_workers(project: Path) -> None:
    projects = Projects()
    projects.read(["src/sync.py"])
    (project / "tests" / "test_sync.py").unlink()
    assert [str(patch) for patch in projects.patches("src/sync.py", "", frozenset())] == ["tests/test_sync.py:4"]


def test_workers_that_see_no_files_get_all_that_may_be_asked_for(project: Path) -> None:
    (project / "src" / "sync.py").write_text("from requests import (\n    get as fetch,\n)\n")
    (project / "tests" / "test_sync.py").write_text(TEST.replace("requests.get", "sync.fetch"))
    projects = Projects()
    projects.read(["src/sync.py", "src/gone.py"], whole=True)
    (project / "tests" / "test_sync.py").unlink()
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
    (project / "tests" / "test_sync.py").write_text(lines)
    report = engine.check_file(Path("src/sync.py"), Settings(), patches=Projects().patches)
    assert [found.code for found in report.left if found.code == "RQS301"] == ["RQS301"]


@pytest.mark.parametrize("test", ["patch.dict(sys.modules, requests=fake)", 'patch.multiple("sync", requests=fake)'])
def test_the_module_as_a_keyword_is_looked_for(project: Path, test: str) -> None:
    (project / "tests" / "test_sync.py").write_text(f"import sys\nfrom unittest.mock import patch\n\n{test}.start()\n")
    report = engine.check_file(Path("src/sync.py"), Settings(), patches=Projects().patches)
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
    engine.check_source("import requests\nrequests.get(url)\n", "src/one.py", patches=projects.patches)
    assert read == []
    engine.check_source(LOOP, "src/sync.py", patches=projects.patches)
    assert read == ["src/sync.py"]


def test_test_makes_a_fix_unsafe_whatever_is_selected(project: Path) -> None:
    settings = Settings(select=("RQS101",))
    report = engine.fix_file(Path("src/sync.py"), settings, patches=Projects().patches)
    assert report.after is None
    assert [(found.code, found.applicability) for found in report.left] == [("RQS101", "unsafe")]
    assert report.left[0].help.endswith("unsafe, as tests/test_sync.py:4 replaces `requests.get` by name")


def test_patch_of_the_own_module_is_named_first(project: Path) -> None:
    (project / "tests" / "test_sync.py").write_text(TEST + TEST.replace("requests.get", "sync.requests.get"))
    _, found = engine.check_source(LOOP, "src/sync.py", patches=Projects().patches)
    assert found.code == "RQS301"
    assert "`sync.requests.get` by name (tests/test_sync.py:9 and 1 more)" in found.message
