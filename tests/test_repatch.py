"""How patches move: the text of a test before and after, and what stays with which reason."""

import pytest

from sessionize.library.patches import find
from sessionize.run.testpatches.repatch import move_patches

HEAD = "import requests\nfrom unittest import mock\nfrom unittest.mock import patch\nfrom pkg import client\n"
PASS = "lambda _, *args, **kwargs: requests.get(*args, **kwargs)"


def moved(code: str, *, alone: bool) -> str:
    text = HEAD + code
    after, refused = move_patches(text, "test.py", {found.target: alone for found in find("test.py", text)})
    assert refused == {}
    assert find("test.py", after) != find("test.py", text)
    return after.removeprefix(HEAD)


def refusal(code: str, *, alone: bool = False) -> str:
    text = HEAD + code
    after, refused = move_patches(text, "test.py", {found.target: alone for found in find("test.py", text)})
    assert after == text
    return next(iter(refused.values()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('patch("requests.get")\n', 'patch("requests.Session.get")\n'),
        ("patch('pkg.client.requests.get')\n", "patch('pkg.client.requests.Session.get')\n"),
        ('patch("requests.get", side_effect=E)\n', 'patch("requests.Session.get", side_effect=E)\n'),
        ('patch("requests.get", fake)\n', 'patch("requests.Session.get", staticmethod(fake))\n'),
        ('patch("requests.get", new=fake)\n', 'patch("requests.Session.get", new=staticmethod(fake))\n'),
        ('patch.object(requests, "get")\n', 'patch.object(requests.Session, "get")\n'),
        (
            'patch.object(client.requests, "get", f)\n',
            'patch.object(client.requests.Session, "get", staticmethod(f))\n',
        ),
        ('mp.setattr(requests, "get", f)\n', 'mp.setattr(requests.Session, "get", staticmethod(f))\n'),
        ('mp.setattr("requests.get", f)  # é\n', 'mp.setattr("requests.Session.get", staticmethod(f))  # é\n'),
        ('é = mocker.patch("requests.get")\n', 'é = mocker.patch("requests.Session.get")\n'),
        ('@patch("requests.get")\ndef test(get): ...\n', '@patch("requests.Session.get")\ndef test(get): ...\n'),
    ],
)
def test_patch_that_moves(before: str, after: str) -> None:
    assert moved(before, alone=True) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '@patch("requests.get")\ndef test(get): ...\n',
            f'@patch("requests.get")\n@patch("requests.Session.get", {PASS})\ndef test(get): ...\n',
        ),
        (
            'with patch("requests.get") as get:\n    pass\n',
            f'with patch("requests.get") as get, patch("requests.Session.get", {PASS}):\n    pass\n',
        ),
        (
            'with (\n    patch("requests.get"),\n    open(name),\n):\n    pass\n',
            f'with (\n    patch("requests.get"),\n    patch("requests.Session.get", {PASS}),\n    open(name),\n):\n'
            "    pass\n",
        ),
        (
            'with (\n    open(name),\n    patch("requests.get"),\n):\n    pass\n',
            f'with (\n    open(name),\n    patch("requests.get"),\n    patch("requests.Session.get", {PASS}),\n):\n'
            "    pass\n",
        ),
        (
            'with patch.object(requests, "get"), open(name):\n    pass\n',
            f'with patch.object(requests, "get"), patch.object(requests.Session, "get", {PASS}), open(name):\n'
            "    pass\n",
        ),
        (
            'def test(mocker):\n    get = mocker.patch("requests.get")\n',
            f'def test(mocker):\n    get = mocker.patch("requests.get")\n'
            f'    mocker.patch("requests.Session.get", {PASS})\n',
        ),
        (
            'monkeypatch.setattr(requests, "get", fake)\n',
            f'monkeypatch.setattr(requests, "get", fake)\nmonkeypatch.setattr(requests.Session, "get", {PASS})\n',
        ),
        ("requests.get = fake\n", f"requests.get = fake\nrequests.Session.get = {PASS}\n"),
        (
            "self.old = requests.get\nrequests.get = fake\nrequests.get = self.old\n",
            "self.old = requests.get\nself.old_of_session = requests.Session.get\nrequests.get = fake\n"
            f"requests.Session.get = {PASS}\nrequests.get = self.old\nrequests.Session.get = self.old_of_session\n",
        ),
    ],
)
def test_patch_that_stays_with_another_beside_it(before: str, after: str) -> None:
    assert moved(before, alone=False) == after


