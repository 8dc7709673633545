"""Let the arrays of the table of cells grow at their ends while it is laid.

Used by `geo.index`.
Knows nothing of edges and of what a cell is.
"""

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int32]
_T = TypeVar("_T", bound=np.generic)


class Roll(Generic[_T]):
    """An array that grows at its end.

    Parameters
    ----------
    empty
        Array of length 0: kind and width of what will stand in it.
    """

    def __init__(self, empty: npt.NDArray[_T]) -> None:
        self._room = empty
        self._n = 0

    def __len__(self) -> int:
        """Count what is taken."""
        return self._n

    def room(self, n: int) -> npt.NDArray[_T]:
        """Give the next n places to write to; good until room is asked for again."""
        if self._n + n > len(self._room):
            places = (self._n + n) * 5 // 4  # those never written to take no memory
            longer = np.empty((places, *self._room.shape[1:]), self._room.dtype)
            longer[: self._n] = self._room[: self._n]
            self._room = longer
        return self._room[self._n : self._n + n]

    def take(self, n: int) -> None:
        """Count in the first n places of the room given last."""
        self._n += n

    def add(self, values: npt.NDArray[_T]) -> None:
        """Write values at the end."""
        self.room(len(values))[:] = values
        self.take(len(values))

    def filled(self) -> npt.NDArray[_T]:
        """Give what is taken."""
        return self._room[: self._n]


class Laid:
    """The cells, leaves and entries laid so far.

    Attributes
    ----------
    cells, leaf_start, leaf_base, entries, entry_edge
        As in `geo.index.cells.CellTable`; where the last leaf ends is still missing.
    """

    def __init__(self, n_columns: int) -> None:
        self.cells: Roll[np.int32] = Roll(np.empty(0, dtype=np.int32))
        self.leaf_start: Roll[np.int32] = Roll(np.empty(0, dtype=np.int32))
        self.leaf_base: Roll[np.float64] = Roll(np.empty(0))
        self.entries: Roll[np.float64] = Roll(np.empty((0, n_columns)))
        self.entry_edge: Roll[np.int32] = Roll(np.empty(0, dtype=np.int32))

    def reserve(self, n: int) -> None:
        """Make room for about n leaves and entries at once."""
        for roll in (self.leaf_start, self.entry_edge):
            roll.room(n)
        for wide in (self.leaf_base, self.entries):
            wide.room(n)

    def take(self, n_leaves: int, n_entries: int) -> None:
        """Count in leaves and entries that were written."""
        self.leaf_start.take(n_leaves)
        self.leaf_base.take(n_leaves)
        self.entries.take(n_entries)
        self.entry_edge.take(n_entries)
