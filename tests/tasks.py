"""Work for the processes of `test_pool.py`: a process that is started anew imports this module, and so not pytest."""

import os
import signal
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def double_or_die(fatal: tuple[int, ...], number: int) -> int:
    if number in fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def double_or_die_once(mark: Path, number: int) -> int:
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


class Counting:
    """Work that counts what it was asked to do."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _number: int) -> int:
        self.count += 1
        return self.count
