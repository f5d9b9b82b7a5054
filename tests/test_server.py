"""The language server, spoken to by pygls' client: over pipes to this process, and as `python -m sessionize server`."""

import asyncio
import os
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lsprotocol import types as lsp
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from sessionize.cli import cli, main
from sessionize.editor import checked
from sessionize.editor.answers import FIX_ALL, FIX_NOTEBOOK
from sessionize.editor.states import path_of
from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.server import PAUSE, make

SAFE = """\
import requests


def load(urls):
    pages = []
    for url in urls:
        pages.append(requests.get(url).text)
    return pages
"""
UNSAFE = SAFE.replace("for url", "print(locals())\n    for url")
NEVER = 120.0  # seconds after which an answer will not come
# Each takes a fifth of a second to prepare for its messages.
OF_EDITORS, OF_SERVERS = default_converter(), default_converter()  # type: ignore[no-untyped-call]


class Editor(LanguageClient):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("editor", "1", converter_factory=lambda: OF_EDITORS)
        self.published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.messages: list[str] = []
        self.watched: list[str] = []
        self.asked_anew = asyncio.Event()
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        for name, handler in (
            (lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, lambda params: self.published.put_nowait(params)),  # noqa: PLW0108
            (lsp.WINDOW_SHOW_MESSAGE, lambda params: self.messages.append(params.message)),
            (
                lsp.CLIENT_REGISTER_CAPABILITY,
                lambda params: self.watched.extend(r.method for r in params.registrations),
            ),
            (lsp.WORKSPACE_DIAGNOSTIC_REFRESH, lambda _: self.asked_anew.set()),
        ):
            self.feature(name)(handler)

    async def begin(
        self, root: Path, *encodings: str, watches: bool = False, modern: bool = False, pulls: bool = False
    ) -> lsp.InitializeResult:
        """modern: it takes edits for a version, and asks for them when an action is chosen."""
        later = lsp.ClientCodeActionResolveOptions(["edit"])
        capabilities = lsp.ClientCapabilities(
            general=lsp.GeneralClientCapabilities(position_encodings=list(encodings) or None),
            workspace=lsp.WorkspaceClientCapabilities(
                did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=watches),
                workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=modern),
                diagnostics=lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=pulls),
            ),
            text_document=lsp.TextDocumentClientCapabilities(
                code_action=lsp.CodeActionClientCapabilities(data_support=True, resolve_support=later)
                if modern
                else None,
                diagnostic=lsp.DiagnosticClientCapabilities() if pulls else None,
            ),
            notebook_document=lsp.NotebookDocumentClientCapabilities(lsp.NotebookDocumentSyncClientCapabilities()),
        )
        result = await self.initialize_async(lsp.InitializeParams(capabilities, root_uri=root.as_uri()))
        self.initialized(lsp.InitializedParams())
        return result

    async def end(self) -> None:
        await self.shutdown_async(None)
        self.exit(None)

    def open(self, path: Path | str, text: str) -> str:
        uri = path.as_uri() if isinstance(path, Path) else path
        self.texts[uri], self.versions[uri] = text, 1
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "python", 1, text)))
        return uri

    def change(self, uri: str, text: str, version: int | None = None) -> None:
        self.texts[uri], self.versions[uri] = text, version or self.versions[uri] + 1
        document = lsp.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    def close(self, uri: str) -> None:
        self.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    async def diagnostics(self) -> list[lsp.Diagnostic]:
        return list((await asyncio.wait_for(self.published.get(), NEVER)).diagnostics)

    async def silence(self, uri: str) -> None:
        """Asserts that nothing has been published: an answer to a later question is there, and no diagnostics."""
        await self.actions(uri, 0)
        assert self.published.empty()

    async def pull(self, uri: str, known: str | None = None) -> tuple[str | None, list[int | str | None] | None]:
        """The name of a result, and the codes of what is found; None if that is what is known."""
        params = lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(uri), previous_result_id=known)
        report = await self.text_document_diagnostic_async(params)
        if isinstance(report, lsp.RelatedUnchangedDocumentDiagnosticReport):
            return report.result_id, None
        return report.result_id, [found.code for found in report.items]

    async def action(self, uri: str, line: int, *only: str) -> lsp.CodeAction | None:
        """The first action, with its edit, if there is one."""
        for action in (await self.actions(uri, line, *only)).values():
            return action if action.edit is not None else await self.code_action_resolve_async(action)
        return None

    async def actions(
        self, uri: str, line: int, *only: str, kind: lsp.CodeActionTriggerKind | None = None
    ) -> dict[str, lsp.CodeAction]:
        place = lsp.Position(line, 0)
        context = lsp.CodeActionContext([], list(only) or None, kind)
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), lsp.Range(place, place), context)
        found = await self.text_document_code_action_async(params) or []
        actions = [action for action in found if isinstance(action, lsp.CodeAction)]
        assert len(actions) == len(found)
        return {action.title: action for action in actions}

    def applied(self, uri: str, action: lsp.CodeAction) -> str:
        """The text after an action; columns count UTF-16 units."""
        assert action.edit is not None
        changes = dict(action.edit.changes or {})
        for change in action.edit.document_changes or ():
            assert isinstance(change, lsp.TextDocumentEdit)
            assert change.text_document.version == self.versions[change.text_document.uri]
            changes[change.text_document.uri] = [edit for edit in change.edits if isinstance(edit, lsp.TextEdit)]
        lines = self.texts[uri].split("\n")

        def offset(place: lsp.Position) -> int:
            if place.line >= len(lines):
                return len(self.texts[uri])
            units = lines[place.line].encode("utf-16-le")[: 2 * place.character].decode("utf-16-le")
            return sum(len(line) + 1 for line in lines[: place.line]) + len(units)

        text = self.texts[uri]
        for edit in reversed(changes[uri]):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text


