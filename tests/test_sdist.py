"""The source distribution holds the whole repository: its tests read files of all kinds, and must run there too."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
ALWAYS = {".gitignore", "LICENSE", "README.md", "pyproject.toml"}  # hatchling adds these


def test_sdist_includes_all_that_git_tracks() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout to compare with")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = {path.removeprefix("/") for path in settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]}
    missing = {path.partition("/")[0] for path in tracked.splitlines()} - ALWAYS - included
    assert not missing, f"{sorted(missing)}: add it to `include` of the sdist in pyproject.toml"
