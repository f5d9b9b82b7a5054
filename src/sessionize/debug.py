"""The view of one file that the tool has, stage by stage, as text: `python -m sessionize.debug FILE`.

It is for people who change the tool. It looks at no settings and at no project around the file, and makes unsafe fixes
too. It must decide nothing, and no other command may import it.
"""

import os
import sys

# As in `__main__`, nothing of the folder that it is started in is run.
if (
    __name__ == "__main__"
    and not getattr(sys.flags, "safe_path", False)
    and not __file__.startswith(os.path.join(sys.path[0], ""))  # noqa: PTH118
):
    del sys.path[0]

from collections.abc import Iterator, Sequence
from itertools import filterfalse
from textwrap import indent
from typing import TypeAlias

import click

from sessionize.analysis.flow import Place
from sessionize.engine.analysis import Analysis, analyse
from sessionize.engine.fix import fix_source
from sessionize.files.lines import split_lines
from sessionize.files.paths import NOTEBOOK
from sessionize.files.settings import Settings
from sessionize.files.store import read
from sessionize.files.text import SourceError, decode
from sessionize.fixes.outcome import Fix, Outcome
from sessionize.homes.module_home import module_home
from sessionize.homes.object_home import object_home
from sessionize.library.calls import BareCall
from sessionize.library.surroundings import UNKNOWN
from sessionize.report.diff import unified
from sessionize.report.terminal import echo, printable, source_line
from sessionize.rules import BY_CODE
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.notebook import Notebook
from sessionize.syntax.parse import UnreadableError

Row: TypeAlias = o.Bind | o.Use | o.CallSite | o.Store | o.Pause


def analyse_bytes(data: bytes, filename: str) -> Analysis:
    """The analysis of a file; of a notebook that of its script. SourceError or UnreadableError if it can't be read."""
    script = Notebook(data).script().text if filename.endswith(NOTEBOOK) else decode(data).text
    return analyse(script, filename, Settings(unsafe_fixes=True), UNKNOWN)


# --- the stages -------------------------------------------------------------------------------------------------------


def text(found: Analysis) -> str:
    """The lines, each with its row."""
    return _table([(str(row), line) for row, line in enumerate(split_lines(found.reading.text), 1)])


def outline(found: Analysis) -> str:
    """The rows of the outline by their ticks, each indented below the part in which it stands."""
    seen = found.reading.outline
    depths: list[int] = []
    rows: list[tuple[int, int, str]] = []  # tick, depth, what is there
    for number, part in enumerate(seen.parts):
        scope = seen.scopes[part.scope]
        around = seen.outer(number)
        depths.append(depths[around] + 1 if around != -1 else 0)
        named = f" of {_scope(found, part.scope)}" if scope.root == number else ""
        rows.append((part.tick, depths[number], f"part {number}: {part.kind} {part.form}".rstrip() + named))
    inside: list[Row] = [*seen.binds, *seen.uses, *seen.calls, *seen.stores, *seen.pauses]
    rows += [(row.tick, depths[row.part] + 1, _inside(row)) for row in inside]
    shown = [(str(tick), _row(found, tick), "  " * depth + what) for tick, depth, what in sorted(rows)]
    return _table([("tick", "row", ""), *shown])


def groups(found: Analysis) -> str:
    """The calls that should share a session, below the frame or the owner that they share it in; then all others."""
    return "".join(_groups_of(found, facts) for facts in found.views)


def _groups_of(found: Analysis, facts: Facts) -> str:
    """Those of one library."""
    sharing = facts.groups
    shown = ""
    for frame, calls in sharing.repeated.items():
        if calls:
            scope = _scope(found, facts.outline.parts[frame].scope)
            shown += _group(found, facts, f"in {scope}, at {_place(found, sharing.place(calls))}", calls)
    for owner, calls in sharing.lasting.items():
        home = object_home(facts, owner, calls) if owner else module_home(facts, calls)
        where = home if isinstance(home, str) else f"{home.style} {_place(found, home.place)}"
        shown += _group(found, facts, f"for {_scope(found, owner)}, {where}", calls)
    return shown + _group(found, facts, "alone", [*filterfalse(sharing.sharing.__contains__, facts.bare.calls)])


def findings(found: Analysis) -> str:
    rows = []
    for code, call, message, _ in sorted(found.findings, key=lambda finding: found.reading.span(finding.call)):
        rows.append((f"row {_row(found, call)}", code, BY_CODE[code].name, message))
    return _table(rows)


def outcomes(found: Analysis) -> str:
    return "".join(_table([*_outcome(found, outcome)]) for outcome in found.outcomes)


def changes(found: Analysis) -> str:
    """The diff of all fixes together, or why they are not made."""
    before = found.reading.text
    report = fix_source(before, found.filename, found.settings)
    if report.error is not None:
        return f"{report.error}\n"
    return unified("text", before.encode(), (report.after or before).encode()).decode()


