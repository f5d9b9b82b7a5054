"""A language server: findings as one types, and their fixes as code actions. Needs pygls, which nothing else imports.

An edit fits one state of a document and spoils any other. So the texts of open documents are read in one place,
`Server.state`, by way of pygls, which alone knows under what names it keeps them. What was worked out for a state is
dropped if the document has changed by then, and an edit says which versions it is for, where the client reads that.

What takes time is done in threads, for each document one thing after the other. Edits take most of it: they are worked
out when an action is chosen, where the client asks for them then.

The text of a document is sent whole on every change: pygls counts the lines of partial changes by `str.splitlines`, to
which form feeds end a line, too. Where a text does not parse, as it does not while one types, what was found stays.

What tests replace by name is read once and again when a file changes on disk, as far as an editor tells; and before all
safe fixes are made at once, which nobody looks at one by one.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from lsprotocol import types as lsp
from pygls.capabilities import get_capability
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from sessionize import __version__
from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.engine.notebooks import on_bytes
from sessionize.engine.results import Diagnostic, Edit, Position, Report
from sessionize.engine.rewriting import line_edits
from sessionize.files.gitignore import matches
from sessionize.files.lines import split_lines
from sessionize.files.noqa import add_noqa
from sessionize.files.paths import NOTEBOOK
from sessionize.files.settings import ConfigError, Settings
from sessionize.files.settings_files import FILES
from sessionize.fixes.outcome import SAFE
from sessionize.library.cheap_look import may_have_findings_in
from sessionize.library.patches import Patch
from sessionize.library.surroundings import UNKNOWN, Surroundings
from sessionize.run.files import loaded
from sessionize.run.options import SettingsOptions
from sessionize.run.project import Projects
from sessionize.syntax.notebook import Notebook

PAUSE = 0.1  # seconds without a change, after which a document is checked
STACK = 16 << 20  # bytes: LibCST's parser may need more than some systems give to a thread
QUICK_FIX = lsp.CodeActionKind.QuickFix.value
FIX_ALL = "source.fixAll.sessionize"
FIX_NOTEBOOK = f"notebook.{FIX_ALL}"  # asked for once, and not for each cell

_T = TypeVar("_T")


class Part(NamedTuple):
    """A text with a version of its own: a file's, or a cell's."""

    uri: str
    version: int
    text: str


class State(NamedTuple):
    """A file, or the Python cells of a notebook, as the client has them at one moment."""

    uri: str
    parts: tuple[Part, ...]
    is_notebook: bool

    @property
    def mark(self) -> str:
        """Tells it from other states, also where a document that is opened again counts its versions anew."""
        return f"{hash(self):x}"


@dataclass(frozen=True, slots=True)
class Client:
    """What the client can do.

    units: how long a text is to it. versions: it takes edits for a version. resolves: it asks for the edit of an action
    that is chosen. pulls: it asks for diagnostics. refreshes: it can be told to ask for them again.
    """

    units: Callable[[str], int]
    versions: bool
    resolves: bool
    pulls: bool
    refreshes: bool


class Checked:
    """What was found in a state, and what can be done about it; all of this takes time.

    around: the project, as it was read; read: reads it again. name: None if it is not to be checked, and
    trouble is why if its settings are.
    """

    def __init__(
        self,
        client: Client,
        state: State,
        around: Surroundings,
        read: Callable[[], Surroundings],
        name: str | None,
        settings: Settings = Settings(),
        trouble: str = "",
    ) -> None:
        self.client, self.state, self.around, self.read = client, state, around, read
        self.name, self.settings, self.trouble = name or "", settings, trouble
        self.lines = [split_lines(part.text) for part in state.parts]
        self._codes: dict[int, set[str]] = {}  # by row, of a notebook's script
        self.found = self._report(self._check).left if name is not None else ()
        # Up to Python 3.11 a `cached_property` would let one thread at a time in, whatever document it works on.
        self.fixes, self.comments = cache(self._fixes), cache(self._comments)

    def _report(self, work: Callable[[str], Report]) -> Report:
        """What some work makes of the text; of a notebook it sees one script."""
        if self.state.is_notebook:
            cells = [{"cell_type": "code", "metadata": {}, "source": part.text} for part in self.state.parts]
            data = json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()
            return on_bytes(data, self.name, self.settings, work)
        (file,) = self.state.parts
        return work(file.text) if may_have_findings_in(file.text) else Report(self.name)

    def _texts(self, report: Report) -> list[str]:
        """The texts of all parts after a change."""
        if report.after is None:
            return [part.text for part in self.state.parts]
        return Notebook(report.after.encode()).sources if self.state.is_notebook else [report.after]

    def _check(self, text: str, *, with_edits: bool = False) -> Report:
        found = check_source(text, self.name, self.settings, with_edits=with_edits, surroundings=self.around)
        for each in found:
            self._codes.setdefault(each.start.row, set()).add(each.code)
        return Report(self.name, text, left=found)

    def _fixes(self) -> dict[int | None, tuple[Edit, ...]]:
        """The edits of each fix."""
        found = self._report(lambda text: self._check(text, with_edits=True)).left
        return {each.fix: each.edits for each in found}

    def _comments(self) -> dict[tuple[int, int], Edit]:
        """By part and row, the edit that silences what is found there; none where no comment can stand."""
        after = self._texts(self._report(lambda text: Report(self.name, text, add_noqa(text, self._codes))))
        edits = {}
        for cell, (old, new) in enumerate(zip(self.lines, map(split_lines, after), strict=True), 1):
            for row, (line, silent) in enumerate(zip(old, new, strict=True), 1):
                if line != silent:
                    edits[cell, row] = Edit(silent, Position(row, 1), Position(row + 1, 1), cell)
        return edits

    def _all_fixes(self) -> Iterator[Edit]:
        """The edits that make all safe fixes."""
        settings, around = replace(self.settings, unsafe_fixes=False), self.read()
        after = self._texts(self._report(lambda text: fix_source(text, self.name, settings, surroundings=around)))
        for cell, (part, new) in enumerate(zip(self.state.parts, after, strict=True), 1):
            yield from (edit._replace(cell=cell) for edit in line_edits(part.text, new))

    # --- in the words of the protocol ---------------------------------------------------------------------------------

    def diagnostics(self) -> Iterator[tuple[Part, list[lsp.Diagnostic]]]:
        """What is found in each part, but in those that do not parse."""
        for cell, part in enumerate(self.state.parts, 1):
            found = [each for each in self.found if _cell(each) == cell]
            if not any(each.unreadable for each in found):
                yield part, list(map(self._shown, found))

    def actions(self, params: lsp.CodeActionParams) -> Iterator[lsp.CodeAction]:
        """What can be done about the findings on some lines, and about all."""
        only, trigger = params.context.only, params.context.trigger_kind
        if _wanted(QUICK_FIX, only):
            yield from self._quick_fixes(unquote(params.text_document.uri), params.range)
        kind = FIX_NOTEBOOK if self.state.is_notebook else FIX_ALL
        # What an editor asks for by itself, on every move of the cursor, has to be quick.
        by_itself = only is None and trigger == lsp.CodeActionTriggerKind.Automatic
        if _wanted(kind, only) and not by_itself and any(found.applicability == SAFE for found in self.found):
            yield from self._offered("all", lsp.CodeAction("Make all safe fixes of sessionize", kind))

    def _quick_fixes(self, uri: str, within: lsp.Range) -> Iterator[lsp.CodeAction]:
        fixes: dict[int, list[Diagnostic]] = defaultdict(list)
        rows: dict[tuple[int, int], list[Diagnostic]] = defaultdict(list)
        for found in self.found:
            row, cell = found.start.row, _cell(found)
            here = within.start.line < row <= within.end.line + 1 and unquote(self.state.parts[cell - 1].uri) == uri
            if here and not found.unreadable:
                rows[cell, row].append(found)
                if found.fix is not None:
                    fixes[found.fix].append(found)
        for fix, fixed in fixes.items():
            safe = fixed[0].applicability == SAFE
            title = f"Use a shared requests.Session{'' if safe else ' (unsafe)'}"
            shown = list(map(self._shown, fixed))
            yield from self._offered(fix, lsp.CodeAction(title, QUICK_FIX, shown, safe))
        for place, silent in rows.items():
            if place in self.comments():
                shown = list(map(self._shown, silent))
                yield from self._offered(place, lsp.CodeAction("Disable for this line", QUICK_FIX, shown))

    def _offered(self, what: Any, action: lsp.CodeAction) -> Iterator[lsp.CodeAction]:
        """An action with its edit, or with what it takes to ask for that; nothing if there is nothing to edit."""
        if self.client.resolves:
            action.data = {"uri": self.state.uri, "state": self.state.mark, "what": what}
            yield action
        elif (edit := self.edit(what)) is not None:
            action.edit = edit
            yield action

    def edit(self, what: Any) -> lsp.WorkspaceEdit | None:
        """The edit of an action: a fix by its number, a comment by its part and row, or all safe fixes."""
        edits: Iterable[Edit]
        match what:
            case int():
                edits = self.fixes().get(what, ())
            case [cell, row]:
                edits = [self.comments()[cell, row]]
            case _:
                edits = self._all_fixes()
        changes: dict[Part, list[lsp.TextEdit]] = defaultdict(list)
        for edit in edits:
            changes[self.state.parts[_cell(edit) - 1]].append(lsp.TextEdit(self._range(edit), edit.content))
        if not changes:
            return None
        if not self.client.versions:
            return lsp.WorkspaceEdit({part.uri: texts for part, texts in changes.items()})
        return lsp.WorkspaceEdit(
            document_changes=[
                lsp.TextDocumentEdit(lsp.OptionalVersionedTextDocumentIdentifier(part.uri, part.version), texts)
                for part, texts in changes.items()
            ]
        )

    def _shown(self, found: Diagnostic) -> lsp.Diagnostic:
        message = f"{found.message}\n{found.help}" if found.help else found.message
        warning = lsp.DiagnosticSeverity.Warning
        return lsp.Diagnostic(self._range(found), message, warning, found.code, source="sessionize")

    def _range(self, found: Diagnostic | Edit) -> lsp.Range:
        """Where something stands, in the units of the client."""
        lines, units = self.lines[_cell(found) - 1], self.client.units
        ends = []
        for place in (found.start, found.end):
            if place.row <= len(lines):
                ends.append(lsp.Position(place.row - 1, units(lines[place.row - 1][: place.column - 1])))
            else:  # behind a last line that does not end
                ended = not lines or lines[-1].endswith(("\n", "\r"))
                ends.append(lsp.Position(len(lines), 0) if ended else lsp.Position(len(lines) - 1, units(lines[-1])))
        return lsp.Range(*ends)


def _cell(found: Diagnostic | Edit) -> int:
    """The number of the part in which something stands, from 1 on."""
    return found.cell or 1


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a kind of action is among those that are asked for: `source.fixAll` is a `source`."""
    return only is None or any(f"{kind}.".startswith(f"{asked}.") for asked in only)