@asynccontextmanager
async def editing(root: Path, *encodings: str, **can: bool) -> AsyncIterator[Editor]:
    """An editor and a server in another thread."""
    server, editor = make(), Editor()  # one after the other: lsprotocol prepares its types for both
    server.protocol._converter = OF_SERVERS
    to_server, from_client = os.pipe()
    to_client, from_server = os.pipe()
    with os.fdopen(to_server, "rb") as server_in, os.fdopen(from_server, "wb") as server_out:
        thread = threading.Thread(target=server.start_io, args=(server_in, server_out))
        thread.start()
        with os.fdopen(to_client, "rb") as client_in, os.fdopen(from_client, "wb") as client_out:
            editor.protocol.set_writer(StdoutWriter(client_out))
            reader = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(reader)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, client_in)
            listening = asyncio.create_task(run_async(threading.Event(), reader, editor.protocol))
            await editor.begin(root, *encodings, **can)
            yield editor
            await editor.end()
            await listening
            transport.close()
        await asyncio.to_thread(thread.join, NEVER)
        assert not thread.is_alive()


def talk(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), NEVER))


@pytest.mark.slow
def test_program(tmp_path: Path) -> None:
    """The whole conversation with the program itself."""

    async def scenario() -> None:
        editor = Editor()
        await editor.start_io(sys.executable, "-m", "sessionize", "server")
        assert editor._server is not None
        result = await editor.begin(tmp_path)
        assert result.server_info == lsp.ServerInfo("sessionize", "0.1.0")
        uri = editor.open(tmp_path / "load.py", SAFE)
        (found,) = await editor.diagnostics()
        assert (found.code, found.source, found.severity) == ("RQS101", "sessionize", lsp.DiagnosticSeverity.Warning)
        assert found.range == lsp.Range(lsp.Position(6, 21), lsp.Position(6, 33))
        action = (await editor.actions(uri, 6))["Use a shared requests.Session"]
        fixed = editor.applied(uri, action)
        assert fixed == fix_source(SAFE).after
        editor.change(uri, fixed)
        assert await editor.diagnostics() == []
        await editor.end()
        assert await asyncio.wait_for(editor._server.wait(), NEVER) == 0

    talk(scenario)


def test_without_pygls(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "sessionize.server")
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    monkeypatch.setattr(sys, "argv", ["sessionize", "server"])
    assert main() == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "sessionize: pygls is missing: install sessionize with the extra `server`\n")


def test_ends_with_its_input() -> None:
    result = CliRunner().invoke(cli, ["server"], input=b"", standalone_mode=False)
    assert (result.return_value, result.output) == (0, "")


