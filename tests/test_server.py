"""The language server, spoken to by pygls' client: over pipes to this process, and as `python -m sessionize server`."""

import asyncio
import os
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

from sessionize.cli import cli, main
from sessionize.config import Settings
from sessionize.engine import fix_source
from sessionize.server import FIX_ALL, PAUSE, make

SAFE = """\
import requests


def load(urls):
    pages = []
    for url in urls:
        pages.append(requests.get(url).text)
    return pages
"""
UNSAFE = SAFE.replace("for url", "print(locals())\n    for url")
NEVER = 30.0  # seconds after which an answer will not come


class Editor(LanguageClient):
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("editor", "1")
        self.published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.messages: list[str] = []
        self.watched: list[str] = []
        self.texts: dict[str, str] = {}
        for name, handler in (
            (lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, lambda params: self.published.put_nowait(params)),  # noqa: PLW0108
            (lsp.WINDOW_SHOW_MESSAGE, lambda params: self.messages.append(params.message)),
            (
                lsp.CLIENT_REGISTER_CAPABILITY,
                lambda params: self.watched.extend(r.method for r in params.registrations),
            ),
        ):
            self.feature(name)(handler)

    async def begin(self, root: Path, *encodings: str, watches: bool = False) -> lsp.InitializeResult:
        capabilities = lsp.ClientCapabilities(
            general=lsp.GeneralClientCapabilities(position_encodings=list(encodings) or None),
            workspace=lsp.WorkspaceClientCapabilities(
                did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=watches)
            ),
        )
        result = await self.initialize_async(lsp.InitializeParams(capabilities, root_uri=root.as_uri()))
        self.initialized(lsp.InitializedParams())
        return result

    async def end(self) -> None:
        await self.shutdown_async(None)
        self.exit(None)

    def open(self, path: Path, text: str) -> str:
        uri = path.as_uri()
        self.texts[uri] = text
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "python", 1, text)))
        return uri

    def change(self, uri: str, text: str, version: int = 2) -> None:
        self.texts[uri] = text
        document = lsp.VersionedTextDocumentIdentifier(version, uri)
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    async def diagnostics(self) -> list[lsp.Diagnostic]:
        return list((await asyncio.wait_for(self.published.get(), NEVER)).diagnostics)

    async def silence(self, uri: str) -> None:
        """Asserts that nothing has been published: an answer to a later question is there, and no diagnostics."""
        await self.actions(uri, 0)
        assert self.published.empty()

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
        assert action.edit.changes is not None
        lines = self.texts[uri].split("\n")

        def offset(place: lsp.Position) -> int:
            if place.line >= len(lines):
                return len(self.texts[uri])
            units = lines[place.line].encode("utf-16-le")[: 2 * place.character].decode("utf-16-le")
            return sum(len(line) + 1 for line in lines[: place.line]) + len(units)

        text = self.texts[uri]
        for edit in reversed(action.edit.changes[uri]):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text


@asynccontextmanager
async def editing(root: Path, *encodings: str, watches: bool = False) -> AsyncIterator[Editor]:
    """An editor and a server in another thread."""
    server, editor = make(), Editor()  # one after the other: lsprotocol prepares its types for both
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
            await editor.begin(root, *encodings, watches=watches)
            yield editor
            await editor.end()
            await listening
            transport.close()
        await asyncio.to_thread(thread.join, NEVER)
        assert not thread.is_alive()


def talk(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), NEVER))


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
    assert (told.out, told.err) == ("", "sessionize: pygls is missing; pip install 'sessionize[server]'\n")


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
    text = SAFE.replace("requests.get(url).text", "requests.get(url).text + \\\n            ''")

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            await editor.diagnostics()
            assert list(await editor.actions(uri, 6, "quickfix")) == ["Use a shared requests.Session"]

    talk(scenario)


def test_refusal_tells_why(tmp_path: Path) -> None:
    text = "import requests\nfor url in urls:\n    requests.get(url, *more)\n"

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", text)
            (found,) = await editor.diagnostics()
            assert "Not fixed: `*args` may hold" in found.message
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
            editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
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
            editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
            assert await editor.diagnostics() == []
            await asyncio.sleep(2 * PAUSE)
            await editor.silence(uri)

    talk(scenario)


def test_closed_document_has_no_findings(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            uri = editor.open(tmp_path / "load.py", SAFE)
            assert len(await editor.diagnostics()) == 1
            editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
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


@pytest.mark.parametrize("name", [".venv/load.py", "legacy/load.py", "load.ipynb"])
def test_left_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.sessionize]\nextend-exclude = ["legacy"]\n')

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            editor.open(tmp_path / name, SAFE)
            assert await editor.diagnostics() == []

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
            assert f"unsafe, as {tests_of}:1 replaces `requests.get` by name" in found[0].message
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


def test_the_folder_that_is_open_is_the_project(tmp_path: Path, tests_of: Path) -> None:
    (tmp_path / "pyproject.toml").unlink()

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            editor.open(tmp_path / "src/load.py", SAFE)
            assert len(await editor.diagnostics()) == 2

    talk(scenario)


def test_a_document_that_is_no_file_has_no_tests(
    tmp_path: Path, tests_of: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tests_of.parent)

    async def scenario() -> None:
        async with editing(tmp_path) as editor:
            document = lsp.TextDocumentItem("untitled:load.py", "python", 1, SAFE)
            editor.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
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
