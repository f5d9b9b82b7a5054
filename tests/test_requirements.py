"""The oldest version of requests that a project requires."""

from pathlib import Path

import pytest

from sessionize.project.requirements import oldest_requests


@pytest.mark.parametrize(
    ("name", "text", "oldest"),
    [
        ("requirements.txt", "requests>=2.32", (2, 32)),
        ("requirements.txt", "requests==2.32.3  # pinned\nurllib3<2\n", (2, 32, 3)),
        ("requirements.txt", "requests[socks] ~= 2.32.0\n", (2, 32, 0)),
        ("requirements.txt", "requests<3,>=2.32", (2, 32)),
        ("requirements.txt", "requests!=2.33.0, >=2.32", (2, 32)),
        ("requirements.txt", "requests<3", ()),
        ("requirements.txt", "# requests>=2.32 would be nice\n", ()),
        ("requirements.txt", "requests==2.32.3; python_version >= '3.8'\nRequests==2.27.1\n", (2, 27, 1)),
        ("requirements.txt", "requests\n==2.32\n", ()),
        ("requirements.txt", f"requests>=2.{'1' * 5000}\n", (2, 111111111)),
        ("constraints.txt", "requests==2.28\n", (2, 28)),
        ("pyproject.toml", '[tool.poetry.dependencies]\nrequests = "^2.32 || ~2.28"\n', ()),
        ("requirements.txt", "requests\nurllib3>=9\n", ()),
        ("requirements.txt", "requests-cache>=9\ntypes-requests==9\nmy.requests>=9\n", ()),
        ("requirements.txt", "", ()),
        ("requirements-dev.txt", "requests>=2.34\n", (2, 34)),
        ("requirements/base.txt", "requests>=2.34\n", (2, 34)),
        ("notes.txt", "requests>=2.34\n", ()),
        ("pyproject.toml", '[project]\ndependencies = ["click", "requests>=2.32,<3", "urllib3>=9"]\n', (2, 32)),
        ("pyproject.toml", '[project]\ndependencies = ["requests", "urllib3>=9"]\n', ()),
        ("pyproject.toml", '[tool.poetry.dependencies]\nrequests = "^2.32"\n', (2, 32)),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nrequests = {extras = ["socks"], version = "^2.32.1"}\n',
            (2, 32, 1),
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\nrequests = "*"\nfoo = "^9"\n', ()),
        ("Pipfile", '[packages]\nrequests = "==2.32.3"\n', (2, 32, 3)),
        ("setup.cfg", "[options]\ninstall_requires =\n    requests >= 2.33.1\n", (2, 33, 1)),
        ("setup.py", "setup(install_requires=['requests (>=2.32)', 'urllib3'])", (2, 32)),
        ("poetry.lock", '[[package]]\nname = "requests"\nversion = "2.32.5"\n', (2, 32, 5)),
        (
            "uv.lock",
            'dependencies = [{ name = "requests" }]\n[[package]]\nname = "requests"\nversion = "2.34.2"\n',
            (2, 34, 2),
        ),
    ],
)
def test_one_file(tmp_path: Path, name: str, text: str, oldest: tuple[int, ...]) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert oldest_requests(str(tmp_path)) == oldest


def test_lowest_bound_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("requests==2.34.2\n")
    (tmp_path / "setup.py").write_text("install_requires=['requests>=2.25']")
    assert oldest_requests(str(tmp_path)) == (2, 25)
    (tmp_path / "setup.py").write_text("install_requires=['requests']")
    assert oldest_requests(str(tmp_path)) == ()


def test_what_cannot_be_read_requires_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "setup.py").write_bytes(b"\xff requests>=2.32")
    assert oldest_requests(str(tmp_path)) == (2, 32)
