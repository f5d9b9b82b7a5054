"""Doubling a file doubles the time: checks and fixes files of one shape in growing sizes, and prints the ratios.

    python benchmarks/linear.py [LARGEST [SHAPE ...]]

Each row is a shape, each column a number of calls; a cell is the median of seconds of processor time and, in brackets,
its ratio to the size before. Twice the calls should take about twice the time.
"""

import statistics
import sys
import time
from collections.abc import Callable

from sessionize.engine.check import check_source
from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings

HEAD = "import requests\n\nURL = 'https://example.com/'\n"
UNSAFE = Settings(unsafe_fixes=True)


def one_function(calls: int) -> str:
    return HEAD + "def f():\n" + "".join(f"    print(requests.get(URL + '{i}').text)\n" for i in range(calls))


def loops(calls: int) -> str:
    return HEAD + "".join(f"for page in range({i}):\n    requests.get(f'{{URL}}{{page}}')\n" for i in range(calls))


def functions(calls: int) -> str:
    return HEAD + "".join(
        f"def f{i}(n):\n    for page in range(n):\n        requests.get(f'{{URL}}{{page}}')\n\n\n" for i in range(calls)
    )


def helpers(calls: int) -> str:
    return HEAD + "".join(f"def f{i}(n):\n    return requests.get(f'{{URL}}{{n}}')\n\n\n" for i in range(calls))


def classes(calls: int) -> str:
    return HEAD + "".join(
        f"class C{i}:\n    def __init__(self, key):\n        self.key = key\n\n"
        f"    def get(self, n):\n        return requests.get(URL + n, headers={{'Key': self.key}})\n\n\n"
        for i in range(calls)
    )


def methods(calls: int) -> str:
    return (
        HEAD
        + "class C:\n    def __init__(self, key):\n        self.key = key\n\n"
        + "".join(f"    def get{i}(self, n):\n        return requests.get(URL + n)\n\n" for i in range(calls))
    )


def headers(calls: int) -> str:
    return (
        HEAD
        + "def f(key):\n    headers = {'Key': key}\n"
        + "".join(f"    requests.get(URL + '{i}', headers=headers)\n" for i in range(calls))
    )


def changed_headers(calls: int) -> str:
    return (
        HEAD
        + "def f(key):\n    headers = {'Key': key}\n"
        + "".join(f"    headers['N'] = '{i}'\n    requests.get(URL + '{i}', headers=headers)\n" for i in range(calls))
    )


def written_again(calls: int) -> str:
    """One name for the headers of each call, as in a script that grew."""
    return (
        HEAD
        + "def f(key):\n"
        + "".join(
            f"    headers = {{'Authorization': key}}\n    requests.get(URL + '{i}', headers=headers)\n"
            for i in range(calls)
        )
    )


def branches(calls: int) -> str:
    return (
        HEAD
        + "def f(key):\n"
        + "".join(
            f"    if key == {i}:\n        requests.get(URL + '{i}')\n    else:\n        print(key)\n"
            for i in range(calls)
        )
    )


def sessions(calls: int) -> str:
    return (
        HEAD
        + "def f():\n"
        + "".join(f"    for page in range({i}):\n        requests.Session().get(URL + '{i}')\n" for i in range(calls))
    )


def nesting(calls: int) -> str:
    """Ten loops deep, again and again, on a session that is made before all of them."""
    lines = [HEAD, "requests.get(URL)\n"]
    for i in range(calls):
        depth = i % 10
        lines.append(f"{'    ' * depth}for page in range({i}):\n")
        if depth == 9 or i == calls - 1:
            lines.append(f"{'    ' * (depth + 1)}requests.get(f'{{URL}}{i}')\n" * (depth + 1))
    return "".join(lines)


def chain(calls: int) -> str:
    """Each function calls the next."""
    return HEAD + "".join(
        f"def f{i}(n):\n    requests.get(URL + n)\n    return f{i + 1}(n)\n\n\n" for i in range(calls)
    )


def closures(calls: int) -> str:
    return HEAD + "".join(
        f"def f{i}(n):\n    def get(m):\n        return requests.get(URL + m)\n\n    return [get(m) for m in n]\n\n\n"
        for i in range(calls)
    )


def subclasses(calls: int) -> str:
    """All of one class, and each calls its `__init__`."""
    return classes(1) + "".join(
        f"class D{i}(C0):\n    def __init__(self, key):\n        super().__init__(key)\n\n"
        f"    def get{i}(self, n):\n        return requests.get(URL + n)\n\n\n"
        for i in range(calls)
    )


def credentials(calls: int) -> str:
    return (
        HEAD
        + "def f(user, password):\n"
        + "".join(f"    requests.get(URL + '{i}', auth=(user, password), timeout=3)\n" for i in range(calls))
    )


