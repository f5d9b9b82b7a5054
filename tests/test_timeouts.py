"""Which calls are seen to be made on a session, and which of them may wait without end."""

import pytest

from sessionize.engine.check import check_source
from sessionize.files.settings import Settings

HEAD = "import functools\nimport requests\nfrom requests.adapters import HTTPAdapter\n"
SETTINGS = Settings(select=("RQS302",))


def seen(source: str) -> int:
    return len(check_source(HEAD + source, settings=SETTINGS))


@pytest.mark.parametrize(
    "source",
    [
        "s = requests.Session()\ns.get(u)",
        "s = requests.session()\ns.request('GET', u)",
        "s: requests.Session = requests.Session()\ns.get(u)",
        "s = None\ndef f():\n    global s\n    s = requests.Session()\n    s.get(u)",
        "s = requests.Session()\ndef f():\n    return [s.get(u) for u in us]",
        "with requests.Session() as s:\n    s.get(u)",
        "requests.Session().get(u)",
        "s = requests.Session()\ns.mount('https://', HTTPAdapter(max_retries=3))\ns.get(u)",
        "s = requests.Session()\na = HTTPAdapter()\ns.mount(adapter=a, prefix='https://')\ns.get(u)",
        "s = requests.Session()\ns.headers = {}\ns.get(u)",
        "s = requests.Session()\nother.request = f\nother.mount('x', y)\ns.get(u)",
        "class C:\n    s = requests.Session()\n    r = s.get(u)",
        "class C:\n    s = requests.Session()\n    def f(self):\n        self.s.get(u)",
        "class C:\n    s: requests.Session\n    def __init__(self):\n        self.s = requests.Session()\n"
        "    def f(self):\n        self.s.get(u)",
        "class C:\n    def __init__(self):\n        self.s = None\n    def f(self):\n        if self.s is None:\n"
        "            self.s = requests.Session()\n        return lambda: self.s.get(u)",
        "class C:\n    @property\n    def s(self):\n        return requests.Session()\n"
        "    def f(self):\n        self.s.get(u)",
        "class C:\n    s: requests.Session = field(default_factory=requests.Session)\n"
        "    def f(self):\n        self.s.get(u)",
        "class B:\n    def __init__(self):\n        self.s = requests.Session()\n"
        "class C(B):\n    def f(self):\n        self.s.get(u)",
        "class B:\n    def f(self):\n        self.s.get(u)\n"
        "class C(B):\n    def __init__(self):\n        self.s = requests.Session()",
        "class B:\n    def __init__(self):\n        self.s = other()\n        self.s.mount('x', y)\n"
        "class C:\n    def __init__(self):\n        self.s = requests.Session()\n        self.s.get(u)",
    ],
)
def test_seen(source: str) -> None:
    assert seen(source) == 1
    for option in ("timeout=3", "**options", "*args"):
        assert seen(source.replace("get(u", f"get(u, {option}").replace("'GET', u", f"'GET', u, {option}")) == 0


@pytest.mark.parametrize(
    "source",
    [
        "requests.get(u)",
        "s.get(u)",
        "s = other()\ns.get(u)",
        "s = requests.Session()\ns = other()\ns.get(u)",
        "s = None\ns.get(u)",
        "def f(s=requests.Session()):\n    s.get(u)",
        "s = requests.Session()\ns.headers.get(u)",
        "s = requests.Session()\ns.close()",
        "s = requests.Session()\ns.mount('https://', TimeoutAdapter())\ns.get(u)",
        "s = requests.Session()\ns.mount(*adapter)\ns.get(u)",
        "s = requests.Session()\ns.mount()\ns.get(u)",
        "s = requests.Session()\ns.send = functools.partial(s.send, timeout=3)\ns.get(u)",
        "class C:\n    def __init__(self, s):\n        self.s = s\n        self.s.get(u)",
        "class C:\n    def __init__(self):\n        self.s = requests.Session()\n        self.s.get = f\n"
        "        self.s.get(u)",
        "class C:\n    def __init__(self):\n        self.s = requests.Session()\n        self.s.get(u)\n"
        "c = C()\nc.s = other()",
        "class C:\n    def __init__(self):\n        self.s = requests.Session()\n        self.s.get(u)\n"
        "c = C()\nc.s.mount('x', y)",
        "class C:\n    def __init__(self):\n        self.s = requests.Session()\nc = C()\nc.s.get(u)",
        "class C:\n    def s(self):\n        return requests.Session()\n    def f(self):\n        self.s.get(u)",
        "class C:\n    @property\n    def s(self):\n        if here:\n            return requests.Session()\n"
        "        return here\n    def f(self):\n        self.s.get(u)",
        "class C:\n    @property\n    def s(self):\n        return made(requests.Session())\n"
        "    def f(self):\n        self.s.get(u)",
        "class C:\n    s: object = field(default=None)\n    def f(self):\n        self.s.get(u)",
        "sessions[0].get(u)",
        "sessions[0].mount(p, a)",
    ],
)
def test_not_seen(source: str) -> None:
    assert seen(source) == 0


@pytest.mark.parametrize(("made", "calls"), [("requests.Session()", 2), ("None", 2), ("other()", 0)])
def test_what_is_set_from_outside_may_be_any_class(made: str, calls: int) -> None:
    client = "class {}:\n    def __init__(self):\n        self.s = requests.Session()\n        self.s.get(u)\n"
    assert seen(f"{client.format('B')}{client.format('C')}c = new()\nc.s = {made}") == calls


def test_timeout_by_position_is_one_of_request_only() -> None:
    nine = "'GET', u, None, None, None, None, None, None"
    assert seen(f"s = requests.Session()\ns.request({nine})") == 1
    assert seen(f"s = requests.Session()\ns.request({nine}, 10)") == 0
    assert seen(f"s = requests.Session()\ns.request({nine}, None)") == 1
