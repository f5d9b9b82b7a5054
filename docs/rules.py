"""Writes docs/rules/*.md and docs/doubts/*.md from the docstrings of rules and doubts: `python docs/rules.py`."""

from pathlib import Path

from sessionize.doubts import KINDS
from sessionize.rules import RULES, Rule

FOLDER = Path(__file__).parent
RULES_PAGE = """\
# Rules

`sessionize rule RQS101` prints the same pages. A rule is selected by its code, the beginning of one, or its name.

| code | name | what it does |
|---|---|---|
"""
DOUBTS_PAGE = """\
# Doubts

A doubt makes a fix unsafe: something that neither the file nor its project shows. A project that knows better accepts
it by name, `accept = ["lifetime"]` in the settings, or `--accept lifetime`. `sessionize rule lifetime` prints the same
pages. `sessionize check --statistics` counts what accepting doubts would fix.

| name | what it is |
|---|---|
"""


def pages() -> dict[str, str]:
    """The name and the text of each page, the indexes among them."""
    doubts = [f"| [{kind.name}]({kind.name}.md) | {kind.summary()} |\n" for kind in KINDS]
    index = {
        "rules/README.md": RULES_PAGE + "".join(map(_row, RULES)),
        "doubts/README.md": DOUBTS_PAGE + "".join(doubts),
    }
    found = {f"rules/{rule.name}.md": rule.titled for rule in RULES}
    return index | found | {f"doubts/{kind.name}.md": kind.titled() for kind in KINDS}


def _row(rule: Rule) -> str:
    return f"| {rule.code} | [{rule.name}]({rule.name}.md) | {rule.summary} |\n"


if __name__ == "__main__":
    for old in [*FOLDER.glob("rules/*.md"), *FOLDER.glob("doubts/*.md")]:
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")
