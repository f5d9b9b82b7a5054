"""The way a value is used: `Access`, as the readers see it in front of a name, a call or a generator."""

from __future__ import annotations

from typing import NamedTuple

ITEM = "[]"

# The ends of an access.
_ARGUMENT = "arg"
_VALUE = "value"
_CALL = "()"
_SET = "="
_DELETE = "del"

# The methods that change the list, dict, set or deque that they are called on.
_MUTATING = frozenset(
    {"update", "setdefault", "pop", "popitem", "popleft", "clear", "append", "appendleft", "extend", "insert"}
) | {"remove", "reverse", "rotate", "sort"}


class Access(NamedTuple):
    """The way a value is used: the steps that are taken from it, and what is done at their end.

        name.headers["Accept"] = "text/csv"     steps ("headers", ITEM), end `=`
        name.headers.update(more)               steps ("headers", "update"), end `()`
        print(name)                             no steps, end `arg`

    end: `read` (looked at: compared, tested, formatted, iterated), `unpack` (`*name`, `**name`), `arg` (handed to a
    call), `()`, `=`, `del`, or `value` (anything else: it may live on under another name).
    steps: the names of attributes, and ITEM for `[...]`. A call ends them; its result has an access of its own.
    """

    end: str
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The access as it is written, `.headers[]=`; the end alone where there are no steps."""
        return f"{self.path}{self.end}" if self.end in (_CALL, _SET, _DELETE) else self.path or self.end

    @property
    def path(self) -> str:
        """The steps as they are written: `.headers[]`."""
        return "".join(step if step == ITEM else f".{step}" for step in self.steps)

    @property
    def attributes(self) -> list[str]:
        """The attributes among the steps."""
        return [step for step in self.steps if step != ITEM]

    @property
    def attribute(self) -> str:
        """The attribute that is the first step; empty if there is none."""
        return self.steps[0] if self.steps and self.steps[0] != ITEM else ""

    @property
    def method(self) -> str:
        """The method that is called on the value itself, `get` in `name.get()`; empty if none is."""
        return self.attribute if self.end == _CALL and len(self.steps) == 1 else ""

    @property
    def taken(self) -> str:
        """The attribute of the value that is taken as a value itself: `get` in `fetch = name.get`; else empty."""
        return self.attribute if len(self.steps) == 1 and self.keeps else ""

    @property
    def keeps(self) -> bool:
        """True if what the steps reach is handed on, or may live on under another name."""
        return self.end in (_VALUE, _ARGUMENT)

    @property
    def plain(self) -> bool:
        """True if the value itself is read or handed on."""
        return not self.steps and self.end not in (_CALL, _SET, _DELETE)

    @property
    def calls(self) -> bool:
        """True if what the steps reach is called."""
        return self.end == _CALL

    @property
    def assigns(self) -> bool:
        """True if what the steps reach is given another value."""
        return self.end == _SET

    @property
    def rebinds(self) -> bool:
        """True if what the steps reach is given another value, or deleted."""
        return self.end in (_SET, _DELETE)

    @property
    def changes_item(self) -> bool:
        """True if an item of the value is set or deleted: `name["Accept"] = "text/csv"`."""
        return self.steps == (ITEM,) and self.rebinds

    @property
    def changed(self) -> tuple[str, ...] | None:
        """The steps to what is changed: `headers` in `name.headers.update()`; the value itself has none.

        None if nothing is.
        """
        if self.rebinds:
            return self.steps[:-1] if self.steps[-1:] == (ITEM,) else self.steps
        if self.calls and self.steps and self.steps[-1] in _MUTATING:
            return self.steps[:-1]
        return None

    def behind(self, step: str) -> Access:
        """The access to a value of which `step` is used in this way."""
        return Access(self.end, (step, *self.steps))

    def after(self, attribute: str) -> Access:
        """The access to the first attribute of that name among the steps."""
        return Access(self.end, self.steps[self.steps.index(attribute) + 1 :])


READ = Access("read")
UNPACK = Access("unpack")
ARGUMENT = Access(_ARGUMENT)
VALUE = Access(_VALUE)
CALL = Access(_CALL)
SET = Access(_SET)
DELETE = Access(_DELETE)
# The value itself may live on under another name.
KEPT = frozenset({VALUE, ARGUMENT})


def call_of(*steps: str) -> Access:
    """The access `.get()`, `.headers.update()`."""
    return Access(_CALL, steps)
