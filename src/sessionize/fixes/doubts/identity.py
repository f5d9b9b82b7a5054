"""The users for whom calls are made: one session must not carry what belongs to one to another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sessionize.files.settings import Settings
from sessionize.fixes.doubts.between import Between, Span
from sessionize.fixes.doubts.connection import Connection
from sessionize.library.calls import BareCall
from sessionize.library.profile import SAME, VERBS
from sessionize.library.users import Users
from sessionize.sharing.facts import Facts
from sessionize.syntax import outline as o, values as v

_FUNCTIONS = frozenset(f"requests.{verb}" for verb in VERBS)


class Identity:
    def __init__(
        self, facts: Facts, settings: Settings, users: Users, connection: Connection, between: Between
    ) -> None:
        self.facts = facts
        self.settings = settings
        self.users = users
        self.connection = connection
        self.between = between

    def refuse(self, calls: Sequence[BareCall], *, lasting: bool = False) -> str:
        """The reason why a session would carry one call's credentials to another, which no fix may do; else empty.

        lasting: whether it outlives the functions of the calls.
        """
        if calls and self._replaced and not self.settings.moves_patches:
            return f"`{self._replaced}` is replaced in this file, and a session would go past what is there instead"
        bound = [call for call in calls if self.connection.may_bind(call)]
        if bound and any(self.users.credentials(call) != self.users.credentials(bound[0]) for call in calls):
            return "some of the calls authenticate in a way that may stay with the connection, and others do not"
        span = self.between.span(calls)
        certs = [(call.argument("cert"), call.site.scope) for call in calls]
        auths = [(call.argument("auth"), call.site.scope) for call in bound if self.connection.auth_binds(call)]
        told = [(item.value, item.scope) for item in self.users.binding(calls)]
        values = ((value, scope) for value, scope in dict.fromkeys([*certs, *auths, *told]) if value is not None)
        if self.users.in_turn(bound) or any(self._varies(span, *each, lasting=lasting) for each in values):
            return "a connection stays with the user it was made for, and its next call may be for another"
        if len({self.connection.identity(call)[1] for call in calls}) > 1:
            return "the calls differ in `cert=`, and requests before 2.32 would show one's certificate for another"
        return ""

    def _varies(self, span: Span, value: v.Value, scope: int, *, lasting: bool, seen: tuple[o.Bind, ...] = ()) -> bool:
        """Tell whether a value may be another one for another of the calls, or when they run again."""
        if not v.is_known(value):
            return True
        for read in self.users.reads(value, scope):
            (owner, name), changes = read.variable, list(self.users.changes(read))
            method = self.facts.graph.method(owner) if owner > 0 else None
            if not lasting:
                if any(self.between.holds_change(span, each, read.by) for each in changes):
                    return True
            elif method is not None and (method.scope, method.instance) == read.variable:  # made with the object
                if read.part and frozenset().union(*(each.functions for each in changes)) - {"__init__"}:
                    return True
            elif sum(len(each.ticks) for each in changes) > (not read.part):
                return True
            elif owner > 0 and not read.part:
                (bind,) = self.facts.names.binds(owner, name)
                if bind.form != "assign" or bind in seen:
                    return True
                if self._varies(span, bind.value, owner, lasting=True, seen=(*seen, bind)):
                    return True
        return False

    @cached_property
    def _replaced(self) -> str:
        """The function of requests that this file puts another in the place of; empty if there is none."""
        for use, path in self.facts.origins.imported_uses:
            replaced = f"{path}{use.access.path}" if use.access.assigns else ""
            if SAME.get(replaced, replaced) in _FUNCTIONS:
                return f"{use.name}{use.access.path}"
        return ""

    def for_all_objects(self, calls: Sequence[BareCall]) -> bool:
        """Tell whether one session can serve the calls of all objects: its connections depend on no object."""
        for call in calls:
            for option in ("cert", "verify", "proxies"):
                value = call.argument(option)
                names = v.names_in(value) if value is not None else []
                if any(self.facts.names.owner(name, call.site.scope) not in (-1, 0) for name in names):
                    return False
        return True