def test_safe_fix_is_preferred(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            (found,) = await editor.diagnostics()
            actions = await editor.actions(uri, 6)
            assert list(actions) == [
                "Use a shared requests.Session",
                "Disable for this line",
                "Make all safe fixes of sessionize",
            ]
            action = actions["Use a shared requests.Session"]
            assert (action.is_preferred, action.kind) == (True, "quickfix")
            assert list(action.diagnostics or ()) == [found]
            assert editor.applied(uri, action) == fix_source(SAFE).after

    talk(scenario)


def test_unsafe_fix_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", UNSAFE)
            await editor.diagnostics()
            actions = await editor.actions(uri, 7)
            assert list(actions) == ["Use a shared requests.Session (unsafe)", "Disable for this line"]
            action = actions["Use a shared requests.Session (unsafe)"]
            assert action.is_preferred is False
            assert editor.applied(uri, action) == fix_source(UNSAFE, settings=Settings(unsafe_fixes=True)).after

    talk(scenario)


def test_fix_all_makes_the_safe_fixes(tmp_path: Path) -> None:
    text = SAFE + UNSAFE.partition("\n\n\n")[2].replace("load", "dump")
    (tmp_path / "pyproject.toml").write_text("[tool.sessionize]\nunsafe-fixes = true\n")

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            assert len(await editor.diagnostics()) == 2
            for only in ("source", "source.fixAll", FIX_ALL):
                ((title, action),) = (await editor.actions(uri, 0, only)).items()
                assert (title, action.kind) == ("Make all safe fixes of sessionize", FIX_ALL)
                assert editor.applied(uri, action) == fix_source(text).after

    talk(scenario)


@pytest.mark.parametrize(
    ("only", "automatic", "expected"),
    [
        (["quickfix"], False, {"Use a shared requests.Session", "Disable for this line"}),
        (["quickfix.other"], False, set()),
        (["refactor"], False, set()),
        (["source.fixAllOther"], False, set()),
        ([], True, {"Use a shared requests.Session", "Disable for this line"}),
    ],
)
def test_only_what_is_asked_for(tmp_path: Path, only: list[str], automatic: bool, expected: set[str]) -> None:
    kind = lsp.CodeActionTriggerKind.Automatic if automatic else lsp.CodeActionTriggerKind.Invoked

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            await editor.diagnostics()
            assert set(await editor.actions(uri, 6, *only, kind=kind)) == expected

    talk(scenario)


def test_no_quick_fix_on_other_lines(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            await editor.diagnostics()
            assert await editor.actions(uri, 5, "quickfix") == {}

    talk(scenario)


def test_disabled_line_is_not_reported(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            await editor.diagnostics()
            after = editor.applied(uri, (await editor.actions(uri, 6))["Disable for this line"])
            assert after == SAFE.replace("(url).text)", "(url).text)  # noqa: RQS101")
            editor.change(uri, after)
            assert await editor.diagnostics() == []

    talk(scenario)


def test_line_without_room_for_a_comment(tmp_path: Path) -> None:
    text = SAFE.replace("requests.get(url).text", "requests.get(url).text + '# noqa: E501'")

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            await editor.diagnostics()
            assert list(await editor.actions(uri, 6, "quickfix")) == ["Use a shared requests.Session"]

    talk(scenario)


def test_refusal_tells_why(tmp_path: Path) -> None:
    text = "import requests\nfor url in urls:\n    requests.get(url, 1, 2)\n"

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            (found,) = await editor.diagnostics()
            assert "Not fixed: it passes more positional arguments" in found.message
            assert list(await editor.actions(uri, 2)) == ["Disable for this line"]

    talk(scenario)


@pytest.mark.parametrize(("encoding", "column"), [("utf-16", 20), ("utf-8", 22), ("utf-32", 19), ("", 20)])
def test_columns_count_what_the_client_counts(tmp_path: Path, encoding: str, column: int) -> None:
    text = "import requests\nfor url in urls:\n    show('\N{SNAKE}', page=requests.get(url))\n"

    async def scenario() -> None:
        async with editing(tmp_path, *filter(None, [encoding])) as editor:
            editor.open(tmp_path / "load.py", text)
            (found,) = await editor.diagnostics()
            assert found.range.start == lsp.Position(2, column)
            assert found.range.end == lsp.Position(2, column + 12)

    talk(scenario)


@pytest.mark.parametrize("text", [SAFE.replace("\n", "\r\n"), SAFE[:-1], "\f\n" + SAFE, "#\N{LINE SEPARATOR}\n" + SAFE])
def test_lines_of_any_kind(tmp_path: Path, text: str) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", "")
            await editor.diagnostics()
            editor.change(uri, text)
            (found,) = await editor.diagnostics()
            row = text[: text.index("requests.get")].count("\n")
            assert found.range.start.line == row
            action = (await editor.actions(uri, row))["Use a shared requests.Session"]
            assert editor.applied(uri, action) == fix_source(text).after

    talk(scenario)


def test_last_line_without_end(tmp_path: Path) -> None:
    text = "import requests\nfor url in urls: requests.get(url)"

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            await editor.diagnostics()
            action = (await editor.actions(uri, 1))["Use a shared requests.Session"]
            assert action.edit is not None
            assert action.edit.changes is not None
            assert max(edit.range.end.line for edit in action.edit.changes[uri]) == 1
            assert editor.applied(uri, action) == fix_source(text).after

    talk(scenario)


def test_what_was_found_stays_while_the_file_does_not_parse(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            editor.change(uri, SAFE + "def (")
            await editor.silence(uri)
            assert await editor.actions(uri, 6) == {}
            editor.change(uri, "import requests\n", 3)
            assert await editor.diagnostics() == []

    talk(scenario)


def test_only_the_last_of_many_changes_is_checked(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            await editor.diagnostics()
            for version in range(2, 7):
                editor.change(uri, SAFE + "#" * version, version)
            last = await asyncio.wait_for(editor.published.get(), NEVER)
            assert (last.version, len(last.diagnostics)) == (6, 1)
            editor.close(uri)
            assert await editor.diagnostics() == []

    talk(scenario)


def test_actions_are_for_the_text_as_it_is_now(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            editor.change(uri, "#\n" + SAFE)
            assert await editor.actions(uri, 6, "quickfix") == {}
            action = (await editor.actions(uri, 7))["Use a shared requests.Session"]
            assert editor.applied(uri, action) == fix_source("#\n" + SAFE).after

    talk(scenario)


def test_change_of_a_document_that_is_closed_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            editor.change(uri, "#\n" + SAFE)
            editor.close(uri)
            assert await editor.diagnostics() == []
            await asyncio.sleep(2 * PAUSE)
            await editor.silence(uri)

    talk(scenario)


def test_closed_document_has_no_findings(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            editor.close(uri)
            assert await editor.diagnostics() == []
            assert await editor.actions(uri, 6) == {}

    talk(scenario)


def test_settings_are_read_anew(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"

    async def scenario() -> None:
        async with editing(tmp_path, watches=True) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            assert editor.watched == [lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES]
            settings.write_text('[tool.sessionize]\nper-file-ignores = { "load.py" = ["RQS101"] }\n')
            changes = [lsp.FileEvent(settings.as_uri(), lsp.FileChangeType.Created)]
            editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes))
            assert await editor.diagnostics() == []
            settings.write_text('[tool.sessionize]\nsession-name = "http"\n')
            editor.change(uri, SAFE)
            assert len(await editor.diagnostics()) == 1
            action = (await editor.actions(uri, 6))["Use a shared requests.Session"]
            assert "http = requests.Session()" in editor.applied(uri, action)

    talk(scenario)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[tool.sessionize]\nselct = []\n", "unknown key 'selct'"),
        ("[tool.sessionize\n", "pyproject.toml"),
        ('[tool.sessionize]\nselect = ["XYZ"]\n', "there is no rule 'XYZ'"),
    ],
)
def test_broken_settings_are_told_once(tmp_path: Path, content: str, message: str) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text(content + "# sessionize\n")

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert await editor.diagnostics() == []
            editor.change(uri, SAFE)
            assert await editor.diagnostics() == []
            (told,) = editor.messages
            assert message in told
            settings.unlink()
            editor.change(uri, SAFE, 3)
            assert len(await editor.diagnostics()) == 1

    talk(scenario)


@pytest.mark.parametrize(
    ("name", "number"),
    [(".venv/load.py", 0), ("legacy/load.py", 0), ("load.ipynb", 0), ("old_load.py", 0), ("old_but_used.py", 1)],
)
def test_left_out(tmp_path: Path, name: str, number: int) -> None:
    settings = '[tool.sessionize]\nextend-exclude = ["legacy", "old_*.py", "!old_but_used.py"]\n'
    (tmp_path / "pyproject.toml").write_text(settings)

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            editor.open(tmp_path / name, SAFE)
            assert len(await editor.diagnostics()) == number

    talk(scenario)


def test_file_outside_of_the_workspace(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "work").mkdir()
        async with editing(tmp_path / "work") as editor:
            editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1

    talk(scenario)


# --- tests that replace requests --------------------------------------------------------------------------------------

PATCHES = '@mock.patch("requests.get")\ndef test_load(get): ...\n'
HARMLESS = "def test_load(): ...\n"


@pytest.fixture
def tests_of(tmp_path: Path) -> Path:
    """A file with a test that replaces `requests.get`, in a project of which the server is not in the folder."""
    (tmp_path / "pyproject.toml").write_text("[tool.sessionize]\n")
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests/test_load.py"
    file.write_text(PATCHES)
    return file


def test_what_tests_replace_is_no_safe_fix(tmp_path: Path, tests_of: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            found = await editor.diagnostics()
            assert [one.code for one in found] == ["RQS101", "RQS301"]
            assert f"unsafe because {tests_of}:1 replaces `requests.get` by name" in found[0].message
            assert list(await editor.actions(uri, 6)) == [
                "Use a shared requests.Session (unsafe)",
                "Disable for this line",
            ]
            assert await editor.actions(uri, 0, FIX_ALL) == {}

    talk(scenario)


def saved(editor: Editor, path: Path) -> None:
    editor.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(path.as_uri())))


def changed(editor: Editor, path: Path) -> None:
    changes = [lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Changed)]
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(changes))


@pytest.mark.parametrize("told", [(saved,), (changed,), (saved, changed)], ids=["save", "watch", "both"])
def test_tests_are_read_again_when_a_file_changes(
    tmp_path: Path, tests_of: Path, told: tuple[Callable[[Editor, Path], None], ...]
) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, watches=True) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 2
            tests_of.write_text(HARMLESS)
            for tell in told:
                tell(editor, tests_of)
            assert len(await editor.diagnostics()) == 1
            await asyncio.sleep(2 * PAUSE)
            await editor.silence(uri)

    talk(scenario)


