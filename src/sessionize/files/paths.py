"""The names of files: which ones are Python, one name for a file that has several, the project around it."""

from __future__ import annotations

import contextlib
import os
from pathlib import PurePath

NOTEBOOK = ".ipynb"
SUFFIXES = (".py", ".pyi", NOTEBOOK)
# One of these stands in the folder of a project.
MARKERS = ("pyproject.toml", "sessionize.toml", "setup.py", "setup.cfg", ".git", ".hg")


def real_path(filename: str) -> str:
    """The one name of a file that has several by way of links; of what is no file, `<stdin>` say, the name."""
    if not filename.startswith("<"):
        with contextlib.suppress(OSError, ValueError):  # the current folder is gone; no file can have such a name
            return os.path.realpath(filename)
    return filename


def project_root(folder: str, known: dict[str, str | None]) -> str | None:
    """The folder itself, or the next one around it, that holds a project; `known` takes up the answers for folders."""
    if folder not in known:
        above = os.path.dirname(folder)
        if any(os.path.lexists(os.path.join(folder, marker)) for marker in MARKERS):
            known[folder] = folder
        else:
            known[folder] = project_root(above, known) if above != folder else None
    return known[folder]


def path_in_project(filename: str) -> PurePath:
    """The path of a file inside of its project, however it is named; in none, that of its folder and its name."""
    real = PurePath(real_path(filename))
    root = project_root(str(real.parent), {})
    return PurePath(*real.parts[-2:]) if root is None else real.relative_to(root)


def absolute(file: str) -> str:
    """The absolute name of a file that is shown by a short one."""
    return os.path.join(os.getcwd(), file)


def shown(file: str) -> str:
    """The name in reports of a file with an absolute path: short where it is below the folder that the user is in."""
    return file.removeprefix(os.path.join(os.getcwd(), ""))


def in_package(file: str) -> bool:
    """Tell whether a file is in a package, beside an `__init__.py`."""
    return has_init(os.path.dirname(file))


def has_init(folder: str) -> bool:
    """Tell whether a folder is a package, by its `__init__.py`."""
    return os.path.lexists(os.path.join(folder, "__init__.py"))
