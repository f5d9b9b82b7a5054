"""Names of findings for programs that follow them from one run to the next."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sessionize.files.baseline import line_of
from sessionize.files.lines import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionize.engine.results import Diagnostic


def fingerprints(findings: Sequence[Diagnostic]) -> list[str]:
    """A name for each finding, all different, that stays when the lines around it change."""
    keys = ((relative(found.filename), *line_of(found.code, found.line)) for found in findings)
    # As in a baseline, equal ones are told apart by their order.
    return [fingerprint(*key, str(before)) for key, before in numbered(keys)]


def fingerprint(*parts: str) -> str:
    """A name for what these texts say together."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def relative(filename: str) -> str:
    """A path from the current folder, with slashes; one that leads out of it stays as it is."""
    path = Path(os.path.relpath(filename))
    return (Path(filename) if os.pardir in path.parts else path).as_posix()
