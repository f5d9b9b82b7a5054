"""Writes the pages of the rules, docs/rules/*.md, from the rules' docstrings: `python docs/rules.py`."""

from pathlib import Path

from sessionize.rules import RULES, Rule

FOLDER = Path(__file__).parent / "rules"
ABOUT = """\
# Rules

`sessionize rule RQS101` prints the same pages. A rule is selected by its code, the beginning of one, or its name.

| code | name | what it does |
|---|---|---|
"""


def pages() -> dict[str, str]:
    """The name and the text of each page, the index among them."""
    index = {"README.md": ABOUT + "".join(map(_row, RULES))}
    return index | {f"{rule.name}.md": f"# {rule.name} ({rule.code})\n\n{rule.page}\n" for rule in RULES}


def _row(rule: Rule) -> str:
    _title, *what = rule.page.partition("\n\n")[0].splitlines()
    return f"| {rule.code} | [{rule.name}]({rule.name}.md) | {' '.join(what)} |\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for page in FOLDER.glob("*.md"):
        page.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
