"""A checked document in the words of the protocol: diagnostics, code actions and edits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from lsprotocol import types as lsp

from sessionize.editor.checked import Checked, part_of
from sessionize.editor.states import Client, Part
from sessionize.engine.results import Diagnostic, Edit
from sessionize.fixes.outcome import SAFE

QUICK_FIX = lsp.CodeActionKind.QuickFix.value
FIX_ALL = "source.fixAll.sessionize"
FIX_NOTEBOOK = f"notebook.{FIX_ALL}"  # asked for once, and not for each cell


class Answers:
    """The answers for a document to a client."""

    def __init__(self, checked: Checked, client: Client) -> None:
        self.checked = checked
        self.state = checked.state
        self.client = client

    def diagnostics(self) -> Iterator[tuple[Part, list[lsp.Diagnostic]]]:
        """The findings in each part, but in those that do not parse."""
        for cell, part in enumerate(self.state.parts, 1):
            found = [each for each in self.checked.found if part_of(each) == cell]
            if not any(each.unreadable for each in found):
                yield part, list(map(self._shown, found))

    def actions(self, params: lsp.CodeActionParams) -> Iterator[lsp.CodeAction]:
        """The actions for the findings on some lines, and for all."""
        only, trigger = params.context.only, params.context.trigger_kind
        if _wanted(QUICK_FIX, only):
            yield from self._quick_fixes(unquote(params.text_document.uri), params.range)
        kind = FIX_NOTEBOOK if self.state.is_notebook else FIX_ALL
        # What an editor asks for by itself, on every move of the cursor, has to be quick.
        by_itself = only is None and trigger == lsp.CodeActionTriggerKind.Automatic
        if _wanted(kind, only) and not by_itself and any(found.applicability == SAFE for found in self.checked.found):
            yield from self._offered("all", lsp.CodeAction("Make all safe fixes of sessionize", kind))

    def _quick_fixes(self, uri: str, within: lsp.Range) -> Iterator[lsp.CodeAction]:
        fixes: dict[str, list[Diagnostic]] = defaultdict(list)
        rows: dict[tuple[int, int], list[Diagnostic]] = defaultdict(list)
        for found in self.checked.found:
            row, cell = found.start.row, part_of(found)
            here = within.start.line < row <= within.end.line + 1 and unquote(self.state.parts[cell - 1].uri) == uri
            if here and not found.unreadable:
                rows[cell, row].append(found)
                if found.fix is not None:
                    fixes[found.fix].append(found)
        for fix, fixed in fixes.items():
            safe = fixed[0].applicability == SAFE
            title = f"Use a shared {fixed[0].session}{'' if safe else ' (unsafe)'}"
            shown = list(map(self._shown, fixed))
            yield from self._offered(fix, lsp.CodeAction(title, QUICK_FIX, shown, safe))
        for place, silent in rows.items():
            if place in self.checked.comments():
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
        """The edit of an action (see `Checked.edits`); None if there is nothing to edit."""
        changes: dict[Part, list[lsp.TextEdit]] = defaultdict(list)
        for edit in self.checked.edits(what):
            changes[self.state.parts[part_of(edit) - 1]].append(lsp.TextEdit(self._range(edit), edit.content))
        if not changes:
            return None
        if not self.client.versions:
            return lsp.WorkspaceEdit({part.uri: texts for part, texts in changes.items()})
        edits = []
        for part, texts in changes.items():
            version = lsp.OptionalVersionedTextDocumentIdentifier(part.uri, part.version)
            edits.append(lsp.TextDocumentEdit(version, texts))
        return lsp.WorkspaceEdit(document_changes=edits)

    def _shown(self, found: Diagnostic) -> lsp.Diagnostic:
        message = f"{found.message}\n{found.help}" if found.help else found.message
        warning = lsp.DiagnosticSeverity.Warning
        return lsp.Diagnostic(self._range(found), message, warning, found.code, source="sessionize")

    def _range(self, found: Diagnostic | Edit) -> lsp.Range:
        """Where something stands, in the units of the client."""
        lines, units = self.checked.lines[part_of(found) - 1], self.client.units
        ends = []
        for place in (found.start, found.end):
            if place.row <= len(lines):
                ends.append(lsp.Position(place.row - 1, units(lines[place.row - 1][: place.column - 1])))
            else:  # behind a last line that does not end
                ends.append(lsp.Position(len(lines) - 1, units(lines[-1])))
        return lsp.Range(*ends)


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """True if a kind of action is among those that are asked for: `source.fixAll` is a `source`."""
    return only is None or any(f"{kind}.".startswith(f"{asked}.") for asked in only)
