"""Put a few places into the order of the shortest round on foot.

Used by the patrol brief. Straight lines: a street network is not asked.
Knows nothing of what the places are.

Source: Held & Karp (1962), A dynamic programming approach to sequencing problems; exact.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import GeoError

MOST_PLACES: Final = 12


def visiting_order(
    xy_m: npt.NDArray[np.float64], start_m: tuple[float, float] | None = None
) -> tuple[tuple[int, ...], float]:
    """Give the shortest open path through all places, and its length.

    Parameters
    ----------
    xy_m
        Places in metres, shape (n, 2).
    start_m
        Where the walk begins; none: at whichever place makes it shortest.

    Returns
    -------
    tuple
        Rows of `xy_m` in the order of the walk, and metres from the start (or the first place) to
        the last place. Among equally short walks the one whose rows come first in order wins.

    Raises
    ------
    GeoError
        `too_many_places`: more than `MOST_PLACES`.
    """
    n = len(xy_m)
    if n > MOST_PLACES:
        raise GeoError("too_many_places", places=n, most=MOST_PLACES)
    if n == 0:
        return (), 0.0
    gaps_m = np.hypot(*(xy_m[:, None, :] - xy_m[None, :, :]).transpose(2, 0, 1))
    first_m = np.zeros(n) if start_m is None else np.hypot(*(xy_m - np.array(start_m)).T)
    everyone = (1 << n) - 1
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {
        (everyone & ~(1 << last), last): (0.0, (last,)) for last in range(n)
    }
    # best[(left, here)]: cheapest walk that stands at `here` and has already been to all of `left`,
    # read backwards from the last place; ties go to the smaller order.
    for _ in range(n - 1):
        further: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
        for (left, here), (length_m, order) in best.items():
            for before in range(n):
                if left >> before & 1:
                    key = (left & ~(1 << before), before)
                    found = (length_m + float(gaps_m[before, here]), (before, *order))
                    if key not in further or found < further[key]:
                        further[key] = found
        best = further
    walks = [(length_m + float(first_m[order[0]]), order) for length_m, order in best.values()]
    length_m, order = min(walks)
    return order, length_m
