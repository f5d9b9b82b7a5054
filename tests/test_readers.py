"""`read_ast` and `read_cst` give the same outline and the same places."""

from pathlib import Path

import pytest
from readers import differences

from sessionize.source import decode

ROOT = Path(__file__).parent.parent
# LibCST cannot read mixed tabs and spaces.
PROGRAMS = sorted(path for path in (ROOT / "fixtures").rglob("*.py") if "tabs-and-spaces" not in path.name)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT / "fixtures")))
def test_fixtures(path: Path) -> None:
    assert differences(decode(path.read_bytes()).text) == []
