"""A process that puts files back as they were if another ends before it has said that it keeps what it wrote.

Its standard input is pickled: a dict of contents by path; then a pair for each file that is to be written, its path and
the new content; and None at the end if the files are kept. It outlives whatever ends its parent: Ctrl-C, a closed
terminal, a kill. It touches no file that holds anything else: that is somebody else's.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sessionize.files import store
from sessionize.files.text import SourceError


class Guard:
    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """contents: of the files that are watched, by absolute path."""
        # With this path it looks for no module in the current folder.
        code = f"import sys; sys.path[:] = {sys.path!r}; from sessionize.run.guard import main; main()"
        command = [sys.executable, "-c", code]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  # our own
        assert self.process.stdin is not None
        self.stdin = self.process.stdin
        self._tell(dict(contents))

    def expect(self, path: str, content: bytes) -> None:
        """Says what is about to be written to a file."""
        self._tell((path, content))

    def close(self, *, keep: bool) -> None:
        """Ends the guard; without `keep` the files are as they were when this returns."""
        with suppress(BrokenPipeError):
            if keep:
                self._tell(None)
            self.stdin.close()
        self.process.wait()

    def _tell(self, message: object) -> None:
        with suppress(BrokenPipeError):  # somebody has ended it
            pickle.dump(message, self.stdin)
            self.stdin.flush()


def put_back(contents: Mapping[str, bytes], written: Mapping[str, set[bytes]]) -> None:
    """Gives files their contents where they hold what was written, or are gone."""
    for path, content in contents.items():
        with suppress(SourceError, OSError):  # nobody is left to be told
            if not Path(path).exists():
                Path(path).write_bytes(content)
                continue
            now = store.read(path)
            if now in written[path]:
                store.write(path, now, content)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):  # Windows has not all
        signal.signal(number, signal.SIG_IGN)
    contents = pickle.load(sys.stdin.buffer)  # noqa: S301  # of our own
    written: dict[str, set[bytes]] = defaultdict(set)
    try:
        while (message := pickle.load(sys.stdin.buffer)) is not None:  # noqa: S301
            path, content = message
            written[path].add(content)
    except EOFError:
        put_back(contents, written)
