"""Files and the tests that patch their calls are fixed together, or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest
from around import answering
from command import check_file

from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.files.text import SourceError
from sessionize.project.projects import Projects
from sessionize.run.testpatches.migrate import fix_alone, fix_together
from sessionize.run.work import fix, fix_together as fix_all

MOVING = Settings(unsafe_fixes=True, rewrite_patches=True)
LOOP = "import requests\n\n\ndef pages(urls):\n    return [requests.{}(url) for url in urls]\n"
ONE = "import requests\n\n\ndef page(url):\n    return requests.get(url)\n"
TEST = 'from unittest.mock import patch\nimport sync, store, links\n\n@patch("requests.{}")\ndef test(fake): ...\n'
PASS = '@patch("requests.Session.get", lambda _, *args, **kwargs: requests.get(*args, **kwargs))\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "sync.py").write_text(LOOP.format("get"))
    (tmp_path / "test_sync.py").write_text(TEST.format("get"))
    return tmp_path


def fixed(*names: str) -> dict[str, Report]:
    files = {name: (Path(name).read_bytes(), MOVING) for name in names}
    return {report.filename: report for report in fix_together(files, Projects())}


def test_patch_moves_in_a_file_that_was_not_given(project: Path) -> None:
    reports = fixed("sync.py")
    assert "session.get" in (reports["sync.py"].after or "")
    assert reports["test_sync.py"].after == TEST.format("Session.get")
    assert reports["test_sync.py"].change == (TEST.format("get").encode(), TEST.format("Session.get").encode())


def test_patch_and_fix_of_one_file(project: Path) -> None:
    (project / "test_sync.py").write_text(LOOP.format("post") + TEST.format("get"))
    after = fixed("sync.py", "test_sync.py")["test_sync.py"].after
    assert after is not None
    assert "session.post" in after
    assert "requests.Session.get" in after


@pytest.mark.parametrize("given", [("sync.py", "one.py"), ("sync.py",)])
def test_patch_stays_for_a_bare_call_elsewhere(project: Path, given: tuple[str, ...]) -> None:
    (project / "one.py").write_text(ONE)
    assert PASS in (fixed(*given)["test_sync.py"].after or "")


def test_patch_stays_for_what_could_not_be_read(project: Path) -> None:
    (project / "broken.py").write_text("(\n" + ONE)
    assert PASS in (fixed("sync.py", "broken.py")["test_sync.py"].after or "")


def test_calls_stay_where_a_patch_can_not_move(project: Path) -> None:
    (project / "test_other.py").write_text(TEST.format("get").replace("requests.get", "sync.requests"))
    (project / "store.py").write_text(LOOP.format("post"))
    reports = fixed("sync.py", "store.py")
    assert set(reports) == {"sync.py", "store.py"}
    assert reports["sync.py"].after is None
    assert reports["store.py"].after is not None
    assert [found.help for found in reports["sync.py"].left] == [
        "Not fixed: test_other.py:4 replaces `sync.requests` by name, and it does not replace one function of requests"
    ] * 2


def test_calls_stay_for_a_patch_that_is_put_together(project: Path) -> None:
    (project / "store.py").write_text(LOOP.format("post"))
    (project / "test_store.py").write_text(TEST.format("post"))
    (project / "test_other.py").write_text(
        'import sync\nfrom unittest.mock import patch\nNAME = "requests"\npatch(NAME + ".get")\n'
    )
    reports = fixed("sync.py", "store.py")
    assert reports["sync.py"].after is None
    assert reports["sync.py"].left[0].help.endswith("and its target is built at run time")
    assert reports["test_store.py"].after == TEST.format("Session.post")
    assert "test_sync.py" not in reports


def test_call_stays_where_its_mock_would_get_other_arguments(project: Path) -> None:
    (project / "sync.py").write_text(LOOP.format("get").replace("(url)", "(url, {})"))
    (found, _) = fixed("sync.py")["sync.py"].left
    assert found.help.endswith(
        "test_sync.py:4 replaces `requests.get` by name, which would then get `params` as a keyword"
    )


def test_session_of_a_loop_stays_where_its_class_is_replaced(project: Path) -> None:
    (project / "test_sync.py").write_text(TEST.format("Session"))
    for call in ("requests.Session().get(url)", "requests.get(url)"):
        (project / "sync.py").write_text(LOOP.format("get").replace("requests.get(url)", call))
        assert fixed("sync.py")["sync.py"].after is None
    (project / "sync.py").write_text(
        "import requests\n\nfor url in urls:\n    http = requests.Session()\n    http.get(url)\n"
    )
    assert fixed("sync.py")["sync.py"].after is None


def test_nothing_is_set_on_a_session_whose_calls_are_patched(project: Path) -> None:
    (project / "sync.py").write_text(LOOP.format("get").replace("(url)", '(url, headers={"Accept": "text/csv"})'))
    found = check_file(Path("sync.py"), MOVING, surroundings=answering(patches=Projects().patches)).left
    (why,) = [told.help for told in found if told.code == "RQS201"]
    assert why == "Not fixed: tests whose patches move along are to see the same arguments"
    assert 'session.get(url, headers={"Accept": "text/csv"})' in (fixed("sync.py")["sync.py"].after or "")


def test_nothing_is_held_without_unsafe_fixes(project: Path) -> None:
    files = {"sync.py": (Path("sync.py").read_bytes(), Settings(rewrite_patches=True))}
    (report,) = fix_together(files, Projects())
    assert {found.applicability for found in report.left} == {"unsafe"}


def test_file_that_can_not_be_read_or_written_back(project: Path) -> None:
    def read(_file: str) -> bytes:
        raise SourceError("it is gone")

    files = {"sync.py": (Path("sync.py").read_bytes(), MOVING)}
    (report,) = fix_together(files, Projects(), read)
    assert report.left[0].help.endswith("and it is gone")


def test_content_alone_changes_no_other_file(project: Path) -> None:
    report = fix_alone(Path("sync.py").read_bytes(), "sync.py", MOVING, Projects())
    assert report.after is None
    assert report.left[0].help.endswith("and it stands in a file that is not changed")


def sessionize(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sessionize", "fix", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True)


@pytest.mark.slow
def test_command(project: Path) -> None:
    done = sessionize("--unsafe-fixes", "--rewrite-patches", "--diff")
    assert "+    session = requests.Session()" in done.stdout
    assert '+@patch("requests.Session.get")' in done.stdout
    assert "Would fix 1 call in 1 file, and move patches in 1 other file." in done.stderr
    assert Path("test_sync.py").read_text() == TEST.format("get")
    done = sessionize("--unsafe-fixes", "--rewrite-patches", "sync.py", "gone.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Fixed 1 call in 1 file, and moved patches in 1 other file." in done.stderr
    assert Path("test_sync.py").read_text() == TEST.format("Session.get")
    assert "session.get" in Path("sync.py").read_text()


@pytest.mark.slow
def test_command_by_settings_and_on_standard_input(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.sessionize]\nunsafe-fixes = true\nrewrite-patches = true\n")
    assert sessionize("-", "--stdin-filename", "sync.py", stdin=LOOP.format("get")).stdout == LOOP.format("get")
    assert "session.post" in sessionize("-", stdin=LOOP.format("post")).stdout
    assert sessionize().returncode == 0
    assert Path("test_sync.py").read_text() == TEST.format("Session.get")


def test_command_where_the_doubt_is_accepted(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.sessionize]\naccept = ['patched']\nrewrite-patches = true\n")
    assert sessionize().returncode == 0
    assert Path("test_sync.py").read_text() == TEST.format("Session.get")
    assert "session.get" in Path("sync.py").read_text()


@pytest.mark.parametrize("settings", ["rewrite-patches = true", "unsafe-fixes = true"])
def test_only_one_of_two_settings(project: Path, settings: str) -> None:
    """A setting waits for the other one; the option is there to be used."""
    (project / "pyproject.toml").write_text(f"[tool.sessionize]\n{settings}\n")
    done = sessionize("--diff", *(["--rewrite-patches"] if settings.startswith("unsafe") else []))
    assert done.returncode == 1
    assert ("Would fix 1 call" in done.stderr) == settings.startswith("unsafe")


def test_file_that_goes_away_meanwhile(project: Path) -> None:
    tasks = [(1, "gone.py", MOVING), (2, "sync.py", MOVING)]
    reports = dict(fix_all(tasks, Projects()))
    assert [report.filename for report in reports.values() if report] == ["gone.py", "sync.py", "test_sync.py"]
    assert list(reports)[:2] == [1, 2]
    assert reports[1] == Report("gone.py", error="No such file or directory")


def test_content_that_a_worker_is_given(project: Path) -> None:
    report = fix(Path("sync.py").read_bytes(), "sync.py", MOVING, projects=Projects())
    assert report.after is None


def test_patch_by_the_module_of_the_call_moves(project: Path) -> None:
    (project / "test_sync.py").write_text(TEST.replace("requests", "sync.requests").format("get"))
    assert fixed("sync.py")["test_sync.py"].after == TEST.replace("requests", "sync.requests.Session").format("get")


@pytest.mark.parametrize("target", ["shop.links.requests", "shop.requests"])
def test_patch_of_a_module_of_the_same_name_stays(project: Path, target: str) -> None:
    """The project has a `requests` of its own, which calls the library, and in which there is no `Session`."""
    (project / "shop").mkdir()
    (project / "shop" / "requests.py").write_text(LOOP.format("get"))
    (project / "shop" / "links.py").write_text("from shop import requests\n\nprint(requests.get)\n")
    (project / "test_sync.py").write_text(TEST.replace("requests", target).format("get"))
    reports = fixed("shop/requests.py", "shop/links.py")
    assert {report.after for report in reports.values()} == {None}
    (found, *_) = reports["shop/requests.py"].left
    assert f"and `{target}` is not known to be the library" in found.help