def named_sessions(calls: int) -> str:
    return (
        HEAD
        + "def f():\n"
        + "".join(f"    s{i} = requests.Session()\n    s{i}.get(URL + '{i}')\n" for i in range(calls))
    )


def local_imports(calls: int) -> str:
    return "".join(
        f"def f{i}(n):\n    from requests import get\n\n    for page in range(n):\n        get(f'https://a.com/{{page}}')\n\n\n"
        for i in range(calls)
    )


def pools(calls: int) -> str:
    """As many classes as functions that hand work to threads."""
    return (
        "from concurrent.futures import ThreadPoolExecutor\n"
        + HEAD
        + "".join(
            f"class C{i}:\n    def __init__(self, key):\n        self.key = key\n\n"
            f"    def get{i}(self, n):\n        return requests.get(URL + self.key)\n\n\n"
            f"def run{i}(urls):\n    with ThreadPoolExecutor() as pool:\n"
            f"        return list(pool.map(work{i}, urls))\n\n\n"
            for i in range(calls)
        )
    )


def imports(calls: int) -> str:
    """A script made of others, each with its own import."""
    return HEAD + "import requests\nimport json\n\nprint(requests.get(URL).text)\n" * calls


def attempted_imports(calls: int) -> str:
    return HEAD + "try:\n    import requests\nexcept ImportError:\n    requests = None\nrequests.get(URL)\n" * calls


def constants(calls: int) -> str:
    """The headers of all are the module's."""
    return (
        HEAD
        + "HEADERS = {'Key': 'x'}\n"
        + "".join(
            f"def f{i}(n):\n    requests.get(URL, headers=HEADERS)\n    requests.get(URL + n, headers=HEADERS)\n\n\n"
            f"class C{i}:\n    def __init__(self, n):\n        self.n = n\n\n"
            f"    def get(self):\n        return requests.get(URL + self.n, headers=HEADERS)\n\n\n"
            for i in range(calls)
        )
    )


def other_names(calls: int) -> str:
    """The module's headers have a name of each function's own, too."""
    return (
        HEAD
        + "HEADERS = {'Key': 'x'}\n"
        + "".join(
            f"def f{i}(n):\n    headers = HEADERS\n    requests.get(URL, headers=headers)\n"
            f"    requests.get(URL + n, headers=headers)\n\n\n"
            for i in range(calls)
        )
    )


def log_ins_of_module(calls: int) -> str:
    """Each function logs in anew: the module's token is its own, its headers are everyone's."""
    return (
        HEAD
        + "token, HEADERS = '', {}\n"
        + "".join(
            f"def f{i}(user):\n    global token\n    token = HEADERS['Authorization'] = user\n"
            f"    for page in range(3):\n        requests.get(URL, headers={{'Authorization': token}})\n"
            f"        requests.get(URL, headers=HEADERS)\n\n\n"
            for i in range(calls)
        )
    )


def local_classes(calls: int) -> str:
    """Classes of one name, as each test has its own, in blocks."""
    return (
        HEAD
        + "if URL:\n"
        + "".join(
            f"    def test_{i}():\n        class Base:\n            pass\n\n        class Api(Base):\n"
            f"            def get(self):\n                requests.get(URL)\n"
            f"                return requests.get(URL + '{i}')\n\n        Api().get()\n\n"
            for i in range(calls)
        )
    )


def silenced(calls: int) -> str:
    return HEAD + "".join(f"# flake8: noqa: E{i}\nrequests.get(URL + '{i}')  # noqa: E{i}\n" for i in range(calls))


def sessions_of_one_name(calls: int) -> str:
    return (
        HEAD
        + "session = requests.Session()\nsession.get(URL)\n" * calls
        + "def f(urls):\n    for url in urls:\n"
        + "        with requests.Session() as session:\n            session.get(url)\n" * calls
    )


def other_sessions(calls: int) -> str:
    """None of which the calls may use."""
    return (
        HEAD
        + "".join(f"s{i} = requests.Session()\ns{i}.headers['N'] = '{i}'\n" for i in range(calls))
        + "requests.get(URL)\n" * calls
    )


def log_ins(calls: int) -> str:
    """A token of the module, which a function renews."""
    return (
        HEAD
        + "def log_in():\n    global token\n    token = input()\n\n\n"
        + "".join(
            f"def f{i}(urls):\n    log_in()\n    for url in urls:\n"
            "        requests.get(url, headers={'Authorization': token})\n\n\n"
            for i in range(calls)
        )
    )


def attributes(calls: int) -> str:
    """Headers of each object, and headers of answers."""
    return HEAD + "".join(
        f"class C{i}:\n    def __init__(self, key):\n        self.headers_{i} = {{'Key': key}}\n\n"
        f"    def get(self, n):\n        return requests.get(URL + n, headers=self.headers_{i})\n\n\n"
        f"answer = requests.get(URL)\nprint(answer.headers['N'], getattr(answer, 'x{i}'))\n\n\n"
        for i in range(calls)
    )


