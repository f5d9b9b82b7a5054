"""The names of `from requests import get, post`."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import cast

import libcst as cst

from sessionize.fixes.outcome import ImportEdit
from sessionize.write.items import Space, line_break, without_item
from sessionize.write.tree import parse_small


def edit_names(node: cst.ImportFrom, edits: Sequence[ImportEdit]) -> cst.ImportFrom | None:
    """The import with other names; None if no name is left."""
    names = list(cast("Sequence[cst.ImportAlias]", node.names))
    nothing = cst.SimpleWhitespace("")
    start = nothing if node.lpar is None else node.lpar.whitespace_after
    end = nothing if node.rpar is None else node.rpar.whitespace_before
    drop = {edit.drop for edit in edits}
    for text in sorted({edit.add for edit in edits if edit.add is not None}):
        names, end = _with_name(names, _alias(text), drop, start, end)
    if drop.issuperset(map(_bound, names)):
        return None
    for name in tuple(names):
        if _bound(name) in drop:
            names, start, end = without_item(names, names.index(name), start, end)
    if node.lpar is not None and node.rpar is not None:
        lpar, rpar = node.lpar.with_changes(whitespace_after=start), node.rpar.with_changes(whitespace_before=end)
        node = node.with_changes(lpar=lpar, rpar=rpar)
    return node.with_changes(names=names)


def _with_name(
    names: list[cst.ImportAlias], new: cst.ImportAlias, drop: Container[str | None], start: Space, end: Space
) -> tuple[list[cst.ImportAlias], Space]:
    """Names with another one, in the place of one that goes where isort's order allows it; the whitespace behind."""
    kept = [name for name in names if _bound(name) not in drop]
    orders = list(map(_order, kept))
    ordered = orders == sorted(set(orders))
    before = next((i for i, order in enumerate(orders) if _order(new) < order), len(kept))
    ahead = 0  # so many of those that are kept stand before it
    for index, name in enumerate(names):
        if _bound(name) not in drop:
            ahead += 1
        elif ahead == before or not ordered:
            return [*names[:index], name.with_changes(name=new.name, asname=new.asname), *names[index + 1 :]], end
    if before == len(kept):
        return _with_last(names, new, start, end)
    index = names.index(kept[before])
    comma = cst.Comma(whitespace_after=line_break(start))
    return [*names[:index], new.with_changes(comma=comma), *names[index:]], end


def _with_last(
    names: Sequence[cst.ImportAlias], new: cst.ImportAlias, start: Space, end: Space
) -> tuple[list[cst.ImportAlias], Space]:
    """Names with another one behind them, on a line of its own if they have lines; the whitespace behind."""
    *others, last = names
    after = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else end
    space = line_break(start)
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
    statement = cst.ensure_type(parse_small(f"from module import {text}"), cst.ImportFrom)
    return cast("Sequence[cst.ImportAlias]", statement.names)[0]
