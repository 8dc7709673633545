"""Take turns between peers and print medians of CPU time and of wall time.

Used by the benchmarks of this folder.
Knows nothing of what is measured.
"""

import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np

Job = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Taken:
    """Medians of one peer, in seconds.

    Attributes
    ----------
    cpu_s
        CPU time of the calling thread; of the process and its ended children for jobs with threads
        or programs of their own.
    wall_s
        Wall time; on a shared machine only a hint.
    """

    cpu_s: float
    wall_s: float


def interleaved(jobs: Mapping[str, Job], rounds: int, *, threaded: tuple[str, ...] = ()) -> dict[
    str, Taken
]:  # fmt: skip
    """Run the jobs in turns, once to warm up and then `rounds` times; give medians.

    Parameters
    ----------
    jobs
        By name.
    rounds
        Measured ones.
    threaded
        Names of jobs that work in threads or programs of their own: the CPU time of the process and
        of its ended children counts.
    """
    cpu: dict[str, list[float]] = {name: [] for name in jobs}
    wall: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            clock = _family_s if name in threaded else time.thread_time
            start, began = time.perf_counter(), clock()
            job()
            used, took = clock() - began, time.perf_counter() - start
            if turn:
                cpu[name].append(used)
                wall[name].append(took)
    return {
        name: Taken(statistics.median(cpu[name]), statistics.median(wall[name])) for name in jobs
    }


def _family_s() -> float:
    """Give CPU seconds of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def print_table(
    title: str, taken: Mapping[str, Taken], base: str, notes: Mapping[str, str]
) -> None:
    """Print a table of times, and how many times as long as `base` each took."""
    print(
        f"\n### {title}\n| what | CPU ms | wall ms | CPU x | wall x | |\n|---|---|---|---|---|---|"
    )
    unit = taken[base]
    for name, own in taken.items():
        ratios = f"{own.cpu_s / unit.cpu_s:.2f} | {own.wall_s / unit.wall_s:.2f}"
        times = f"{own.cpu_s * 1e3:.2f} | {own.wall_s * 1e3:.2f}"
        print(f"| {name} | {times} | {ratios} | {notes.get(name, '')} |", flush=True)


def print_bar(what: str, value: float, limit: float, *, at_least: bool) -> None:
    """Print a measured ratio beside its bar, and whether it is reached."""
    reached = value >= limit if at_least else value <= limit
    sign = ">=" if at_least else "<="
    print(f"- {what}: **{value:.3g}** (bar {sign} {limit:g}): {'reached' if reached else 'MISSED'}")


def print_versions(*packages: str) -> None:
    """Print what runs here: Python, processor, packages."""
    found = []
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} is not installed")
    print(f"Python {platform.python_version()}, {platform.machine()}; " + ", ".join(found))


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Give the largest absolute difference of two arrays of one shape."""
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())
