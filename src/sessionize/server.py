"""A language server: findings as one types, and their fixes as code actions. Needs pygls, which nothing else imports.

The text of a document is sent whole on every change: pygls counts the lines of partial changes by `str.splitlines`, to
which form feeds end a line, too. Where a file does not parse, as it does not while one types, what was found stays.

What tests replace by name is read once and again when a file changes on disk, as far as an editor tells; and before all
safe fixes are made at once, which nobody looks at one by one.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from sessionize import __version__, layout
from sessionize.config import FILES, Settings
from sessionize.engine import Diagnostic, Edit, check_source, fix_source, line_edits
from sessionize.fix import SAFE
from sessionize.noqa import commented
from sessionize.patches import PatchesFor, find
from sessionize.project import Projects
from sessionize.run import in_force
from sessionize.source import matches

PAUSE = 0.1  # seconds without a change, after which a document is checked
FIX_ALL = "source.fixAll.sessionize"


@dataclass(frozen=True, slots=True)
class Checked:
    """One state of a document, and what was found in it."""

    version: int | None
    text: str
    name: str
    settings: Settings
    found: tuple[Diagnostic, ...]


class Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("sessionize", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.checked: dict[str, Checked] = {}
        self.told = ""  # the last message about the settings
        self.projects = Projects()

    def around(self) -> Projects:
        """What the tests of the folder that is open replace by name, as they are now."""
        root = self.workspace.root_path
        return Projects([Path(root)] if root else [])

    def patches(self, uri: str, projects: Projects) -> PatchesFor:
        """What concerns a document: one that is no file has no tests around it."""
        return projects.patches if uri.startswith("file:") else find

    def check(self, uri: str) -> None:
        """Publishes what is found in a document."""
        document = self.workspace.get_text_document(uri)
        checked = self.look(document)
        if any(found.unreadable for found in checked.found):
            self.checked.pop(uri, None)
            return
        self.checked[uri] = checked
        lines = layout.lines(checked.text)
        shown = [self.shown(lines, found) for found in checked.found]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown, document.version))

    def look(self, document: TextDocument) -> Checked:
        name, settings = self.settings(Path(document.path))
        text = document.source
        wanted = name is not None and "requests" in unicodedata.normalize("NFKC", text)
        found = (
            check_source(text, name or "", settings, patches=self.patches(document.uri, self.projects))
            if wanted
            else ()
        )
        return Checked(document.version, text, name or "", settings, found)

    def settings(self, path: Path) -> tuple[str | None, Settings]:
        """What to call a file, and its settings; no name if it is not to be checked."""
        try:
            loaded = in_force(str(path.parent), None, {}, isolated=False, baseline=True)
        except click.ClickException as error:
            if str(error) != self.told:
                self.told = str(error)
                self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"sessionize: {error}"))
            return None, Settings()
        self.told = ""
        settings, origin = loaded.settings, loaded.file
        root = Path(self.workspace.root_path or path.parent) if origin is None else origin.parent
        excluded = (*settings.exclude, *settings.extend_exclude)
        if path.suffix == ".ipynb" or any(matches(str(path), pattern, root=root) for pattern in excluded):
            return None, settings
        return str(path), settings

    def shown(self, lines: Sequence[str], found: Diagnostic) -> lsp.Diagnostic:
        message = f"{found.message}\n{found.help}" if found.help else found.message
        return lsp.Diagnostic(
            self.span(lines, found), message, lsp.DiagnosticSeverity.Warning, found.code, source="sessionize"
        )

    def span(self, lines: Sequence[str], found: Diagnostic | Edit) -> lsp.Range:
        """Where something stands, in the units of the client."""
        units = self.workspace.position_codec.client_num_units
        ends = []
        for place in (found.start, found.end):
            if place.row <= len(lines):
                ends.append(lsp.Position(place.row - 1, units(lines[place.row - 1][: place.column - 1])))
            else:  # behind a last line that does not end
                ended = not lines or lines[-1].endswith(("\n", "\r"))
                ends.append(lsp.Position(len(lines), 0) if ended else lsp.Position(len(lines) - 1, units(lines[-1])))
        return lsp.Range(*ends)

    def edit(self, uri: str, text: str, edits: Iterable[Edit]) -> lsp.WorkspaceEdit:
        lines = layout.lines(text)
        return lsp.WorkspaceEdit({uri: [lsp.TextEdit(self.span(lines, edit), edit.content) for edit in edits]})

    def actions(self, uri: str, within: lsp.Range) -> Iterable[lsp.CodeAction]:
        """The quick fixes for the findings on some lines."""
        checked = self.checked[uri]
        here = [f for f in checked.found if within.start.line < f.start.row <= within.end.line + 1]
        if any(found.applicability for found in here):
            rows = {found.start.row for found in here}
            patches = self.patches(uri, self.projects)
            again = check_source(checked.text, checked.name, checked.settings, with_edits=True, patches=patches)
            here = [found for found in again if found.start.row in rows]
        lines = layout.lines(checked.text)
        for edits in dict.fromkeys(found.edits for found in here if found.edits):
            fixed = [found for found in here if found.edits == edits]
            safe = fixed[0].applicability == SAFE
            yield lsp.CodeAction(
                f"Use a shared requests.Session{'' if safe else ' (unsafe)'}",
                lsp.CodeActionKind.QuickFix,
                [self.shown(lines, found) for found in fixed],
                safe,
                edit=self.edit(uri, checked.text, edits),
            )
        for row in sorted({found.start.row for found in here}):
            silent = [found for found in here if found.start.row == row]
            after = commented(checked.text, {row: {found.code for found in silent}})
            if after != checked.text:
                yield lsp.CodeAction(
                    "Disable for this line",
                    lsp.CodeActionKind.QuickFix,
                    [self.shown(lines, found) for found in silent],
                    edit=self.edit(uri, checked.text, line_edits(checked.text, after)),
                )

    def fix_all(self, uri: str) -> Iterable[lsp.CodeAction]:
        """All safe fixes of a document at once."""
        checked = self.checked[uri]
        settings = replace(checked.settings, unsafe_fixes=False)
        patches = self.patches(uri, self.around())
        after = fix_source(checked.text, checked.name, settings, patches=patches).after
        if after is not None:
            edit = self.edit(uri, checked.text, line_edits(checked.text, after))
            yield lsp.CodeAction("Make all safe fixes of sessionize", FIX_ALL, edit=edit)


def make() -> Server:
    """A server that has not started."""
    server = Server()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        await asyncio.sleep(PAUSE)
        now = server.workspace.text_documents.get(params.text_document.uri)
        if now is not None and now.version == params.text_document.version:
            server.check(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        server.checked.pop(params.text_document.uri, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(lsp.INITIALIZED)
    def initialized(_params: lsp.InitializedParams) -> None:
        server.projects = server.around()
        files = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
        if files and files.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(f"**/{name}") for name in (*FILES, "*.py")]
            watch = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
            server.client_register_capability(lsp.RegistrationParams([lsp.Registration("files", method, watch)]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(_params: lsp.DidSaveTextDocumentParams | lsp.DidChangeWatchedFilesParams) -> None:
        now = server.projects = server.around()
        await asyncio.sleep(PAUSE)  # most editors tell of a save in both ways
        if server.projects is now:
            for uri in list(server.workspace.text_documents):
                server.check(uri)

    kinds = lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, FIX_ALL])

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def code_actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri, context = params.text_document.uri, params.context
        document = server.workspace.text_documents.get(uri)
        if document is not None and (uri not in server.checked or server.checked[uri].version != document.version):
            server.check(uri)
        if uri not in server.checked:
            return []
        asked = context.only
        found: list[lsp.CodeAction] = []
        if asked is None or any(_within("quickfix", kind) for kind in asked):
            found += server.actions(uri, params.range)
        # What an editor asks for by itself, on every move of the cursor, has to be quick.
        by_itself = asked is None and context.trigger_kind == lsp.CodeActionTriggerKind.Automatic
        if not by_itself and (asked is None or any(_within(FIX_ALL, kind) for kind in asked)):
            found += server.fix_all(uri)
        return found

    return server


def _within(kind: str, asked: str) -> bool:
    """Whether a kind of action is of the kind that is asked for: `source.fixAll` is a `source`."""
    return f"{kind}.".startswith(f"{asked}.")
