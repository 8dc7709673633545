"""Keep values by grid code so that a changed copy costs what changed, not what is kept.

Used by `geo.edits.tiling` for names, communities and counts.
Knows nothing of grids.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

Held = TypeVar("Held")

_MOST_CHANGES: Final = 512


class Kept(Mapping[str, Held], Generic[Held]):
    """Values by code that never change; reads like a dict.

    Parameters
    ----------
    base
        Values; must not be changed by anybody afterwards.
    over
        What holds instead of `base`; None where a code is gone.
    """

    __slots__ = ("_base", "_over")

    def __init__(
        self, base: Mapping[str, Held], over: Mapping[str, Held | None] | None = None
    ) -> None:
        self._base = base
        self._over = over or {}

    def __getitem__(self, code: str) -> Held:
        """Return the value of a code."""
        if code not in self._over:
            return self._base[code]
        found = self._over[code]
        if found is None:
            raise KeyError(code)
        return found

    def __contains__(self, code: object) -> bool:
        """Tell whether a code has a value."""
        if isinstance(code, str) and code in self._over:
            return self._over[code] is not None
        return code in self._base

    def __iter__(self) -> Iterator[str]:
        """Go through the codes, in no particular order."""
        yield from (code for code in self._base if code not in self._over)
        yield from (code for code, value in self._over.items() if value is not None)

    def __len__(self) -> int:
        """Count the codes that have a value."""
        gone = sum(code in self._base for code in self._over)
        new = sum(value is not None for value in self._over.values())
        return len(self._base) - gone + new

    def __repr__(self) -> str:
        return f"Kept({dict(self)!r})"

    def changed(self, new: Mapping[str, Held], gone: Iterable[str] = ()) -> "Kept[Held]":
        """Return a copy with new values, and without the codes of `gone` that get none."""
        over: dict[str, Held | None] = {code: None for code in gone if code in self}
        over.update(new)
        if not over:
            return self
        over = {**self._over, **over}
        if len(over) <= _MOST_CHANGES:
            return Kept(self._base, over)
        whole = {**self._base, **over}
        return Kept({code: value for code, value in whole.items() if value is not None})


def kept(values: Mapping[str, Held]) -> Kept[Held]:
    """Keep values; those kept already stay as they are."""
    return values if isinstance(values, Kept) else Kept(dict(values))
