"""Looks at the text of files: what each finds, and what it just does not find."""

import pytest

from sessionize.library.surroundings import Look
from sessionize.project.looks import LOOKS


@pytest.mark.parametrize(
    ("look", "text"),
    [
        ("serves", "server.serve_forever()"),
        ("serves", "conn, addr = sock.accept()"),
        ("serves", "while True:\n    log()\n    server.handle_request()"),
        ("serves", "for _ in range(9):\n    server.handle_request()"),
        ("serves", "Thread(target=server.handle_request).start()"),
        ("forks", "import os\nos.fork()"),
        ("forks", "from os import (\n    fork,\n)"),
        ("forks", "from os import *\nfork()"),
        ("forks", "import os as o\no.fork()"),
        ("forks", "from tornado.process import fork_processes"),
        ("forks", "from daemonize import Daemonize"),
        ("forks", "class Server(ForkingTCPServer): pass"),
        ("runs-processes", "from multiprocessing import Pool"),
        ("runs-processes", "import multiprocessing as mp"),
        ("runs-processes", "import multiprocessing\nmultiprocessing.Process(target=f)"),
        ("runs-processes", "get_context('fork')"),
        ("reaches", "sys.modules['__main__'].session = 1"),
        ("reaches", "import __main__"),
        ("reaches", "import os, __main__"),
        ("reaches", "load.__globals__['requests'] = fake"),
        ("reaches", "frame.f_back.f_locals"),
        ("reaches", "gc.get_objects()"),
        ("measures", "response.elapsed"),
        ("names-a-user", "get('/list?session=%s' % n)"),
        ("names-a-user", "get(f'/sessions/{n}')"),
        ("names-a-user", "get(f'/pages/{key}')"),
        ("names-a-user", "get(data['key'])"),
        ("names-a-user", "@option('--user')\ndef main(): pass"),
        ("names-a-user", "사용자들 = []"),
        ("reads-cookies", "print(r.cookies['a'])"),
    ],
)
def test_look_that_finds(look: Look, text: str) -> None:
    assert LOOKS[look](text.encode())


@pytest.mark.parametrize(
    ("look", "text"),
    [
        ("serves", "server.handle_request()"),
        ("serves", "browser.switch_to.alert.accept()"),
        ("forks", "repo.fork()\ndef fork(): pass"),
        ("forks", "from os import path  # fork"),
        ("forks", "print('fork')"),
        ("runs-processes", "get_connection()"),
        ("runs-processes", "import multiprocessing\nprint(multiprocessing.cpu_count())"),
        ("runs-processes", "from multiprocessing import cpu_count"),
        ("runs-processes", "from multiprocessing.pool import ThreadPool"),
        ("runs-processes", "multiprocessing.dummy.Pool(3)"),
        ("reaches", "if __name__ == '__main__': main()"),
        ("reaches", "if __name__ in ('__main__', 'app'): main()"),
        ("reaches", "if '__main__' == __name__: main()"),
        ("reaches", "runpy.run_module('app', run_name='__main__')"),
        ("reaches", "'''Run as `__main__`.'''"),
        ("reaches", "open('__main__.py')"),
        ("reaches", "sys._getframe().f_back.f_code.co_name"),
        ("reaches", "gc.get_count()"),
        ("measures", "self.elapsed = 3"),
        ("names-a-user", "pass  # nothing\nsession = make_session()\nsession.get(key=1)"),
        ("names-a-user", "for key in data: print(f'{key}')"),
        ("names-a-user", "@session.before\n@property\ndef main(): pass"),
        ("serves", "parser.add('x')\nprint(args.accept)"),
        ("reads-cookies", "s.cookies.set_policy(p)"),
    ],
)
def test_look_that_does_not_find(look: Look, text: str) -> None:
    assert not LOOKS[look](text.encode())