def read_around() -> Surroundings:
    """The projects of files as they are now, each read when it is first asked for; several threads may ask."""
    projects, one = Projects(), threading.Lock()

    def patches(filename: str, text: str, names: frozenset[str]) -> Sequence[Patch]:
        with one:
            return projects.patches(filename, text, names)

    def taken(filename: str) -> frozenset[str]:
        with one:
            return projects.taken(filename)

    return Surroundings(patches, taken)


class Server(LanguageServer):
    def __init__(self) -> None:
        cells = lsp.NotebookDocumentFilterWithNotebook("*", [lsp.NotebookCellLanguage("python")])
        notebooks = lsp.NotebookDocumentSyncOptions([cells])
        super().__init__("sessionize", __version__, lsp.TextDocumentSyncKind.Full, notebooks)
        self.checked: dict[str, Checked] = {}
        self.turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.last: dict[str, object] = {}  # what came last, of what comes in numbers
        self.told = ""  # the last message about the settings
        self.around = UNKNOWN

    @property
    def client(self) -> Client:
        def can(what: str) -> Any:
            return get_capability(self.client_capabilities, what)

        resolved = can("text_document.code_action.resolve_support.properties") or ()
        return Client(
            self.workspace.position_codec.client_num_units,
            versions=bool(can("workspace.workspace_edit.document_changes")),
            resolves="edit" in resolved and bool(can("text_document.code_action.data_support")),
            pulls=can("text_document.diagnostic") is not None,
            refreshes=bool(can("workspace.diagnostics.refresh_support")),
        )

    def state(self, uri: str) -> State | None:
        """The file or notebook with that URI, or the notebook with that cell, as it is now; None if it is not open."""
        known = self.workspace
        notebook = known.get_notebook_document(notebook_uri=uri) or known.get_notebook_document(cell_uri=uri)
        uris = [uri] if notebook is None else [cell.document for cell in notebook.cells]
        documents = [known.get_text_document(each) for each in uris]
        parts = [Part(each.uri, each.version, each.source) for each in documents if each.version is not None]
        if len(parts) < len(uris):  # pygls would read it from the disk
            return None
        return State(parts[0].uri if notebook is None else notebook.uri, tuple(parts), notebook is not None)

    async def work(self, uri: str, job: Callable[[Checked], _T]) -> _T | None:
        """What a job makes of a document as it is now; None if it is not open, or has changed by the end.

        Where the client loses interest, the job goes on, so that the next one waits for it.
        """
        state = self.state(uri)
        return None if state is None else await asyncio.shield(self._work(state, job))

    async def _work(self, state: State, job: Callable[[Checked], _T]) -> _T | None:
        def done() -> tuple[Checked, _T]:
            checked = self._look(state, self.around)
            return checked, job(checked)

        async with self.turns[state.uri]:
            if self.state(state.uri) != state:
                return None
            checked, result = await asyncio.to_thread(done)
            if self.state(state.uri) != state:
                return None
            self.checked[state.uri] = checked
        if checked.trouble and checked.trouble != self.told:
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"sessionize: {checked.trouble}"))
        self.told = checked.trouble
        return result

    def _look(self, state: State, around: Surroundings) -> Checked:
        checked = self.checked.get(state.uri)
        is_file = state.uri.startswith("file:")  # what is none has no project around it
        around, read = (around, read_around) if is_file else (UNKNOWN, Surroundings)
        if checked is not None and (checked.state, checked.around) == (state, around):
            return checked
        path = Path(self.workspace.root_path or "", path_of(state.uri))
        try:
            around_path = loaded(str(path.parent), SettingsOptions())
        except ConfigError as error:
            return Checked(self.client, state, around, read, None, trouble=str(error))
        settings, origin = around_path.settings, around_path.file
        root = Path(self.workspace.root_path or path.parent) if origin is None else origin.parent
        excluded = any(matches(str(path), each, root=root) for each in (*settings.exclude, *settings.extend_exclude))
        name = str(path)
        if state.is_notebook:
            name = name.removesuffix(NOTEBOOK) + NOTEBOOK
        elif name.endswith(NOTEBOOK):  # its JSON
            excluded = True
        return Checked(self.client, state, around, read, None if excluded else name, settings)

    async def publish(self, uri: str) -> None:
        """Publishes what is found in a document, unless the client asks for it; it does for files only."""
        state = self.state(uri)
        if state is not None and (state.is_notebook or not self.client.pulls):
            for part, shown in await self.work(uri, lambda checked: list(checked.diagnostics())) or ():
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(part.uri, shown, part.version))

    def forget(self, uris: Iterable[str]) -> None:
        """Takes back what was published."""
        for uri in uris:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        self.checked = {uri: checked for uri, checked in self.checked.items() if self.state(uri) is not None}

    async def is_last(self, what: str) -> bool:
        """Whether what has come is not followed by more of its kind."""
        mine = self.last[what] = object()
        await asyncio.sleep(PAUSE)
        return self.last[what] is mine


