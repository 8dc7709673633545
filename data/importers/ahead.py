"""Stage the chunks of a file in their order, the next one while the last is written.

Used by `data.importers.events`. Each chunk carries a tally of its own, so that what is told of the
batch is of the chunks that were written and no others. Knows nothing of transactions.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from data.importers.report import Rejection
from data.importers.stage import Stage, Tally, staged_rejections, staged_rows
from data.importers.tables import Table
from data.repositories.event_writes import EventBlock, ready_to_copy

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Staged:
    """A chunk that is ready to be written.

    Parameters
    ----------
    since, until
        Rows of the file used up before it and after it.
    block
        Its accepted rows; none when it has none.
    tally
        What staging it counted.
    """

    since: int
    until: int
    block: EventBlock | None
    rejections: list[Rejection]
    tally: Tally


def staged_chunks(
    stage: Stage, table: Table, done: int, require_same_file: Callable[[], None]
) -> Generator[Staged]:
    """Read the file again and stage every chunk that reaches beyond row `done`.

    Parameters
    ----------
    require_same_file
        Called for each chunk after it was read and before it is staged; raises when the file
        changed since it was looked over.
    """
    offset = start = 0
    for chunk in table.chunks(stage.options.chunk_rows):
        require_same_file()
        reached = offset + chunk.consumed
        if reached > done:
            tally = Tally()
            block = staged_rows(stage, chunk, start, tally)
            rejections = staged_rejections(stage, chunk, start, tally)
            yield Staged(offset, reached, block, rejections, tally)
        offset, start = reached, start + len(chunk.frame)


def one_ahead(chunks: Iterator[Staged]) -> Generator[Staged]:
    """Give the same chunks in order, each staged and made ready while the one before is written.

    For the served store, where writing is waiting: the driver lets other threads run meanwhile.
    SQLite would take turns with them at every row. At most two chunks are held; a fault of the
    later one comes up after the earlier one is written, as without this. All of the file is read
    in one thread. Close the iterator when leaving it early.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="staging") as pool:
        waiting = pool.submit(_next_ready, chunks)
        while (staged := waiting.result()) is not None:
            waiting = pool.submit(_next_ready, chunks)
            yield staged


def beside(job: Callable[[], Result], waiting: Callable[[], None]) -> Result:
    """Do a job in another thread while this one waits for the store; give what the job gave."""
    with ThreadPoolExecutor(1, thread_name_prefix="beside") as pool:
        doing = pool.submit(job)
        waiting()
        return doing.result()


def _next_ready(chunks: Iterator[Staged]) -> Staged | None:
    staged = next(chunks, None)
    if staged is None or staged.block is None:
        return staged
    return replace(staged, block=ready_to_copy(staged.block))
