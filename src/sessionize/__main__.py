"""`python -m sessionize`, which runs nothing of the folder that it is started in: it is often the one to be checked."""

import os
import sys

# `python -m` looks for modules in that folder first, where there may be a `click.py`. `os` it has already.
if not getattr(sys.flags, "safe_path", False) and not __file__.startswith(os.path.join(sys.path[0], "")):  # noqa: PTH118
    del sys.path[0]

from sessionize.cli import main

sys.exit(main())