def path_of(uri: str) -> str:
    """The path in a URI, any character of which a client may leave unquoted."""
    _, _, path = unquote(uri).partition(":")
    return to_fs_path(f"file:{quote(path)}") or ""


# --- what the client says ---------------------------------------------------------------------------------------------


def initialized(server: Server, _params: lsp.InitializedParams) -> None:
    server.around = read_around()
    if get_capability(server.client_capabilities, "workspace.did_change_watched_files.dynamic_registration"):
        watchers = [lsp.FileSystemWatcher(f"**/{name}") for name in (*FILES, "*.py")]
        watch = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
        server.client_register_capability(lsp.RegistrationParams([lsp.Registration("files", method, watch)]))


async def opened(server: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    await server.publish(params.text_document.uri)


async def changed(server: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    if await server.is_last(params.text_document.uri):
        await server.publish(params.text_document.uri)


def closed(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    server.forget([] if server.client.pulls else [params.text_document.uri])


async def notebook_opened(server: Server, params: lsp.DidOpenNotebookDocumentParams) -> None:
    await server.publish(params.notebook_document.uri)


async def notebook_changed(server: Server, params: lsp.DidChangeNotebookDocumentParams) -> None:
    cells = params.change.cells
    if cells is not None and cells.structure is not None:
        server.forget(cell.uri for cell in cells.structure.did_close or ())
    if await server.is_last(params.notebook_document.uri):
        await server.publish(params.notebook_document.uri)


def notebook_closed(server: Server, params: lsp.DidCloseNotebookDocumentParams) -> None:
    server.forget(cell.uri for cell in params.cell_text_documents)


async def files_changed(
    server: Server, _params: lsp.DidSaveTextDocumentParams | lsp.DidChangeWatchedFilesParams
) -> None:
    server.around = read_around()
    if await server.is_last("files"):  # most editors tell of a save in both ways
        if server.client.refreshes:
            server.workspace_diagnostic_refresh(None)
        states = [server.state(document.uri) for document in server.workspace.text_documents.values()]
        await asyncio.gather(*(server.publish(uri) for uri in {state.uri for state in states if state is not None}))


async def asked(server: Server, params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
    uri = params.text_document.uri
    state = server.state(uri)
    if state is None or state.is_notebook:
        return lsp.RelatedFullDocumentDiagnosticReport([])
    for part, shown in await server.work(uri, lambda checked: list(checked.diagnostics())) or ():
        return lsp.RelatedFullDocumentDiagnosticReport(shown, result_id=str(part.version))
    if params.previous_result_id is not None:
        return lsp.RelatedUnchangedDocumentDiagnosticReport(params.previous_result_id)
    return lsp.RelatedFullDocumentDiagnosticReport([])


async def actions(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
    return await server.work(params.text_document.uri, lambda checked: list(checked.actions(params)))


async def resolved(server: Server, action: lsp.CodeAction) -> lsp.CodeAction:
    """An action with its edit, or without one if it was offered for another state of its document."""
    if (data := action.data) is not None:
        action.edit = await server.work(
            data["uri"], lambda checked: checked.edit(data["what"]) if checked.state.mark == data["state"] else None
        )
    return action


ALONE = lsp.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier="sessionize")
KINDS = lsp.CodeActionOptions([QUICK_FIX, FIX_ALL, FIX_NOTEBOOK], resolve_provider=True)
FEATURES: list[tuple[str, Callable[..., Any], Any]] = [
    (lsp.INITIALIZED, initialized, None),
    (lsp.TEXT_DOCUMENT_DID_OPEN, opened, None),
    (lsp.TEXT_DOCUMENT_DID_CHANGE, changed, None),
    (lsp.TEXT_DOCUMENT_DID_CLOSE, closed, None),
    (lsp.NOTEBOOK_DOCUMENT_DID_OPEN, notebook_opened, None),
    (lsp.NOTEBOOK_DOCUMENT_DID_CHANGE, notebook_changed, None),
    (lsp.NOTEBOOK_DOCUMENT_DID_CLOSE, notebook_closed, None),
    (lsp.TEXT_DOCUMENT_DID_SAVE, files_changed, None),
    (lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, files_changed, None),
    (lsp.TEXT_DOCUMENT_DIAGNOSTIC, asked, ALONE),
    (lsp.TEXT_DOCUMENT_CODE_ACTION, actions, KINDS),
    (lsp.CODE_ACTION_RESOLVE, resolved, None),
]


def make() -> Server:
    """A server that has not started."""
    threading.stack_size(STACK)
    server = Server()
    for method, handler, options in FEATURES:
        server.feature(method, options)(handler)
    return server