def test_all_safe_fixes_ask_the_tests_as_they_are_now(tmp_path: Path, tests_of: Path) -> None:
    tests_of.write_text(HARMLESS)

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            assert len(await editor.actions(uri, 0, FIX_ALL)) == 1
            tests_of.write_text(PATCHES)
            assert await editor.actions(uri, 0, FIX_ALL) == {}

    talk(scenario)


def test_a_name_that_another_module_takes_stays(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("from load import get\n")
    source = "from requests import get\nfor url in urls:\n    get(url)\n"

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", source)
            await editor.diagnostics()
            (action,) = (await editor.actions(uri, 0, FIX_ALL)).values()
            assert "get" in str(action)

    talk(scenario)


def test_a_document_that_is_no_file_has_no_tests(
    tmp_path: Path, tests_of: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tests_of.parent)

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            editor.open("untitled:load.py", SAFE)
            assert len(await editor.diagnostics()) == 1

    talk(scenario)


def test_settings_for_a_file_are_relative_to_theirs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.sessionize]\nper-file-ignores = { "jobs/*.py" = ["RQS101"] }\n')

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            editor.open(tmp_path / "jobs/load.py", SAFE)
            assert await editor.diagnostics() == []
            editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1

    talk(scenario)


# --- an edit is for the text as it is -------------------------------------------------------------------------------

