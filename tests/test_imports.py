"""What the files of a project may load."""

from collections.abc import Callable

import pytest

from sessionize.project.imports import Imports

FILES = {
    "/p/src/shop/__init__.py": "",
    "/p/src/shop/api.py": "",
    "/p/src/shop/store.py": "",
    "/p/src/shop/inner/__init__.py": "",
    "/p/src/shop/inner/deep.py": "",
    "/p/other.py": "",
    "/p/tests/test_it.py": "",
}
API, STORE, DEEP = "/p/src/shop/api.py", "/p/src/shop/store.py", "/p/src/shop/inner/deep.py"
TEST = "/p/tests/test_it.py"


@pytest.fixture
def imports() -> Callable[..., Imports]:
    def made(**texts: str) -> Imports:
        named = {"test": TEST, "api": API, "store": STORE, "deep": DEEP, "init": "/p/src/shop/__init__.py"}
        named |= {"other": "/p/other.py", "conftest": "/p/tests/conftest.py", "helper": "/p/tests/helper.py"}
        contents = FILES | {named[name]: text for name, text in texts.items()}
        return Imports(contents, lambda file: contents[file].encode())

    return made


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("import shop.api", [API]),
        ("import shop.api as a, shop.store", [API, STORE]),
        ("from shop import api", [API]),
        ("from shop.api import get", [API]),
        ("from shop import (  # why\n    store,\n    api as a,\n)", [API, STORE]),
        ("from shop import \\\n    api", [API]),
        ("from shop \\\n    import api", [API]),
        ("reimport(shop.api)\n_import(shop.store)", []),
        ("from shop.inner import deep", [DEEP]),
        ("import shop.inner.deep", [DEEP]),
        ("from src.shop import api", [API]),
        ("def test():\n    import shop.api", [API]),
        ('@patch("shop.api.requests.get")\ndef test(): ...', [API]),
        ("import shop", []),
        ("import api", [API]),  # from a path of its own
        ("import other", []),
        ("# import shop.api", [API]),
        ("from requests import api_key", []),
        ("from other.api import get", []),
        ("# from here on", []),
    ],
)
def test_what_a_test_meets(imports: Callable[..., Imports], text: str, met: list[str]) -> None:
    found = imports(test=text)
    assert [file for file in (API, STORE, DEEP) if found.may_meet(TEST, file)] == met


@pytest.mark.parametrize(
    ("texts", "met"),
    [
        ({"test": "import shop.store", "store": "from . import api"}, True),
        ({"test": "import shop.store", "store": "from .api import get"}, True),
        ({"test": "import shop.inner.deep", "deep": "from .. import api"}, True),
        ({"test": "import shop.inner.deep", "deep": "from ..api import get"}, True),
        ({"test": "import shop.inner.deep", "deep": "from .api import get"}, False),
        ({"test": "import shop.store", "store": "from .inner import deep", "deep": "import shop.api"}, True),
        ({"test": "import shop.store", "init": "from .api import *"}, True),  # of the package around it
        ({"test": "import shop.store", "api": "import shop.store"}, False),
        # fixtures, and helpers that replace something for the tests that import them
        ({"test": "def test(get): ...", "conftest": "import shop.api"}, True),
        ({"test": "", "helper": "import test_it, shop.api"}, True),
        ({"test": "", "helper": "import shop.api"}, False),
        ({"test": "import pkgutil\npkgutil.iter_modules(x)"}, True),
        # plugins of pytest, and what is no test
        (
            {
                "conftest": "pytest_plugins = ['helper']",
                "helper": "@fixture\ndef get(): ...",
                "test": "import shop.api",
            },
            True,
        ),
        ({"test": "import helper", "helper": "pytest_plugins = ['store']", "store": "from . import api"}, True),
        ({"test": "from shop import *"}, True),
        ({"test": "import shop.store", "store": "from . import *"}, True),
        ({"test": "run('shop/api.py')"}, True),
        # what loads anything
        ({"test": "import importlib\nimportlib.import_module(name)"}, True),
        ({"test": "import shop.store", "store": "__import__(name)"}, True),
        ({"test": "from django.test import TestCase"}, True),
        ({"test": "import shop.store", "store": "import celery"}, True),
        ({"test": "", "other": "__import__(name)"}, False),
    ],
)
def test_what_is_between(imports: Callable[..., Imports], texts: dict[str, str], *, met: bool) -> None:
    assert imports(**texts).may_meet(TEST, API) is met


def test_conftest_is_for_all_tests_below(imports: Callable[..., Imports]) -> None:
    found = imports(conftest="@fixture\ndef get(): ...", test="import shop.api")
    assert found.may_meet("/p/tests/conftest.py", API)
    assert not found.may_meet("/p/tests/conftest.py", STORE)


def test_patch_in_what_is_no_test_concerns_all(imports: Callable[..., Imports]) -> None:
    """It may be a plugin."""
    assert imports().may_meet("/p/other.py", API)
    assert not imports(test="import other").may_meet("/p/other.py", API)


def test_plugin_that_a_test_imports(imports: Callable[..., Imports]) -> None:
    found = imports(helper="@pytest.fixture\ndef get(): ...", test="import helper")
    assert found.may_meet("/p/tests/helper.py", API)


def test_fixture_in_a_plugin(imports: Callable[..., Imports]) -> None:
    found = imports(conftest="pytest_plugins = ['helper']", helper="@fixture\ndef get(): ...", test="import shop.api")
    assert found.may_meet("/p/tests/helper.py", API)


def test_file_of_which_nothing_is_known_may_be_met(imports: Callable[..., Imports]) -> None:
    assert imports().may_meet(TEST, "/q/api.py")
    assert imports().may_meet("/q/test_it.py", API)


def test_module_beside_its_stub() -> None:
    imports = Imports(["/p/a.py", "/p/a.pyi", "/p/b.py"], lambda _file: b"")
    assert imports.find("a.get", "/p/b.py") == ("/p/a.py", ("get",))
