"""Web handlers, which a framework runs for each visitor: what they make, and what they pass on of a visitor."""

from __future__ import annotations

from functools import cached_property

from sessionize.analysis.callgraph import CallGraph
from sessionize.analysis.origins import Origins
from sessionize.library.calls import BareCall
from sessionize.syntax import outline as o, values as v

FRAMEWORKS = frozenset(
    (
        *("flask", "quart", "bottle", "django", "rest_framework", "ninja", "fastapi", "starlette", "litestar"),
        *("aiohttp", "tornado", "sanic", "falcon", "pyramid", "webob", "cherrypy", "werkzeug", "flask_restful"),
    )
)
# Decorators that take a path: `@app.route("/items")`, `@router.get("/items")`.
_ROUTES = frozenset(("get", "post", "put", "patch", "delete", "head", "options", "request")) | {
    *("route", "api_route", "websocket", "view")
}
_BASES = ("View", "ViewSet", "Resource", "Handler", "Endpoint")
# A visitor's request, `flask.request`, `self.request` or a parameter; and what else a framework keeps for each.
_REQUEST = "request"
_OF_VISITOR = frozenset(("flask.session", "flask.g", "quart.session", "quart.g"))
_CREDENTIALS = ("auth", "cookies", "headers")
_DEPTH = 4  # of names for names


class Visitors:
    """The web handlers of one file; none where it imports no web framework."""

    def __init__(self, origins: Origins, graph: CallGraph) -> None:
        self.origins = origins
        self.outline = origins.outline
        self.graph = graph

    @cached_property
    def _serves(self) -> bool:
        return any(module.partition(".")[0] in FRAMEWORKS for module in self.outline.modules)

    def is_short_lived(self, cls: int) -> bool:
        """Tell whether each object of a class lives for one visit.

        The framework makes it, `class Items(View)`, or this file does, in handlers only.
        """
        row = self.outline.scopes[cls]
        sites = self.graph.sites(row.parent, row.name) if self._serves and cls else []
        handled = bool(sites) and all(self._is_handled(site.scope) for site in sites)
        return handled or (self._serves and _is_view(row))

    def _is_handled(self, scope: int) -> bool:
        return any(map(self._is_handler, self.outline.scopes_around(scope)))

    def _is_handler(self, scope: int) -> bool:
        """Tell whether a function is one: `@app.route("/items")`, `def items(request)`, in `class Items(View)`."""
        row = self.outline.scopes[scope]
        if row.kind != "function":
            return False
        return (
            _is_view(self.outline.scopes[row.parent])
            or self.graph.first_parameters.get(scope) == _REQUEST
            or any(map(_is_route, row.decorators))
        )

    def gave(self, call: BareCall) -> bool:
        """Tell whether a call passes on what a visitor sent: `cookies=request.cookies`."""
        given = (call.argument(option) for option in _CREDENTIALS) if self._serves else ()
        return any(value is not None and self._came_with_request(value, call.site.scope) for value in given)

    def _came_with_request(self, value: v.Value, scope: int, depth: int = 0) -> bool:
        """Tell whether a value is made of a visitor's request, perhaps by names that are bound once."""
        for inner in v.within(value):
            if v.last_name(inner) == _REQUEST or self.origins.path_of(inner, scope) in _OF_VISITOR:
                return True
            if isinstance(inner, v.Name) and depth < _DEPTH:
                bound = self.origins.resolve_once(inner, scope)
                if self._came_with_request(bound, scope, depth + 1):
                    return True
        return False


def _is_view(row: o.Scope) -> bool:
    """Tell whether a scope is a class that a framework makes objects of: `class Items(View)`."""
    return row.kind == "class" and any(v.last_name(base).endswith(_BASES) for base in row.bases)


def _is_route(decorator: v.Value) -> bool:
    """Tell whether a decorator is `@app.get("/items")`."""
    match decorator:
        case v.Call(func=v.Attribute(attr=attr), args=(v.Argument(value=v.Const(value=str(path))), *_)):
            return attr in _ROUTES and (not path or path.startswith("/"))
    return False
