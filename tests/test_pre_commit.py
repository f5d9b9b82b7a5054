"""The hooks in the real pre-commit, in a git repository, as .pre-commit-hooks.yaml says them.

They run the sessionize that is installed: to build an environment for a hook needs the network, and
`tests/proof/precommit.py` does that.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
LOOP = "import requests\n\nfor url in urls:\n    requests.get(url, timeout=9)\n"
FIXED = "import requests\n\nsession = requests.Session()\nfor url in urls:\n    session.get(url, timeout=9)\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git repository that is the current folder; nothing of the user's is read or written."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tests")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tests@example.org")
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q")
    return folder


def git(*args: str) -> str:
    return subprocess.run(["git", *args], check=True, capture_output=True, encoding="utf-8").stdout


def use(*ids: str) -> None:
    """Sets the hooks of these names up."""
    hooks = [{**hook, "language": "system"} for hook in HOOKS if hook["id"] in ids]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    Path(".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git("add", ".")


def pre_commit(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", "run", "--color=never", *args]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def test_two_hooks() -> None:
    assert [hook["id"] for hook in HOOKS] == ["sessionize", "sessionize-fix"]


def test_finds(repository: Path) -> None:
    (repository / "a.py").write_text(LOOP)
    use("sessionize")
    run = pre_commit()
    assert run.returncode == 1
    assert "a.py:4:5: RQS101" in run.stdout
    assert "- files were modified" not in run.stdout
    assert (repository / "a.py").read_text() == LOOP


def test_fixes_and_fails_first_then_passes(repository: Path) -> None:
    (repository / "a.py").write_text(LOOP)
    use("sessionize-fix")
    run = pre_commit()
    assert run.returncode == 1
    assert "files were modified by this hook" in run.stdout
    assert "Fixed 1 call in 1 file." in run.stdout
    assert (repository / "a.py").read_text() == FIXED
    git("add", "a.py")
    assert pre_commit().returncode == 0
    git("commit", "-q", "-m", "all")
    assert pre_commit("--all-files").returncode == 0


def test_a_commit_is_stopped_until_the_fix_is_added(repository: Path) -> None:
    (repository / "a.py").write_text(LOOP)
    use("sessionize-fix")
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], check=True, capture_output=True)
    commit = ["git", "commit", "-q", "-m", "a"]
    assert subprocess.run(commit, capture_output=True).returncode == 1
    git("add", "a.py")
    assert subprocess.run(commit, capture_output=True).returncode == 0
    assert git("show", "HEAD:a.py") == FIXED


def test_what_is_not_staged_stays_as_it_is(repository: Path) -> None:
    other = "VALUE = 1\n\n\ndef name():\n    return VALUE\n"
    (repository / "a.py").write_text(LOOP)
    (repository / "b.py").write_text(other)
    use("sessionize", "sessionize-fix")
    git("commit", "-q", "--no-verify", "-m", "all")
    (repository / "a.py").write_text(LOOP + "\nurls.clear()\n")
    git("add", "a.py")
    (repository / "b.py").write_text(other + LOOP)  # not staged
    (repository / "c.py").write_text(LOOP)  # not known to git
    run = pre_commit()
    assert run.returncode == 1
    assert "b.py" not in run.stdout
    assert "c.py" not in run.stdout
    assert (repository / "a.py").read_text() == FIXED + "\nurls.clear()\n"
    assert (repository / "b.py").read_text() == other + LOOP
    assert (repository / "c.py").read_text() == LOOP
    assert git("diff", "--name-only").split() == ["a.py", "b.py"]
    assert git("show", ":a.py") == LOOP + "\nurls.clear()\n"


def test_a_file_that_is_staged_in_part(repository: Path) -> None:
    """The fix of what is staged and what is not staged meet in one file: pre-commit takes the fix back."""
    (repository / "a.py").write_text("import requests\n")
    use("sessionize-fix")
    git("commit", "-q", "--no-verify", "-m", "all")
    (repository / "a.py").write_text(LOOP)
    git("add", "a.py")
    (repository / "a.py").write_text(LOOP.replace("timeout=9", "timeout=60"))
    assert pre_commit().returncode == 1
    assert (repository / "a.py").read_text() == LOOP.replace("timeout=9", "timeout=60")
    assert git("show", ":a.py") == LOOP


def test_many_files(repository: Path) -> None:
    """More names than one command line takes: pre-commit runs the hook several times, one after the other."""
    for number in range(800):
        folder = repository / f"package-with-a-name-as-long-as-they-come-{number // 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"module{'_with_a_name_that_is_not_short_either' * 5}_{number}.py").write_text(
            LOOP if number in (0, 399, 799) else "import os\n"
        )
    use("sessionize", "sessionize-fix")
    run = pre_commit("--verbose", "sessionize")
    assert run.returncode == 1
    assert len(re.findall(r"_(\d+)\.py:4:5: RQS101", run.stdout)) == 3
    assert len(re.findall("^(?:Found|All checks)", run.stdout, re.MULTILINE)) > 1
    assert pre_commit("sessionize-fix").returncode == 1
    assert len(git("diff", "--name-only").split()) == 3
    git("add", ".")
    assert pre_commit().returncode == 0


def test_excluded_files_stay_although_pre_commit_names_them(repository: Path) -> None:
    (repository / "legacy").mkdir()
    (repository / "legacy/a.py").write_text(LOOP)
    (repository / "pyproject.toml").write_text("[tool.sessionize]\nextend-exclude = ['legacy']\n")
    use("sessionize", "sessionize-fix")
    assert pre_commit().returncode == 0
    assert (repository / "legacy/a.py").read_text() == LOOP
    (repository / "pyproject.toml").write_text("[tool.sessionize]\n")
    git("add", ".")
    assert pre_commit().returncode == 1
    assert (repository / "legacy/a.py").read_text() == FIXED


def test_kinds_of_files(repository: Path) -> None:
    """Scripts without an ending, stubs and notebooks; no other file."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": LOOP}
    ]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    (repository / "n.ipynb").write_text(notebook)
    (repository / "s.pyi").write_text(LOOP)
    (repository / "t.txt").write_text(LOOP)
    script = repository / "script"
    script.write_text("#!/usr/bin/env python3\n" + LOOP)
    script.chmod(0o755)
    use("sessionize", "sessionize-fix")
    found = pre_commit("sessionize").stdout
    assert re.findall(r"(\S+?):(?:cell 1:)?\d+:\d+: RQS101", found) == ["n.ipynb", "s.pyi", "script"]
    assert pre_commit("sessionize-fix").returncode == 1
    git("add", ".")
    assert pre_commit().returncode == 0
    assert "session.get(url" in (repository / "n.ipynb").read_text()
    assert script.read_text() == "#!/usr/bin/env python3\n" + FIXED
    assert script.stat().st_mode & 0o777 == 0o755
    assert (repository / "t.txt").read_text() == LOOP


def test_a_broken_file_fails_alone(repository: Path) -> None:
    (repository / "a.py").write_text("import requests\nfor url in\n")
    (repository / "b.py").write_text(LOOP)
    use("sessionize-fix")
    run = pre_commit()
    assert run.returncode == 1
    assert "a.py:2:" in run.stdout
    assert (repository / "b.py").read_text() == FIXED
