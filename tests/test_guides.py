"""Each program in docs/guides/ prints what stands below it, asked for on a server of this machine."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

GUIDES = sorted((Path(__file__).parent.parent / "docs/guides").glob("*.md"))
PROGRAM = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
PROGRAMS = [(page.name, *found) for page in GUIDES for found in PROGRAM.findall(page.read_text(encoding="utf-8"))]


class Handler(BaseHTTPRequestHandler):
    """Answers with the path: after 2 s where that is `/slow`, and to the second `/once-away` only."""

    protocol_version = "HTTP/1.1"
    was_away = False

    def do_GET(self) -> None:
        if self.path == "/once-away" and not type(self).was_away:
            type(self).was_away = self.close_connection = True
            return
        if self.path == "/slow":
            time.sleep(2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(("page", "program", "printed"), PROGRAMS, ids=[page for page, *_ in PROGRAMS])
def test_program_prints_what_the_page_says(page: str, program: str, printed: str, base: str) -> None:
    environment = {**os.environ, "BASE": base}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (printed, ""), page


def test_each_guide_has_a_program() -> None:
    assert {page for page, *_ in PROGRAMS} == {page.name for page in GUIDES}