NAMES = [
    *(
        "plain.py",
        "a%20b.py",
        "c d.py",
        "%C3%A9t%C3%A9.py",
        "\u00fcber.py",
        "a%23b.py",
        "a#c.py",
        "a%2520b.py",
        "a%b.py",
    ),
    *("a;b.py", "a%3Fb.py", "other/a%20b.py", "file:///c%3A/w/a.py", "file:///D:/w/a.py", "untitled:Untitled-1"),
    *("untitled:a%20b.py", "vscode-vfs://github/o/a%20b.py"),
]


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("modern", [True, False], ids=["with versions", "without"])
def test_edits_fit_whatever_the_name(tmp_path: Path, modern: bool) -> None:
    uris = [name if ":" in name else f"{tmp_path.as_uri()}/{name}" for name in NAMES]

    async def scenario() -> None:
        async with editing(tmp_path, modern=modern) as editor:
            for number, uri in enumerate(uris):
                editor.open(uri, f"# {number}\n" * number + SAFE)
            for uri in uris:
                editor.change(uri, "#\n" * 5 + editor.texts[uri])
            for number, uri in enumerate(uris):
                text = editor.texts[uri]
                for only in (FIX_ALL, "quickfix"):
                    action = await editor.action(uri, number + 11, only)
                    assert action is not None, uri
                    assert editor.applied(uri, action) == fix_source(text).after
            published: dict[str, list[int | None]] = {uri: [] for uri in uris}
            while not all(versions[-1:] == [2] for versions in published.values()):
                told = await asyncio.wait_for(editor.published.get(), NEVER)
                published[told.uri].append(told.version)
                assert len(told.diagnostics) == 1

    talk(scenario)


