"""The names of `from requests import get, post`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import ImportEdit
from sessionize.write.items import Space, uncommented, without_item
from sessionize.write.tree import small


def imported(node: cst.ImportFrom, edits: Sequence[ImportEdit]) -> cst.ImportFrom | None:
    """The import with other names, a new one in the place of one that goes where isort's order allows it; None if no
    name is left."""
    names = list(cast("Sequence[cst.ImportAlias]", node.names))
    none = cst.SimpleWhitespace("")
    start = none if node.lpar is None else node.lpar.whitespace_after
    end = none if node.rpar is None else node.rpar.whitespace_before
    drop = {edit.drop for edit in edits}
    for text in sorted({edit.add for edit in edits if edit.add is not None}):
        new = _alias(text)
        kept = [name for name in names if _bound(name) not in drop]
        ordered = all(_order(one) < _order(other) for one, other in pairwise(kept))
        at = next((i for i, name in enumerate(kept) if _order(new) < _order(name)), len(kept))
        going = [i for i, name in enumerate(names) if _bound(name) in drop]
        fitting = [i for before, i in enumerate(going) if i - before == at or not ordered]
        if fitting:
            names[fitting[0]] = names[fitting[0]].with_changes(name=new.name, asname=new.asname)
        elif at < len(kept):
            comma = cst.Comma(whitespace_after=uncommented(start))
            names.insert(names.index(kept[at]), new.with_changes(comma=comma))
        else:
            names, end = _with_last(names, new, start, end)
    kept = [name for name in names if _bound(name) not in drop]
    while kept and len(names) > len(kept):
        index = next(i for i, name in enumerate(names) if _bound(name) in drop)
        names, start, end = without_item(names, index, start, end)
    if node.lpar is not None and node.rpar is not None:
        lpar, rpar = node.lpar.with_changes(whitespace_after=start), node.rpar.with_changes(whitespace_before=end)
        node = node.with_changes(lpar=lpar, rpar=rpar)
    return node.with_changes(names=names) if kept else None


def _with_last(
    names: Sequence[cst.ImportAlias], new: cst.ImportAlias, start: Space, end: Space
) -> tuple[list[cst.ImportAlias], Space]:
    """Names with another one behind them, on a line of its own if they have lines; and the whitespace behind it."""
    *others, last = names
    after = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else end
    space = uncommented(start)
    if isinstance(space, cst.ParenthesizedWhitespace) and isinstance(after, cst.ParenthesizedWhitespace):
        space = space.with_changes(first_line=after.first_line)  # with the comment of the name that was the last
        bare = after.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
        after = after.with_changes(first_line=bare)
    if isinstance(last.comma, cst.Comma):
        new = new.with_changes(comma=last.comma.with_changes(whitespace_after=after))
    else:
        end = after
    return [*others, last.with_changes(comma=cst.Comma(whitespace_after=space)), new], end


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def _order(alias: cst.ImportAlias) -> tuple[bool, bool, str]:
    """Where isort puts a name: constants, then classes, then the rest."""
    name = alias.evaluated_name
    return not name.isupper(), not name[:1].isupper(), name.lower()


def _alias(text: str) -> cst.ImportAlias:
    statement = cst.ensure_type(small(f"from requests import {text}"), cst.ImportFrom)
    return cast("Sequence[cst.ImportAlias]", statement.names)[0]
