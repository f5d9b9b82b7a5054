"""Writes docs/messages.md, all texts that are shown to people, from the source: `python docs/messages.py`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = FOLDER.parent / "src/sessionize"
PAGE = """\
# Messages

All texts that sessionize shows, by the module that holds them: messages and help of findings, doubts and obstacles,
errors, summaries, the help of options. A `{...}` stands for what is filled in. Rules and doubts have their own pages.

"""
# A text has two words of letters beside each other, `no session`, and nothing that only code or a pattern has.
_WORDS = re.compile(r"(?<![\w\\.])[A-Za-z][a-z']*,? [a-z']{2,}(?!\w)")
_CODE = re.compile(r"\(\?|\\[bsdwAZ]|\w\[\w|def __|self\.|^(?:is not|not in|<.*>.*|::.*|\{.*\}: \{.*)$")


def page() -> str:
    """The text of the page."""
    text = PAGE
    for path in sorted(SOURCES.rglob("*.py")):
        found = dict.fromkeys(texts(ast.parse(path.read_text(encoding="utf-8"))))
        if found:
            text += f"## {path.relative_to(SOURCES).as_posix()}\n\n" + "".join(f"- {line}\n" for line in found) + "\n"
    return text.rstrip("\n") + "\n"


def texts(node: ast.AST) -> Iterator[str]:
    """The texts in a piece of source, in order; docstrings are none."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        told = " ".join(_template(node).split())
        if _WORDS.search(told) and not _CODE.search(told):
            yield told
        return
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield from texts(child)


def _template(node: ast.expr) -> str:
    """A string as it stands in the source: `{...}` for each hole of an f-string."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_template, node.values))
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "{...}"


if __name__ == "__main__":
    (FOLDER / "messages.md").write_text(page(), encoding="utf-8")