def hosts(calls: int) -> str:
    """Each has its own, and may fail."""
    return HEAD + "".join(
        f"try:\n    print(requests.get('https://h{i}.com/').text)\nexcept ValueError:\n    print({i})\n"
        for i in range(calls)
    )


def table(calls: int) -> str:
    return (
        HEAD
        + "TABLE = {\n"
        + "".join(f"    {i}: requests.get(URL + '{i}').text or {i},\n" for i in range(calls))
        + "}\n"
    )


def sessions_of_functions(calls: int) -> str:
    """Behind an import that may bind anything."""
    return (
        HEAD
        + "from tools import *\n"
        + "".join(
            f"def f{i}(ns):\n    for n in ns:\n        session = requests.Session()\n        session.get(URL + n)\n\n\n"
            f"def g{i}(urls):\n    for url in urls:\n        requests.get(url)\n\n\n"
            for i in range(calls)
        )
    )


def other_connections(calls: int) -> str:
    """Sessions that are there, but for calls without verification."""
    return (
        HEAD
        + "".join(f"s{i} = requests.Session()\ns{i}.get(URL, verify=False)\n" for i in range(calls))
        + "".join(f"requests.get(URL + '{i}')\n" for i in range(calls))
    )


def large_base(calls: int) -> str:
    """As many methods of a class as classes that are derived from it."""
    return (
        HEAD
        + "class Base:\n    def __init__(self, key):\n        self.key = key\n\n"
        + "".join(f"    def key{i}(self):\n        return self.key\n\n" for i in range(calls))
        + "".join(
            f"\nclass C{i}(Base):\n    def get(self):\n        return requests.get(URL + self.key)\n\n"
            for i in range(calls)
        )
    )


def taken_names(calls: int) -> str:
    """Each function would call its session as something else is called."""
    return (
        HEAD
        + "session = None\n"
        + "".join(f"session_{i} = None\n" for i in range(2, calls))
        + "".join(f"def f{i}(urls):\n    for url in urls:\n        requests.get(url)\n\n\n" for i in range(calls))
    )


def multi_line_headers(calls: int) -> str:
    """Each method has its own, which move to a session."""
    return (
        HEAD
        + "class C:\n"
        + "".join(
            f"    def f{i}(self, n):\n        for page in range(n):\n            requests.get(URL, headers={{\n"
            f"                'N': '{i}',\n            }})\n\n"
            for i in range(calls)
        )
    )


def imported_methods(calls: int) -> str:
    """Every fix changes the import, too; the last line does not end."""
    return (
        "from requests import get\n\n\nclass C:\n"
        + "".join(
            f"    def f{i}(self, n):\n        for page in range(n):\n            get(f'https://a.com/{{page}}')\n\n"
            for i in range(calls)
        ).rstrip()
    )


def other_blocks(calls: int) -> str:
    """Functions in what is not the body of a statement."""
    return "import requests\ntry:\n    URL = 'https://a.com'\nexcept ValueError:\n    URL = ''\nelse:\n" + "".join(
        f"    def f{i}(n):\n        for page in range(n):\n            requests.get(URL)\n\n" for i in range(calls)
    )


SHAPES = (
    one_function,
    loops,
    functions,
    helpers,
    classes,
    methods,
    headers,
    changed_headers,
    written_again,
    branches,
    sessions,
    nesting,
    chain,
    closures,
    subclasses,
    credentials,
    named_sessions,
    local_imports,
    pools,
    imports,
    attempted_imports,
    constants,
    other_names,
    log_ins_of_module,
    local_classes,
    silenced,
    sessions_of_one_name,
    other_sessions,
    log_ins,
    attributes,
    hosts,
    table,
    sessions_of_functions,
    other_connections,
    large_base,
    taken_names,
    multi_line_headers,
    imported_methods,
    other_blocks,
)
WAYS: dict[str, Callable[[str], object]] = {
    "check": check_source,
    "edits": lambda source: check_source(source, with_edits=True),
    "fix": lambda source: fix_source(source, settings=UNSAFE),
}


def seconds(work: Callable[[str], object], source: str) -> float:
    times: list[float] = []
    while len(times) < 3 and sum(times) < 10:
        start = time.process_time()
        work(source)
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sizes = [largest >> shift for shift in (3, 2, 1, 0)]
    print(f"{'':28}" + "".join(f"{size:>16}" for size in sizes))
    for shape in (shape for shape in SHAPES if shape.__name__ in sys.argv[2:] or not sys.argv[2:]):
        for way, work in WAYS.items():
            before = 0.0
            print(f"{shape.__name__:22}{way:6}", end="")
            for size in sizes:
                took = seconds(work, shape(size))
                print(f"{took:9.2f} ({took / before:.1f})" if before else f"{took:10.2f}      ", end="", flush=True)
                before = took
            print()


if __name__ == "__main__":
    main()