def random_change(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    match rng.randrange(7):
        case 0:
            return "\n" * rng.randrange(1, 6) + text
        case 1:
            return "".join((*lines[:at], rng.choice(["# note\n", "\n", "#\f\n", "# \N{SNAKE}\n"]), *lines[at:]))
        case 2:
            return "".join((*lines[:at], *lines[at + 1 :]))
        case 3:
            return text + SAFE.partition("\n")[2].replace("load", f"load{at}")
        case 4:
            return text.replace("\n", "\r\n") if "\r" not in text else text.replace("\r\n", "\n")
        case 5:
            return text.rstrip()
    return rng.choice([SAFE, UNSAFE, text + "def (", ""])


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("modern", [True, False], ids=["with versions", "without"])
def test_edits_fit_after_any_changes(tmp_path: Path, modern: bool) -> None:
    rng = random.Random(1)

    async def scenario() -> None:
        async with editing(tmp_path, modern=modern) as editor:
            for _ in range(40):
                uri = editor.open(f"{tmp_path.as_uri()}/{rng.choice(NAMES[:12])}", SAFE)
                texts = [SAFE]
                for _ in range(rng.randrange(1, 7)):
                    if rng.random() < 0.2:  # undone
                        texts.pop()
                    if rng.random() < 0.2:  # renamed, or opened again: versions begin anew
                        editor.close(uri)
                        uri = editor.open(f"{tmp_path.as_uri()}/{rng.choice(NAMES[:12])}", texts[-1] if texts else SAFE)
                    texts.append(random_change(rng, texts[-1] if texts else SAFE))
                    editor.change(uri, texts[-1])
                    if rng.random() < 0.2:
                        await editor.action(uri, 3, "quickfix")
                action = await editor.action(uri, 0, FIX_ALL)
                fixed = None if action is None else editor.applied(uri, action)
                assert fixed == fix_source(texts[-1]).after
                compile(fixed or "", uri, "exec")
                editor.close(uri)

    talk(scenario)


def test_action_for_another_state_is_not_resolved(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, modern=True) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            offered = list((await editor.actions(uri, 6)).values())
            assert [action.edit for action in offered] == [None, None, None]
            editor.change(uri, "#\n" + SAFE)
            assert [(await editor.code_action_resolve_async(action)).edit for action in offered] == [None, None, None]
            editor.close(uri)
            editor.open(uri, SAFE + "\n")  # its first version, too
            assert [(await editor.code_action_resolve_async(action)).edit for action in offered] == [None, None, None]
            editor.close(uri)
            editor.open(uri, SAFE)
            for action in offered:
                editor.applied(uri, await editor.code_action_resolve_async(action))

    talk(scenario)


def test_foreign_action_stays_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, modern=True) as editor:
            action = lsp.CodeAction("Sort imports")
            assert await editor.code_action_resolve_async(action) == action

    talk(scenario)


def test_no_edits_for_a_document_that_is_not_open(tmp_path: Path) -> None:
    path = tmp_path / "a b.py"
    path.write_text(SAFE)

    async def scenario() -> None:
        async with editing(tmp_path, modern=True) as editor:
            assert await editor.actions(path.as_uri(), 6) == {}
            assert await editor.pull(path.as_uri()) == (None, [])

    talk(scenario)


def test_diagnostics_are_published_under_the_name_that_the_client_uses(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "a b.py", SAFE)
            told = [await asyncio.wait_for(editor.published.get(), NEVER)]
            saved(editor, tmp_path / "a b.py")
            told += [await asyncio.wait_for(editor.published.get(), NEVER)]
            editor.close(uri)
            told += [await asyncio.wait_for(editor.published.get(), NEVER)]
            assert [(each.uri, len(each.diagnostics)) for each in told] == [(uri, 1), (uri, 1), (uri, 0)]

    talk(scenario)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        *(
            ("file:///w/a%20b.py", "/w/a b.py"),
            ("file:///w/a b.py", "/w/a b.py"),
            ("file:///w/a%2520b.py", "/w/a%20b.py"),
        ),
        *(("file:///w/a;b.py", "/w/a;b.py"), ("file:///w/a#b.py", "/w/a#b.py"), ("file:///C%3A/w/a.py", "c:/w/a.py")),
        *(("file://host/w/a.py", "//host/w/a.py"), ("untitled:Untitled-1", "Untitled-1"), ("untitled:", "")),
    ],
)
def test_path(uri: str, path: str) -> None:
    assert Path(path_of(uri)) == Path(path)


# --- long work --------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Holds, or lets go, the checks of all texts with the word `slow`."""
    gate = threading.Event()
    gate.set()

    def slowly(text: str, *args: Any, **options: Any) -> Any:
        if "slow" in text:
            assert gate.wait(NEVER)
        return check_source(text, *args, **options)

    monkeypatch.setattr(checked, "check_source", slowly)
    return lambda hold: gate.clear() if hold else gate.set()


