"""The lines of a text."""

from __future__ import annotations

import io


def split_lines(text: str) -> list[str]:
    """The lines with their ends: other than `str.splitlines`, not divided by form feeds and the like."""
    return io.StringIO(text, newline="").readlines()
