"""Finds bare `requests.get(...)` calls that should share a `requests.Session`, and rewrites them."""

from __future__ import annotations

TYPE_CHECKING = False  # nothing is imported before `__main__` has looked where from
if TYPE_CHECKING:
    from typing import Any

    from sessionize.engine.check import check_source
    from sessionize.engine.fix import fix_source
    from sessionize.files.settings import Settings

__version__ = "0.1.0"
__all__ = ["Settings", "check_source", "fix_source"]
_HOMES = {
    "Settings": "sessionize.files.settings",
    "check_source": "sessionize.engine.check",
    "fix_source": "sessionize.engine.fix",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for, and only then: `check_source` and `fix_source` need the engine, and that LibCST."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