def test_other_requests_are_answered_meanwhile(tmp_path: Path, held: Callable[[bool], None]) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, modern=True) as editor:
            held(True)
            slow = editor.open(tmp_path / "slow.py", SAFE + "# slow\n")
            waiting = asyncio.create_task(editor.actions(slow, 6))
            quick = editor.open(tmp_path / "quick.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            assert len(await editor.actions(quick, 6)) == 3
            assert not waiting.done()
            held(False)
            assert len(await waiting) == 3

    talk(scenario)


def test_nothing_is_told_of_a_text_that_has_changed_meanwhile(tmp_path: Path, held: Callable[[bool], None]) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            held(True)
            uri = editor.open(tmp_path / "slow.py", SAFE + "# slow\n")
            waiting = [asyncio.create_task(editor.actions(uri, 6)) for _ in range(2)]
            await asyncio.sleep(0)
            editor.change(uri, "#\n" + SAFE)
            assert await editor.actions(editor.open(tmp_path / "quick.py", ""), 0) == {}
            assert await editor.diagnostics() == []
            held(False)
            assert [await each for each in waiting] == [{}, {}]
            last = await asyncio.wait_for(editor.published.get(), NEVER)
            assert last.version == 2

    talk(scenario)


@pytest.mark.usefixtures("unmeasured")
def test_actions_on_many_findings_are_offered_without_their_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = SAFE.partition("\n")[2]
    text = "import requests\n" + "".join(function.replace("load", f"load{number}") for number in range(1000))

    def never(*_: object, **__: object) -> Report:
        raise AssertionError

    async def scenario() -> None:
        async with editing(tmp_path, modern=True) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            assert len(await editor.diagnostics()) == 1000
            monkeypatch.setattr(checked, "check_source", never)
            monkeypatch.setattr(checked, "fix_source", never)
            started = asyncio.get_running_loop().time()
            assert len(await editor.actions(uri, 6)) == 3
            assert asyncio.get_running_loop().time() - started < 5  # usually a tenth of a second

    talk(scenario)


# --- diagnostics that the client asks for -----------------------------------------------------------------------------


def test_client_that_asks_is_told_nothing_unasked(tmp_path: Path, tests_of: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, pulls=True) as editor:
            uri = editor.open(tmp_path / "a b.py", SAFE)
            assert await editor.pull(uri) == ("1", ["RQS101", "RQS301"])
            tests_of.write_text(HARMLESS)
            saved(editor, tests_of)
            await asyncio.wait_for(editor.asked_anew.wait(), NEVER)
            assert await editor.pull(uri, "1") == ("1", ["RQS101"])
            editor.change(uri, SAFE + "def (")
            assert await editor.pull(uri, "1") == ("1", None)
            assert await editor.pull(uri) == (None, [])
            await asyncio.sleep(2 * PAUSE)
            editor.close(uri)
            await editor.silence(uri)

    talk(scenario)


# --- notebooks --------------------------------------------------------------------------------------------------------


def cell(number: int, kind: lsp.NotebookCellKind = lsp.NotebookCellKind.Code) -> lsp.NotebookCell:
    return lsp.NotebookCell(kind, f"vscode-notebook-cell:/w/a%20b.ipynb#W{number}")


def cell_text(number: int, text: str) -> lsp.TextDocumentItem:
    return lsp.TextDocumentItem(cell(number).document, "python", 1, text)


def open_notebook(editor: Editor, path: Path | str, *texts: str) -> list[str]:
    """The URIs of the cells."""
    uri = path if isinstance(path, str) else path.as_uri()
    cells = [cell_text(number, text) for number, text in enumerate(texts)]
    for each in cells:
        editor.texts[each.uri], editor.versions[each.uri] = each.text, each.version
    notebook = lsp.NotebookDocument(uri, "jupyter-notebook", 1, [cell(number) for number in range(len(texts))])
    editor.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, cells))
    return [each.uri for each in cells]


def change_notebook(editor: Editor, uri: str, change: lsp.NotebookDocumentCellChanges, version: int = 2) -> None:
    notebook = lsp.VersionedNotebookDocumentIdentifier(version, uri)
    changes = lsp.NotebookDocumentChangeEvent(cells=change)
    editor.notebook_document_did_change(lsp.DidChangeNotebookDocumentParams(notebook, changes))


def change_cell(editor: Editor, notebook: str, uri: str, text: str) -> None:
    editor.texts[uri], editor.versions[uri] = text, editor.versions[uri] + 1
    document = lsp.VersionedTextDocumentIdentifier(editor.versions[uri], uri)
    whole = lsp.TextDocumentContentChangeWholeDocument(text)
    change = lsp.NotebookDocumentCellContentChanges(document, [whole])
    change_notebook(editor, notebook, lsp.NotebookDocumentCellChanges(text_content=[change]))


async def told_of_cells(editor: Editor, count: int) -> dict[str, list[int]]:
    """The rows of what is published for so many cells."""
    told = [await asyncio.wait_for(editor.published.get(), NEVER) for _ in range(count)]
    return {each.uri: [found.range.start.line for found in each.diagnostics] for each in told}


