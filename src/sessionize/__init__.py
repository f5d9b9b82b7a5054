"""Finds bare `requests.get(...)` calls that should share a `requests.Session`, and rewrites them."""

from __future__ import annotations

TYPE_CHECKING = False  # nothing is imported before `__main__` has looked where from
if TYPE_CHECKING:
    from typing import Any

    from sessionize.engine import check_source, fix_source

__version__ = "0.1.0"
__all__ = ["check_source", "fix_source"]


def __getattr__(name: str) -> Any:
    """Loads the engine, and LibCST with it, only when it is asked for."""
    if name in __all__:
        from sessionize import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
