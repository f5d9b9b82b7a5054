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
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.capabilities import get_capability
from pygls.lsp.server import LanguageServer

from sessionize import __version__
from sessionize.editor.answers import FIX_ALL, FIX_NOTEBOOK, QUICK_FIX, Answers
from sessionize.editor.checked import Checked, how_to_check, read_surroundings
from sessionize.editor.states import Client, Part, State
from sessionize.files.settings_files import FILES
from sessionize.library.surroundings import UNKNOWN, Surroundings

PAUSE = 0.1  # seconds without a change, after which a document is checked
STACK = 16 << 20  # bytes: LibCST's parser may need more than some systems give to a thread

_T = TypeVar("_T")


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
        parts = []
        for document in map(known.get_text_document, uris):
            if document.version is None:  # pygls would read it from the disk
                return None
            parts.append(Part(document.uri, document.version, document.source))
        return State(parts[0].uri if notebook is None else notebook.uri, tuple(parts), notebook is not None)

    async def work(self, uri: str, job: Callable[[Answers], _T]) -> _T | None:
        """Does a job with a document as it is now; None if it is not open, or has changed by the end.

        Where the client loses interest, the job goes on, so that the next one waits for it.
        """
        state = self.state(uri)
        return None if state is None else await asyncio.shield(self._work(state, job))

    async def _work(self, state: State, job: Callable[[Answers], _T]) -> _T | None:
        def done() -> tuple[Checked, _T]:
            checked = self._look(state, self.around)
            return checked, job(Answers(checked, self.client))

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
        around, read = (around, read_surroundings) if is_file else (UNKNOWN, Surroundings)
        if checked is not None and (checked.state, checked.around) == (state, around):
            return checked
        return Checked(state, around, read, how_to_check(state, self.workspace.root_path))

    async def publish(self, uri: str) -> None:
        """Publishes what is found in a document, unless the client asks for it; it does for files only."""
        state = self.state(uri)
        if state is not None and (state.is_notebook or not self.client.pulls):
            for part, shown in await self.work(uri, lambda answers: list(answers.diagnostics())) or ():
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(part.uri, shown, part.version))

    def forget(self, documents: Iterable[lsp.TextDocumentIdentifier]) -> None:
        """Takes back what was published."""
        for document in documents:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(document.uri, []))
        self.checked = {uri: checked for uri, checked in self.checked.items() if self.state(uri) is not None}

    async def is_last(self, what: str) -> bool:
        """True unless more of a kind comes within `PAUSE`."""
        mine = self.last[what] = object()
        await asyncio.sleep(PAUSE)
        return self.last[what] is mine


# --- what the client says ---------------------------------------------------------------------------------------------


def initialized(server: Server, _params: lsp.InitializedParams) -> None:
    server.around = read_surroundings()
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
    server.forget([] if server.client.pulls else [params.text_document])


async def notebook_opened(server: Server, params: lsp.DidOpenNotebookDocumentParams) -> None:
    await server.publish(params.notebook_document.uri)


async def notebook_changed(server: Server, params: lsp.DidChangeNotebookDocumentParams) -> None:
    cells = params.change.cells
    if cells is not None and cells.structure is not None:
        server.forget(cells.structure.did_close or ())
    if await server.is_last(params.notebook_document.uri):
        await server.publish(params.notebook_document.uri)


def notebook_closed(server: Server, params: lsp.DidCloseNotebookDocumentParams) -> None:
    server.forget(params.cell_text_documents)


async def files_changed(
    server: Server, _params: lsp.DidSaveTextDocumentParams | lsp.DidChangeWatchedFilesParams
) -> None:
    server.around = read_surroundings()
    if await server.is_last("files"):  # most editors tell of a save in both ways
        if server.client.refreshes:
            server.workspace_diagnostic_refresh(None)
        states = map(server.state, server.workspace.text_documents)
        uris = {state.uri for state in states if state is not None}
        await asyncio.gather(*map(server.publish, uris))


async def asked(server: Server, params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
    uri = params.text_document.uri
    state = server.state(uri)
    if state is None or state.is_notebook:
        return lsp.RelatedFullDocumentDiagnosticReport([])
    for part, shown in await server.work(uri, lambda answers: list(answers.diagnostics())) or ():
        return lsp.RelatedFullDocumentDiagnosticReport(shown, result_id=str(part.version))
    if params.previous_result_id is not None:
        return lsp.RelatedUnchangedDocumentDiagnosticReport(params.previous_result_id)
    return lsp.RelatedFullDocumentDiagnosticReport([])


async def actions(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
    return await server.work(params.text_document.uri, lambda answers: list(answers.actions(params)))


async def resolved(server: Server, action: lsp.CodeAction) -> lsp.CodeAction:
    """An action with its edit, or without one if it was offered for another state of its document."""
    if (data := action.data) is not None:

        def edit(answers: Answers) -> lsp.WorkspaceEdit | None:
            return answers.edit(data["what"]) if answers.state.mark == data["state"] else None

        action.edit = await server.work(data["uri"], edit)
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