LOOP = "for page in range(9):\n    print(requests.get(url))\n"
CELLS = ("import requests\n\n%matplotlib inline", f"url = 'u'\n{LOOP}", LOOP)
FIXED = [
    "import requests\n\nsession = requests.Session()\n\n%matplotlib inline",
    *(text.replace("requests.get", "session.get") for text in CELLS[1:]),
]


@pytest.mark.parametrize("modern", [True, False], ids=["with versions", "without"])
def test_notebook_is_one_script(tmp_path: Path, modern: bool) -> None:
    async def scenario() -> None:
        async with editing(tmp_path, modern=modern, pulls=True) as editor:
            notebook = (tmp_path / "a b.ipynb").as_uri()
            first, second, third = cells = open_notebook(editor, notebook, *CELLS)
            assert await told_of_cells(editor, 3) == {first: [], second: [2], third: [1]}
            assert await editor.pull(third) == (None, [])
            assert list(await editor.actions(third, 1)) == [
                "Use a shared requests.Session",
                "Disable for this line",
                "Make all safe fixes of sessionize",
            ]
            assert await editor.actions(first, 1, "quickfix") == {}
            assert await editor.actions(third, 1, FIX_ALL) == {}
            for only in ("quickfix", FIX_NOTEBOOK):
                action = await editor.action(third, 1, only)
                assert action is not None
                assert [editor.applied(each, action) for each in cells] == FIXED
            change_cell(editor, notebook, third, f"# one more line\n{LOOP}")
            action = await editor.action(notebook, 0, FIX_NOTEBOOK)
            assert action is not None
            assert [editor.applied(each, action) for each in cells] == [*FIXED[:2], f"# one more line\n{FIXED[2]}"]
            assert await told_of_cells(editor, 3) == {first: [], second: [2], third: [2]}

    talk(scenario)


def test_line_of_a_cell_is_disabled(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            notebook = "untitled:Untitled-1.ipynb?jupyter-notebook"
            *_, last = open_notebook(editor, notebook, *CELLS, "!ls\n" + LOOP)
            assert len(await told_of_cells(editor, 4)) == 4
            after = editor.applied(last, (await editor.actions(last, 2))["Disable for this line"])
            assert after == "!ls\n" + LOOP.replace("(url))", "(url))  # noqa: RQS101")
            change_cell(editor, notebook, last, after)
            assert (await told_of_cells(editor, 4))[last] == []

    talk(scenario)


def test_what_was_found_stays_in_a_cell_that_does_not_parse(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            notebook = (tmp_path / "load.ipynb").as_uri()
            first, second, third = open_notebook(editor, notebook, *CELLS)
            await told_of_cells(editor, 3)
            change_cell(editor, notebook, second, "url = (")
            assert await told_of_cells(editor, 2) == {first: [], third: [1]}
            assert await editor.actions(second, 0) == {}

    talk(scenario)


def test_cells_come_and_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            notebook = (tmp_path / "load.ipynb").as_uri()
            first, second, third = open_notebook(editor, notebook, *CELLS)
            await told_of_cells(editor, 3)
            gone = lsp.NotebookCellArrayChange(1, 2, [cell(3)])
            structure = lsp.NotebookDocumentCellChangeStructure(
                gone,
                did_open=[cell_text(3, LOOP)],
                did_close=[lsp.TextDocumentIdentifier(second), lsp.TextDocumentIdentifier(third)],
            )
            change_notebook(editor, notebook, lsp.NotebookDocumentCellChanges(structure=structure))
            assert await told_of_cells(editor, 2) == {second: [], third: []}
            fourth = cell(3).document
            assert await told_of_cells(editor, 2) == {first: [], fourth: [1]}
            assert await editor.actions(third, 1) == {}
            saved(editor, tmp_path / "other.py")
            assert await told_of_cells(editor, 2) == {first: [], fourth: [1]}
            for version in (3, 4):
                change_notebook(editor, notebook, lsp.NotebookDocumentCellChanges(), version)
            assert await told_of_cells(editor, 2) == {first: [], fourth: [1]}
            closed = [lsp.TextDocumentIdentifier(first), lsp.TextDocumentIdentifier(fourth)]
            notebook_id = lsp.NotebookDocumentIdentifier(notebook)
            editor.notebook_document_did_close(lsp.DidCloseNotebookDocumentParams(notebook_id, closed))
            assert await told_of_cells(editor, 2) == {first: [], fourth: []}
            assert await editor.actions(fourth, 1) == {}

    talk(scenario)


def test_notebook_without_cells(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            notebook = (tmp_path / "load.ipynb").as_uri()
            assert open_notebook(editor, notebook) == []
            assert await editor.actions(notebook, 0) == {}

    talk(scenario)
