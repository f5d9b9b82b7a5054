"""Variables and attributes that values read, and the places in a file where those change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple, TypeAlias

from sessionize.library.program import Program
from sessionize.syntax import outline as o, values as v
from sessionize.syntax.access import ITEM, Access

At: TypeAlias = tuple[int, int]  # a tick, and the part that it is in
Variable: TypeAlias = tuple[int, str]  # its scope and name
Function: TypeAlias = tuple[int, str]  # the scope that binds it, and its name; methods by their name alone: in -1
Parameter: TypeAlias = tuple[int, str, int | str]  # of a function, by number or name


class Read(NamedTuple):
    """A variable that a value reads, or a part of one: an attribute, an item (`[]`), the result of a method (`()`).

    by: the function of this file that is called for it.
    """

    variable: Variable
    part: str = ""
    key: v.Value = v.OPAQUE
    by: str = ""


class Changes(NamedTuple):
    """The places where something changes.

    ticks: all of them, in order.
    in_frame: (tick, part) by frame.
    functions: the names of those that do it.
    """

    ticks: Sequence[int]
    in_frame: Mapping[int, Sequence[At]]
    functions: frozenset[str]


class Variables:
    """The variables of one file, as far as the objects that they hold change."""

    def __init__(self, facts: Program) -> None:
        self.facts = facts
        # As they are asked for.
        self._items_at: dict[frozenset[Variable], dict[v.Value | None, list[At]]] = {}
        self._changes: dict[tuple[object, ...], Changes] = {}
        self._reads: dict[Function, list[Read]] = {}

    def reads(self, value: v.Value, scope: int) -> Iterator[Read]:
        """The reads of a value, also by the functions of this file that it calls."""
        called: set[Function] = set()
        for inner in v.within(value):
            match inner:
                case v.Name(name=name):
                    variable = self.facts.names.owner(name, scope), name
                    yield Read(variable)
                    called.add(variable)
                case v.Attribute(value=holder, attr=attr):
                    if self.facts.origins.path_of(inner, scope) is None:  # not `os.environ.get`
                        called.add((-1, attr))
                    owner = self.facts.names.owner(holder.name, scope) if isinstance(holder, v.Name) else -1
                    yield Read((owner, v.last_name(holder)), attr)
                case v.Item(value=v.Name(name=name), key=key):
                    yield Read(
                        (self.facts.names.owner(name, scope), name), "[]", self.facts.origins.resolve_once(key, scope)
                    )
                case v.Call(func=v.Attribute(value=v.Name(name=name), attr=attr)) if (-1, attr) not in self._functions:
                    yield Read((self.facts.names.owner(name, scope), name), "()")
        for function in called & self._functions.keys():
            yield from self._read_by(function)

    def changes(self, read: Read) -> Iterator[Changes]:
        """The places where what is read changes: a variable is bound; an item of one is set, or taken away; an
        attribute of that name is set, or what it holds is changed, whatever object it is of."""
        variable, part, key, _ = read
        group = self.group(variable)
        if not part:
            yield self.once("bound", {variable}, lambda: [bind[:2] for bind in self.facts.names.binds(*variable)])
        elif part == "[]":
            for each in (key, None) if isinstance(key, v.Const) else (v.OPAQUE,):
                yield self.once(each, group, partial(self._items_of_group(group).__getitem__, each))
        elif part == "()":
            yield self.once(v.OPAQUE, group, lambda: self._items_of_group(group)[v.OPAQUE])
            yield self.once("on it", group, lambda: [use[:2] for each in group for use in self._attributes_on[each]])
        else:
            yield self.once("attribute", part, lambda: self._attributes[part])

    def once(self, what: object, of: Collection[Variable] | str, find: Callable[[], Iterable[At]]) -> Changes:
        """Changes, worked out when they are first asked for; those of variables of one function are no other's."""
        key = what, of if isinstance(of, str) else frozenset(of)
        if key not in self._changes:
            flow, parts, scopes = self.facts.flow, self.facts.outline.parts, self.facts.outline.scopes
            owners = {owner for owner, _ in of} if not isinstance(of, str) else {0}
            local = scopes[min(owners)].root if len(owners) == 1 and min(owners) > 0 else -1
            in_frame = defaultdict(list)
            for tick, part in sorted(find()):
                in_frame[flow.frame[part]].append((tick, part))
            ticks = sorted(tick for places in in_frame.values() for tick, _ in places)
            functions = frozenset(scopes[parts[frame].scope].name for frame in in_frame if frame != local)
            self._changes[key] = Changes(ticks, in_frame, functions)
        return self._changes[key]

    def group(self, variable: Variable) -> frozenset[Variable]:
        """A variable, and those that may hold the same object."""
        return self._aliases.get(variable) or frozenset({variable})

    @cached_property
    def _aliases(self) -> dict[Variable, frozenset[Variable]]:
        """The variables that may hold one object, for each that is not the only one: by `a = b`, `a = b = {}`."""
        groups: dict[Variable, set[Variable]] = {}
        together: dict[int, Variable] = {}  # by the statement that binds them
        for bind in self.facts.outline.binds:
            if bind.form in ("assign", "walrus"):
                own = self.facts.names.owner(bind.name, bind.scope), bind.name
                other = together.setdefault(bind.part, own)
                if isinstance(bind.value, v.Name):
                    other = self.facts.names.owner(bind.value.name, bind.scope), bind.value.name
                few, many = sorted((groups.get(own, {own}), groups.get(other, {other})), key=len)
                if few != many:
                    many |= few
                    groups |= dict.fromkeys((*few, own, other), many)
        frozen = {id(group): frozenset(group) for group in groups.values()}
        return {variable: frozen[id(group)] for variable, group in groups.items()}

    # --- what changes -------------------------------------------------------------------------------------------------

    def _items_of_group(self, group: frozenset[Variable]) -> dict[v.Value | None, list[At]]:
        """The places where items of variables change, by key: OPAQUE for any, None for one that is not known."""
        if group not in self._items_at:
            items: dict[v.Value | None, list[At]] = defaultdict(list)
            for variable in group:
                handed = (at for at, parameter in self.handed.get(variable, ()) if parameter in self._changed)
                for use in self.items_changed[variable]:
                    key = self.facts.origins.resolve_once(use.key, use.scope)
                    items[key if isinstance(key, v.Const) else None].append(use[:2])
                    items[v.OPAQUE].append(use[:2])
                for at in handed:
                    items[None].append(at)
                    items[v.OPAQUE].append(at)
            self._items_at[group] = items
        return self._items_at[group]

    @cached_property
    def _changing(self) -> list[tuple[o.Use, list[str]]]:
        """The uses of names that change something: attributes of these names, or its items (`[]`)."""
        changed = [(use, _changed(use.access)) for use in self.facts.outline.uses]
        return [(use, attributes) for use, attributes in changed if attributes]

    @cached_property
    def items_changed(self) -> dict[Variable, list[o.Use]]:
        """The uses of each variable that change its items."""
        items = defaultdict(list)
        for use, changed in self._changing:
            if "[]" in changed:
                items[self.facts.names.owner(use.name, use.scope), use.name].append(use)
        return items

    @cached_property
    def _attributes(self) -> dict[str, list[At]]:
        """The places where attributes of each name are changed, of whatever object."""
        attributes: dict[str, list[At]] = defaultdict(list)
        for use, changed in self._changing:
            for attr in changed:
                attributes[attr].append(use[:2])
        for variable, uses in self.items_changed.items():  # `headers = self.headers`
            for bind in self.facts.names.binds(*variable):
                if isinstance(bind.value, v.Attribute):
                    attributes[bind.value.attr] += [use[:2] for use in uses]
        for what, handed in self.handed.items():
            if isinstance(what, str):
                attributes[what] += [at for at, parameter in handed if parameter in self._changed]
        return attributes

    @cached_property
    def _attributes_on(self) -> dict[Variable, list[o.Use]]:
        """The uses of each variable that change its attributes."""
        attributes = defaultdict(list)
        for use, changed in self._changing:
            if changed[0] != "[]":
                attributes[self.facts.names.owner(use.name, use.scope), use.name].append(use)
        return attributes

    # --- functions ----------------------------------------------------------------------------------------------------

    @cached_property
    def _functions(self) -> dict[Function, list[int]]:
        """The functions of this file; a method by its name alone, and by that of its class's body."""
        functions = defaultdict(list)
        for scope, row in enumerate(self.facts.outline.scopes):
            if row.kind == "function":
                functions[row.parent, row.name].append(scope)
                if self.facts.outline.scopes[row.parent].kind == "class":
                    functions[-1, row.name].append(scope)
        return functions

    def _read_by(self, function: Function) -> list[Read]:
        """Non-local reads of a function, including those of functions that it calls."""
        if function not in self._reads:
            seen, todo = {function}, [function]
            reads: dict[Read, None] = {}
            while todo:
                for scope in self._functions.get(todo.pop(), ()):
                    for use in self._uses_in[self.facts.outline.scopes[scope].root]:
                        variable = self.facts.names.owner(use.name, use.scope), use.name
                        own = self.facts.origins.path_of(v.Name(use.name), use.scope) is None
                        attributes = use.access.attributes if own else ()
                        called = {variable, *((-1, attr) for attr in attributes)} - seen
                        todo += called & self._functions.keys()
                        seen |= called
                        if use.access.attribute and not use.access.rebinds:
                            reads[Read(variable, use.access.attribute, by=function[1])] = None
                        elif self._is_other(variable, scope):
                            reads |= dict.fromkeys(Read(variable, part, by=function[1]) for part in ("", "[]"))
            self._reads[function] = list(reads)
        return self._reads[function]

    def _is_other(self, variable: Variable, scope: int) -> bool:
        """Tell whether a variable is not a function's own, and no function, class or module."""
        scopes = self.facts.outline.scopes
        own = variable[0] == -1 or scopes[variable[0]].root == scopes[scope].root
        return not own and any(
            bind.form not in ("import", "def", "class") for bind in self.facts.names.binds(*variable)
        )

    @cached_property
    def _uses_in(self) -> dict[int, list[o.Use]]:
        """The names that each frame uses."""
        uses = defaultdict(list)
        for use in self.facts.outline.uses:
            uses[self.facts.flow.frame[use.part]].append(use)
        return uses

    @cached_property
    def handed(self) -> dict[Variable | str, list[tuple[At, Parameter]]]:
        """The places where a variable, or an attribute of a name, becomes a parameter of a function of this file."""
        names = self.facts.names
        handed: dict[Variable | str, list[tuple[At, Parameter]]] = defaultdict(list)
        for site in self.facts.outline.calls:
            func = site.value.func
            function = names.owner(func.name, site.scope) if isinstance(func, v.Name) else -1, v.last_name(func)
            for number, arg in enumerate(site.value.args if function in self._functions else ()):
                at = site.tick, site.part
                if isinstance(arg.value, v.Name):
                    variable = names.owner(arg.value.name, site.scope), arg.value.name
                    handed[variable].append((at, (*function, arg.keyword or number)))
                elif isinstance(arg.value, v.Attribute):
                    handed[arg.value.attr].append((at, (*function, arg.keyword or number)))
        return handed

    @cached_property
    def parameters(self) -> dict[Variable, list[Parameter]]:
        """The parameters of this file's functions, each by its number and by its name."""
        scopes = self.facts.outline.scopes
        parameters: dict[Variable, list[Parameter]] = defaultdict(list)
        for function, same in self._functions.items():
            for scope in same:
                static = "staticmethod" in map(v.last_name, scopes[scope].decorators)
                first = -1 if function[0] == -1 and not static else 0  # that of the instance
                names = [bind.name for bind in self.facts.tables.binds_in.get(scope, ()) if bind.form == "param"]
                for number, name in enumerate(names, first):
                    parameters[scope, name] += [(*function, number), (*function, name)]
        return parameters

    @cached_property
    def _changed(self) -> set[Parameter]:
        """The parameters of which a function changes items, itself or by another."""
        return self.spread(variable for variable in self.parameters if variable in self.items_changed)

    def spread(self, variables: Iterable[Variable]) -> set[Parameter]:
        """These variables as parameters, plus parameters that callers pass on into them."""
        givers = defaultdict(set)
        for what, handed in self.handed.items():
            if not isinstance(what, str):
                for _, parameter in handed:
                    givers[parameter].add(what)
        todo = [parameter for variable in variables for parameter in self.parameters[variable]]
        found: set[Parameter] = set()
        while todo:
            if (parameter := todo.pop()) not in found:
                found.add(parameter)
                todo += [each for giver in givers[parameter] for each in self.parameters.get(giver, ())]
        return found


def _changed(access: Access) -> list[str]:
    """The attributes that a use of a name changes, or its items (`[]`)."""
    changed = access.changed
    if changed is None:
        return []
    items = [] if changed and changed[0] != ITEM else [ITEM]
    return [*items, *(step for step in changed if step != ITEM)]
