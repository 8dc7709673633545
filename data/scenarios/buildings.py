"""Decide what stands in each compound and how many households live there.

Used by the town builder. Knows nothing of grids except the band their households must keep.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from shapely import Polygon

HOUSING = ("小区", "家园", "花园", "家属院", "新村", "公寓", "里", "苑")
_PUBLIC = {
    "market": ("市场", "商场", "农贸市场"),
    "school": ("小学", "中学", "幼儿园"),
    "hospital": ("卫生院", "医院"),
    "office": ("办公区", "服务中心"),
    "enterprise": ("物流园", "修配厂", "仓储区"),
    "park": ("公园", "广场"),
}
_SHARES = (("market", 0.035), ("school", 0.03), ("hospital", 0.012), ("office", 0.03))
_OUTER_SHARES = (("enterprise", 0.07), ("park", 0.03))


def kinds_of(away: npt.NDArray[np.float64], dice: np.random.Generator) -> list[str]:
    """Say what each compound is: mostly housing, offices and markets nearer the centre.

    Parameters
    ----------
    away
        Distance of each compound from the centre as a share of the town's radius, 0 to 1.
    dice
        Source of chance.
    """
    kinds = []
    for far in away:
        draw = dice.random()
        kind = "residential"
        for name, share in (*_SHARES, *_OUTER_SHARES):
            nearness = 1.6 - far if name in dict(_SHARES) else 0.3 + 1.4 * far
            if draw < share * nearness:
                kind = name
                break
            draw -= share * nearness
        kinds.append(kind)
    return kinds


def households_of(
    faces: Sequence[Polygon],
    kinds: Sequence[str],
    away: npt.NDArray[np.float64],
    total: int,
    dice: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Spread a town's households over its compounds: denser near the centre, none in markets.

    Returns
    -------
    array of int
        Households of each compound; the sum is `total` up to rounding.
    """
    area_m2 = np.array([face.area for face in faces])
    noise = np.exp(dice.normal(0.0, 0.28, len(faces)))
    lived_in = np.array([1.0 if kind == "residential" else 0.0 for kind in kinds])
    weight = area_m2 * (1.35 - 0.75 * away) * noise * lived_in
    counts: npt.NDArray[np.int64] = np.rint(total * weight / weight.sum()).astype(np.int64)
    return counts


def into_band(
    households: npt.NDArray[np.int64], members: Sequence[int], band: tuple[int, int]
) -> None:
    """Move the sum over `members` into a band by scaling their households, in place.

    Parameters
    ----------
    households
        Households of every compound; those of the members are changed.
    members
        Compounds of one grid.
    band
        Least and most households of a grid; the sum ends four per cent inside it.
    """
    index = np.array(sorted(members))
    low, high = band
    margin = max(2, round(0.04 * (high - low)))
    total = int(households[index].sum())
    goal = min(max(total, low + margin), high - margin)
    if goal == total:
        return
    scaled = np.floor(households[index] * (goal / total)).astype(np.int64)
    largest = int(np.argmax(scaled))
    scaled[largest] += goal - int(scaled.sum())
    households[index] = scaled


class Names:
    """Give compounds and streets names that nobody bears, each once.

    Parameters
    ----------
    words
        Neutral words of the town.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._used: dict[str, int] = {}

    def take(self, suffixes: Sequence[str]) -> str | None:
        """Give the next unused word with one of the suffixes; none when all are used up."""
        key = suffixes[0]
        number = self._used.get(key, 0)
        self._used[key] = number + 1
        turn, at = divmod(number, len(self._words))
        if turn >= len(suffixes):
            return None
        return (
            self._words[(at * 7 + len(key)) % len(self._words)]
            + suffixes[(turn + at) % len(suffixes)]
        )

    def compound(self, kind: str) -> str | None:
        """Give a name for a compound of a kind."""
        return self.take(_PUBLIC.get(kind, HOUSING))

    def street(self, street_class: str) -> str | None:
        """Give a name for a street of a class; lanes run out of names and stay without."""
        return self.take({"main": ("大街",), "lane": ("巷", "弄")}.get(street_class, ("路", "街")))
