"""Look for proposals in a process of its own, so that no other page waits for the search.

Used by `dashboard.cache.plan_proposals`; run as a program it is that process. The process has a
lower priority, ends with the search, on being told to, and when whoever started it is gone.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from data.errors import DataError
from geo.errors import GeoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from dashboard.viewmodels.plan_proposals import Offers, SearchTask

_LOWER: Final = 5
"""By so much the process gives way to all others of the machine."""
_STOP: Final = b"s"
_PATIENCE_S: Final = 1.0
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PROGRAM: Final = "dashboard.actions.plan_search"


@dataclass
class _Heard:
    """What the process has told so far."""

    stage: str = "read"
    share: float = 0.0
    offers: Offers | None = None
    fault: tuple[str, Mapping[str, Any]] | None = None
    over: Event = field(default_factory=Event)
    ended_at: float = 0.0


class Search:
    """One search: how far it is, what it found; it ends when nobody holds it any more.

    Parameters
    ----------
    task
        What to look for.
    """

    def __init__(self, task: SearchTask) -> None:
        self.plan_id, self.version, self.ask = task.plan_id, task.version, task.ask
        self.began_at = monotonic()
        self.is_cancelled = False
        self.is_stopping = False
        self._heard, self._writing = _Heard(), Lock()
        self._process = _started()
        self._end = weakref.finalize(self, _ended, self._process)
        talk = (self._process, task, self._heard, self._writing)
        Thread(target=_listen, args=talk, daemon=True, name="proposals").start()

    @property
    def stage(self) -> str:
        """One of `STAGES`."""
        return self._heard.stage

    @property
    def share(self) -> float:
        """Share of the work done, 0 to 1."""
        return self._heard.share

    @property
    def is_over(self) -> bool:
        """Whether it found something, failed or was cancelled."""
        return self._heard.over.is_set() or self.is_cancelled

    @property
    def offers(self) -> Offers | None:
        """What was found; None while it runs, and where it failed or was cancelled."""
        return None if self.is_cancelled else self._heard.offers

    @property
    def fault(self) -> tuple[str, Mapping[str, Any]] | None:
        """Code and fields of what went wrong."""
        return None if self.is_cancelled else self._heard.fault

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began, until it was over."""
        return (self._heard.ended_at or monotonic()) - self.began_at

    @property
    def process_id(self) -> int:
        """Number of the process."""
        return self._process.pid

    def stop(self) -> None:
        """Ask for the best so far."""
        self.is_stopping = True
        with self._writing, suppress(OSError, ValueError):  # it may just have ended
            _input(self._process).write(_STOP)
            _input(self._process).flush()

    def cancel(self) -> None:
        """End it at once; nothing is found."""
        self.is_cancelled = True
        self._end()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; whether it is."""
        return self._heard.over.wait(timeout_s)


def _started() -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    own = {"PYTHONPATH": paths, **dict.fromkeys(_ONE_THREAD, "1")}
    return subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-P", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **own},
    )


def _input(process: subprocess.Popen[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", process.stdin)  # opened as a pipe


def _ended(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _listen(
    process: subprocess.Popen[bytes], task: SearchTask, heard: _Heard, writing: Lock
) -> None:
    """Hand the task over and take in what comes back, until the process has ended."""
    told = cast("IO[bytes]", process.stdout)
    try:
        with writing:
            pickle.dump(task, _input(process), protocol=pickle.HIGHEST_PROTOCOL)
            _input(process).flush()
        while heard.offers is None and heard.fault is None:
            kind, *facts = pickle.load(told)  # noqa: S301 - from our own process
            if kind == "share":
                heard.stage, heard.share = facts
            elif kind == "found":
                (heard.offers,) = facts
            else:
                heard.fault = (facts[0], facts[1])
    except (OSError, EOFError, ValueError, pickle.UnpicklingError):
        heard.fault = ("proposal_ended", {})
    with suppress(OSError):
        _input(process).close()
    told.close()
    process.wait()
    heard.ended_at = monotonic()
    heard.over.set()


def main() -> None:
    """Read a task, work on it, and say how far it is and what was found."""
    answers, asked = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)  # nothing else may come between the answers: solvers print below Python

    def say(*facts: object) -> None:
        pickle.dump(facts, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()

    from dashboard.viewmodels.plan_proposals import find_offers

    if hasattr(os, "nice"):
        os.nice(_LOWER)
    task: SearchTask = pickle.load(asked)  # noqa: S301 - from the process that started this one
    is_asked_to_stop = Event()
    Thread(target=_obey, args=(asked, is_asked_to_stop), daemon=True).start()

    def told(stage: str, share: float) -> bool:
        say("share", stage, share)
        return not is_asked_to_stop.is_set()

    try:
        say("found", find_offers(task, told))
    except (DataError, GeoError) as fault:
        say("fault", fault.code, dict(fault.fields))
    os._exit(0)  # the one that listens for the wish to stop waits for ever


def _obey(asked: IO[bytes], is_asked_to_stop: Event) -> None:
    """Hear the wish to stop; end at once where nobody is there any more to listen."""
    while asked.read(1) == _STOP:
        is_asked_to_stop.set()
    os._exit(1)


if __name__ == "__main__":
    main()