@pytest.mark.parametrize(
    "code",
    [
        '@patch("requests.get", autospec=True)\ndef test(get): ...\n',
        '@patch("requests.get", **options)\ndef test(get): ...\n',
        'with patch("requests.get", fake) as get: pass\n',
        'with patch("requests.get"):\n    requests.get.assert_not_called()\n',
    ],
)
def test_more_than_a_mock_stays_though_no_bare_call_is_left(code: str) -> None:
    assert f'patch("requests.Session.get", {PASS})' in moved(code, alone=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""Tests."""\nfrom __future__ import annotations\n\nimport mock\n', "import requests\nimport mock\n"),
        ("", "import requests\n"),
    ],
)
def test_import_is_added(before: str, after: str) -> None:
    text = before + '@patch("requests.get")\ndef test(get): ...\n'
    result, refused = move_patches(text, "test.py", {"requests.get": False})
    assert refused == {}
    assert after in result
    assert result.startswith(before.partition("import mock")[0])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('MODULE = "pkg"\npatch(MODULE + ".requests.get")\n', "its target is built at run time"),
        ('patch(target="requests.get")\n', "its target is built at run time"),
        ('patch.object(requests, attribute="get")\n', "its target is built at run time"),
        ('NAME = "get"\npatch.object(requests, NAME)\n', "its target is built at run time"),
        ('mocker.spy(requests, "get")\n', "`spy` can't be moved"),
        ('setattr(requests, "get", fake)\n', "`setattr` can't be moved"),
        ('patcher = patch("requests.get")\n', "there is no place for a second patch beside it"),
        ('if x: mocker.patch("requests.get")\n', "there is no place for a second patch beside it"),
        ('with mocker.patch("requests.get"): pass\n', "there is no place for a second patch beside it"),
        ("requests.get = other = fake\n", "it is assigned together with something else"),
        ("requests.get, other = fakes\n", "it is assigned together with something else"),
        ("requests.get = fake; print()\n", "it is assigned together with something else"),
        ("requests.get: object = fake\n", "it is assigned together with something else"),
        ("old = requests.get\nrequests.get = old\n", "the original is kept in a variable"),
        ('def test(requests):\n    with patch("requests.get"): pass\n', "`requests` is another name in that file"),
        ('requests = 1\nwith patch("requests.get"): pass\n', "`requests` is another name in that file"),
        ('for each in ["requests.get"]:\n    patch(each)\n', "it is not written where it is made"),
    ],
)
def test_patch_that_can_not_move(code: str, reason: str) -> None:
    assert refusal(code) == reason


def test_comment_inside_a_target_is_not_written_twice() -> None:
    assert refusal('@patch.object(\n    (client  # ours\n     .requests),\n    "get",\n)\ndef test(get): ...\n') == (
        "moving it would lose a comment"
    )


def test_file_that_libcst_does_not_read() -> None:
    text = HEAD + 'patch("requests.get")\n' + "-" * 1200 + "1\n"
    assert move_patches(text, "test.py", {"requests.get": True}) == (
        text,
        {"requests.get": "the file can't be rewritten"},
    )


def test_other_patches_stay() -> None:
    text = HEAD + 'patch("requests.get")\npatch("requests.put")\n'
    after, _ = move_patches(text, "test.py", {"requests.get": True})
    assert after == text.replace("requests.get", "requests.Session.get")


def test_what_is_kept_in_two_places() -> None:
    after = moved(
        "a.old = requests.get\nb.old = requests.get\nrequests.get = a.old\nrequests.get = a.old\n", alone=False
    )
    assert after.count("a.old_of_session = requests.Session.get") == 1
    assert "b.old_of_session" not in after


def test_statements_of_other_kinds_are_passed() -> None:
    assert "get_of_session" not in moved("requests.get = fake\nx += other\nx = y = 1\n", alone=False)


def test_function_that_a_statement_of_another_kind_replaces_stays() -> None:
    text = HEAD + "for requests.get in fakes:\n    pass\n"
    assert move_patches(text, "test.py", {"requests.get": False}) == (
        text,
        {"requests.get": "it is assigned together with something else"},
    )


def test_several_items_at_once() -> None:
    before = 'with patch("requests.get"), patch("requests.get"): pass\n'
    assert moved(before, alone=False).count(PASS) == 2


def test_target_that_is_not_there() -> None:
    assert move_patches(HEAD, "test.py", {"requests.get": True})[1] == {
        "requests.get": "it is not written where it is made"
    }
