"""Whole processes measured in turn, so that what else the machine does meets both sides."""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# As installed: pip compiles what it installs, and a warm run the rest.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Cost(NamedTuple):
    """wall and cpu in seconds; memory is the peak of the largest process, in MiB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT) -> Cost:
    """What one run of a command costs, its children included."""
    begin = time.perf_counter()
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    process = os.posix_spawnp(command[0], [*command], environment, file_actions=nowhere)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: findings
        raise SystemExit(f"failed with {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(commands: Mapping[str, Sequence[str]], runs: int, *, warm: int = 1) -> dict[str, list[Cost]]:
    """The costs of each command's runs, after one (`warm`) that does not count."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(-warm, runs):
        for name, command in commands.items():
            measured = cost(command)
            if number >= 0:
                costs[name].append(measured)
    return costs


def table(costs: dict[str, list[Cost]]) -> str:
    """The medians, and the ratios to the last of the commands: the median of those of each turn."""
    base = list(costs.values())[-1]
    lines = [f"{'':24}{'wall s':>9}{'cpu s':>9}{'MiB':>8}{'wall ratio':>12}{'cpu ratio':>11}"]
    for name, rows in costs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*rows, strict=True))
        by_wall, by_cpu = (
            statistics.median(row[column] / other[column] for row, other in zip(rows, base, strict=True))
            for column in (0, 1)
        )
        lines.append(f"{name:24}{wall:9.3f}{cpu:9.3f}{memory:8.1f}{by_wall:12.3f}{by_cpu:11.3f}")
    return "\n".join(lines)