STAGES = (text, outline, groups, findings, outcomes, changes)


# --- their rows -------------------------------------------------------------------------------------------------------


def _table(rows: Sequence[Sequence[str]]) -> str:
    layout = "  ".join(f"{{:<{max(map(len, column))}}}" for column in zip(*rows, strict=True))
    return "".join(f"{layout.format(*row).rstrip()}\n" for row in rows)


def _row(found: Analysis, site: int) -> str:
    """The row of a call site; empty for the tick of anything else."""
    try:
        return str(found.reading.span(site)[0][0])
    except KeyError:
        return ""


def _scope(found: Analysis, number: int) -> str:
    scope = found.reading.outline.scopes[number]
    return f"{scope.kind} {scope.name}".rstrip()


def _place(found: Analysis, place: Place | None) -> str:
    return "no place" if place is None else f"part {place.before} ({found.reading.outline.parts[place.before].kind})"


def _inside(row: Row) -> str:
    match row:
        case o.Bind(name=name, form=form, value=value):
            return f"bind {name} by {form}: {_value(value)}"
        case o.Use(name=name, access=access):
            return f"use {name}: {access}"
        case o.CallSite(value=value, access=access):
            return f"call {_value(value)}: {access}"
        case o.Store(name=name, attr=attr, value=value):
            return f"store {name}.{attr}: {_value(value)}"
    return "pause"


def _group(found: Analysis, facts: Facts, title: str, calls: Sequence[BareCall]) -> str:
    rows = [(f"row {_row(found, call.id)}", call.shown, _why(facts, call)) for call in calls]
    return f"{title}\n{indent(_table(rows), '  ')}" if rows else ""


def _why(facts: Facts, call: BareCall) -> str:
    sharing = facts.groups
    reasons = {
        "loop": call.id in sharing.loops,
        "chained": call.id in sharing.chained,
        "mapped": call.is_mapped,
        "helper": call in sharing.helpers,
        "client": call in sharing.clients,
        "scattered": call in sharing.scattered,
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def _outcome(found: Analysis, outcome: Outcome) -> Iterator[tuple[str, str]]:
    rows = f"row {', '.join(_row(found, call) for call in outcome.calls)}"
    if not isinstance(outcome, Fix):
        yield from (("refusal", rows), ("  reason", outcome.reason))
        return
    yield from (("fix", rows), ("  is", outcome.applicability), ("  does", outcome.message))
    for doubt in outcome.doubts:
        yield f"  {doubt.name}", doubt.reason
    for to in outcome.redirects:
        yield "  redirect", f"row {_row(found, to.call)}: {to.target}.{to.verb}"
    if new_session := outcome.new_session:
        home = new_session.home
        made = f"{new_session.target} = {new_session.create}, {home.style} at {_place(found, home.place)}"
        yield from (("  session", made), ("  hoist", ", ".join(home.hoist) or "nothing"))


def _value(value: v.Value | v.Argument | None) -> str:
    """A value of the outline about as it is written; `...` for what the outline does not say."""
    match value:
        case v.Const(value=constant):
            return repr(constant)
        case v.Name(name=name) | v.Imported(path=name):
            return name
        case v.Attribute(value=inner, attr=attr):
            return f"{_value(inner)}.{attr}"
        case v.Item(value=inner, key=key):
            return f"{_value(inner)}[{_value(key)}]"
        case v.Hole(value=inner):
            return f"{{{_value(inner)}}}"
        case v.Join(parts=parts):
            return f"f({' '.join(map(_value, parts))})"
        case v.Binary(op=op, left=left, right=right):
            return f"{_value(left)} {op} {_value(right)}"
        case v.Dict(items=items):
            return f"{{{', '.join(f'{_value(key)}: {_value(item)}' for key, item in items)}}}"
        case v.Sequence(kind=kind, items=values):
            return f"{kind}({', '.join(map(_value, values))})"
        case v.Argument(value=inner, keyword=keyword, stars=stars):
            return f"{keyword}={_value(inner)}" if keyword else f"{stars}{_value(inner)}"
        case v.Call(func=func, args=args):
            return f"{_value(func)}({', '.join(map(_value, args))})"
        case None:  # in front of `**value` in a dict
            return "**"
    return "..."


# --- the command ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file", metavar="FILE|-")
def main(file: str) -> None:
    """Print what is seen of a file, stage by stage."""
    try:
        found = analyse_bytes(sys.stdin.buffer.read() if file == "-" else read(file), file)
        shown = "\n".join(f"{stage.__name__}\n{indent(stage(found), '  ')}" for stage in STAGES)
    except (SourceError, UnreadableError) as error:
        echo(f"sessionize: {printable(f'{file}:{error.row}:{error.column}: {error}')}\n", err=True)
        sys.exit(2)
    echo("\n".join(map(source_line, shown.split("\n"))))


if __name__ == "__main__":
    main()
