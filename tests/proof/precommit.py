"""The hooks as a user gets them: `pre-commit try-repo` builds their environment from a clone of this repository.

    python tests/proof/precommit.py

It needs pre-commit, and pip must reach a package index. What is not committed here is not in the clone.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LOOP = "import requests\n\nfor url in urls:\n    requests.get(url, timeout=9)\n"
FIXED = "import requests\n\nsession = requests.Session()\nfor url in urls:\n    session.get(url, timeout=9)\n"


def step(what: str, command: list[str], status: int) -> str:
    """Runs a command and tells of it; SystemExit if it ends otherwise than it should."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    print(f"--- {what}\n$ {' '.join(command)}\n{done.stdout}[{done.returncode}]")
    if done.returncode != status:
        raise SystemExit(f"expected {status}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PRE_COMMIT_HOME"] = f"{folder}/home"
        clone, project = f"{folder}/sessionize", Path(folder, "project")
        subprocess.run(["git", "clone", "-q", str(ROOT), clone], check=True)
        subprocess.run(["git", "init", "-q", str(project)], check=True)
        os.chdir(project)
        Path("a.py").write_text(LOOP, encoding="utf-8")
        subprocess.run(["git", "add", "."], check=True)
        attempt = [sys.executable, "-m", "pre_commit", "try-repo", clone]
        assert "a.py:4:5: RQS101" in step("finds", [*attempt, "sessionize"], 1)
        step("fixes, and fails", [*attempt, "sessionize-fix"], 1)
        assert Path("a.py").read_text(encoding="utf-8") == FIXED
        subprocess.run(["git", "add", "."], check=True)
        step("passes", [*attempt, "--all-files"], 0)


if __name__ == "__main__":
    main()
