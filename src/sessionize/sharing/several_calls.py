"""Several calls at once: what rules and fixes ask of all calls of a session together."""

from __future__ import annotations

from collections.abc import Iterable

from sessionize.library.calls import BareCall
from sessionize.library.program import Program
from sessionize.syntax import values as v


def ids(calls: Iterable[BareCall]) -> tuple[int, ...]:
    return tuple(call.id for call in calls)


def by_id(calls: Iterable[BareCall]) -> dict[int, BareCall]:
    return {call.id: call for call in calls}


def ticks(calls: Iterable[BareCall]) -> list[int]:
    """The ticks at which calls are made."""
    return [call.site.tick for call in calls]


def parts(calls: Iterable[BareCall]) -> list[int]:
    """The parts in which calls stand."""
    return [call.site.part for call in calls]


def only_read(calls: Iterable[BareCall]) -> bool:
    """Tell whether all calls only read."""
    return all(call.reads for call in calls)


def in_pool(calls: Iterable[BareCall]) -> bool:
    """Tell whether a pool of threads makes some of the calls, perhaps later."""
    return any(call.pooled for call in calls)


def passed_by_all(option: str, calls: Iterable[BareCall]) -> v.Value | None:
    """The one value that all calls pass as an option; None if they differ, or one may pass it twice."""
    first, *others = calls
    value = first.argument(option)
    for call in (first, *others):
        if call.argument(option) != value or call.unpacks:  # passing it twice raises, and must go on doing so
            return None
    return value


def owners(program: Program, name: str, calls: Iterable[BareCall]) -> set[int]:
    """The scopes whose variable a name is, at some calls."""
    return {program.names.owner(name, call.site.scope) for call in calls}
